# SPDX-License-Identifier: Apache-2.0
"""What a request asks of the services: the same, however much there is."""

from collections.abc import Iterator
import contextlib
from typing import Any
import uuid

import sqlalchemy as sa

from tests.fixtures.glance import FakeGlance
from tests.functional import base
from tests.functional.base import PROJECT
from volupload.db import models
from volupload.db import session
from volupload.image import glance

SIZES = (1, 10, 40)   # of what there is in the database


class TestCost(base.ApiTestCase):
    """Glance is a small one over HTTP, and its requests are counted."""

    def setUp(self) -> None:
        super().setUp()
        self.glance = self.useFixture(FakeGlance())
        self.config(auth_type='none', endpoint_override=self.glance.url,
                    group='glance')
        self.images = glance.ImageService()
        self.load()

    @contextlib.contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The first word of every statement in the block.

        BEGIN is left out: that is no statement of ours, and SQLite's alone.
        """
        seen: list[str] = []

        def note(connection: object, cursor: object, statement: str,
                 *_others: Any) -> None:
            if statement != 'BEGIN':
                seen.append(statement.split()[0])

        sa.event.listen(session.engine(), 'before_cursor_execute', note)
        try:
            yield seen
        finally:
            sa.event.remove(session.engine(), 'before_cursor_execute', note)

    def make_volumes(self, count: int) -> list[str]:
        metadata = {str(key): 'value' for key in range(count)}
        return [self.make_volume(metadata=metadata).id for _ in range(count)]

    def test_an_upload_takes_four_statements(self) -> None:
        for size in SIZES:
            volume_id = self.make_volumes(size)[-1]
            with self.statements() as seen:
                self.assertEqual(202, self.upload(volume_id).status_int)
            self.assertEqual(['SELECT', 'UPDATE', 'INSERT', 'UPDATE'], seen)

    def test_an_upload_takes_one_request_to_glance_and_one_cast(self) -> None:
        for volume_id in self.make_volumes(10):
            self.assertEqual(202, self.upload(volume_id).status_int)
        self.assertEqual([('POST', '/v2/images')] * 10,
                         [(method, path) for method, path, _headers
                          in self.glance.requests])
        self.assertEqual(10, len(self.manager.cast))

    def test_a_volume_is_shown_with_one_statement(self) -> None:
        for size in SIZES:
            volume_id = self.make_volumes(size)[0]
            with self.statements() as seen:
                answer = self.ask('GET', f'/v3/{PROJECT}/volumes/{volume_id}')
            self.assertEqual(size, len(answer.json['volume']['metadata']))
            self.assertEqual(['SELECT'], seen)

    def test_a_list_takes_two_statements(self) -> None:
        for size in SIZES:
            self.make_volumes(size)
            with self.statements() as seen:
                answer = self.ask('GET', f'/v3/{PROJECT}/volumes/detail')
            self.assertLessEqual(size, len(answer.json['volumes']))
            self.assertEqual(['SELECT', 'SELECT'], seen)

    def fill(self, count: int) -> None:
        """That many volumes, with a pair of metadata each."""
        rows = [{'id': str(uuid.UUID(int=number)), 'project_id': PROJECT,
                 'size_gb': 1, 'status': 'available'}
                for number in range(count)]
        with session.connection() as writing:
            writing.execute(sa.insert(models.Volume), rows)
            writing.execute(sa.insert(models.VolumeMetadata), [
                {'volume_id': row['id'], 'key': 'k', 'value': 'v'}
                for row in rows])

    def test_a_thousand_of_ten_thousand_take_as_many(self) -> None:
        """More than what SQLAlchemy asks for at once."""
        self.fill(10_000)
        middle = uuid.UUID(int=5000)
        for limit, marker, more in (
                (100, '', 0), (1000, '', 0), (1000, f'&marker={middle}', 1)):
            with self.statements() as seen:
                answer = self.ask('GET', f'/v3/{PROJECT}/volumes/detail'
                                  f'?limit={limit}{marker}')
            self.assertEqual(
                [{'k': 'v'}] * limit,
                [one['metadata'] for one in answer.json['volumes']])
            # A marker is looked up first.
            self.assertEqual(['SELECT'] * (2 + more), seen)

    def test_uploads_take_a_statement_for_one_and_one_for_many(self) -> None:
        for size in SIZES:
            upload = [self.make_upload() for _ in range(size)][0]
            for rest in ('', f'/{upload.id}'):
                with self.statements() as seen:
                    answer = self.ask('GET', f'/v3/{PROJECT}/uploads{rest}')
                self.assertEqual(200, answer.status_int)
                self.assertEqual(['SELECT'], seen)

    def test_a_limit_on_the_queue_takes_two_statements_more(self) -> None:
        self.config(max_queued_per_project=1000, group='upload')
        for size in SIZES:
            volume_id = self.make_volumes(size)[-1]
            with self.statements() as seen:
                self.assertEqual(202, self.upload(volume_id).status_int)
            self.assertEqual(['SELECT', 'SELECT', 'UPDATE', 'INSERT',
                              'SELECT', 'UPDATE'], seen)
