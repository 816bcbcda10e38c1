# SPDX-License-Identifier: Apache-2.0
"""/healthcheck/detail: database, broker and Glance, each well and not."""

import pathlib
import socket
from typing import Any

from tests.fixtures.glance import FakeGlance
from tests.functional import base
from volupload.api import health
from volupload.db import session


class TestDetail(base.KeystoneTestCase):

    def setUp(self) -> None:
        self.glance = FakeGlance()
        super().setUp()

    def configure(self) -> None:
        super().configure()
        self.useFixture(self.glance)
        self.broker = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(self.broker.close)
        port = self.broker.getsockname()[1]
        self.config(transport_url=f'rabbit://u:hush@127.0.0.1:{port}/')
        self.config(auth_type='none', endpoint_override=self.glance.url,
                    connect_retries=0, group='glance')

    def ask_for_detail(self) -> Any:
        return self.ask('GET', '/healthcheck/detail', token=None,
                        Accept='application/json')

    def test_all_is_well(self) -> None:
        answer = self.ask_for_detail()
        self.assertEqual(200, answer.status_int, answer.text)
        self.assertEqual([
            'OK', 'The database is well.', 'The message broker is well.',
            'The image service is well.'], answer.json['reasons'])

    def test_a_broker_that_is_away_is_named_and_nothing_more(self) -> None:
        self.broker.close()
        answer = self.ask_for_detail()
        self.assertEqual(503, answer.status_int)
        self.assertIn('The message broker cannot be used.',
                      answer.json['reasons'])
        self.assertNotIn('127.0.0.1', answer.text)
        self.assertIn('Connection refused', self.logs.output)
        self.assertNotIn('hush', self.logs.output)

    def test_a_glance_that_is_away_or_knows_us_not_is_named(self) -> None:
        self.glance.tokens = set()
        answer = self.ask_for_detail()
        self.assertEqual(503, answer.status_int)
        self.assertIn('The image service cannot be used.',
                      answer.json['reasons'])

    def test_a_database_that_is_away_is_named(self) -> None:
        session.engine().dispose()
        path = pathlib.Path(session.engine().url.database or '')
        path.unlink()
        path.mkdir()
        answer = self.ask_for_detail()
        self.assertEqual(503, answer.status_int)
        self.assertIn('The database cannot be used.', answer.json['reasons'])

    def test_the_plain_one_asks_none_of_them(self) -> None:
        self.broker.close()
        answer = self.ask('GET', '/healthcheck', token=None)
        self.assertEqual(200, answer.status_int)


class TestAge(base.KeystoneTestCase):

    def test_nobody_can_have_them_asked_all_the_time(self) -> None:
        asked = []

        class Counted(health.Database):
            def check(self) -> None:
                asked.append(1)
        counted = Counted(None, {})
        for _ in range(5):
            self.assertTrue(counted.healthcheck(0).available)
        self.assertEqual(1, len(asked))
