# SPDX-License-Identifier: Apache-2.0
"""The services of a real cloud: API and managers apart, broker and database.

Three managers work beside each other. Two have the same name, as where one
stands by for the other, so that they want the same uploads; the third has
volumes of its own in the same directory.
"""

from concurrent import futures
from pathlib import Path
import re
import time
from typing import Any

import fixtures
from testtools import content
from testtools import content_type

from tests.fixtures import services
from tests.integration import calls
from tests.integration import glances
from tests.integration import small
from tests.integration import stack
from tests.integration import state
from tests.integration import upload
from tools.cloud import volupload

MANAGERS = (('one', 'one'), ('one-again', 'one'), ('two', 'two'))
AT_ONCE = 50


class Manager(small.Manager):
    """:param label: tells apart the logs of managers of the same name"""

    def __init__(self, configuration: volupload.Configuration, label: str,
                 host: str) -> None:
        super().__init__(configuration, host)
        self._label = label

    @property
    def _log(self) -> Path:
        return self.directory / f'{self._label}.log'


class RabbitTestCase(upload.UploadTestCase):

    server: str
    database: Any
    sweep_interval = 10

    def start_api(self) -> None:
        glance = self.useFixture(glances.OnMariaDB())
        self.images = glance.service
        self.broker = self.useFixture(services.RabbitMQ())
        database = self.useFixture(self.database())
        directory = Path(self.useFixture(fixtures.TempDir()).path)
        self.configuration = volupload.Configuration(
            directory, self.identity, connection=database.url,
            transport_url=self.broker.url,
            options={'upload': {'sweep_interval': self.sweep_interval},
                     'glance': {'endpoint_override': self.images.url}})
        api = volupload.Api(self.configuration, publish=False,
                            server=self.server)
        self.managers = [Manager(self.configuration, label, host)
                         for label, host in MANAGERS]
        self.run_stack(stack.Stack(self.configuration,
                                   [*self.managers, api]))
        self.url, self.log = api.url, api.daemon.log
        self.state = state.State(
            state.Volumes(database.url),
            state.Database(glance.database_url))
        self.addDetail('managers', content.Content(
            content_type.UTF8_TEXT, self._logs))

    def run_stack(self, started: stack.Stack) -> None:
        """For this test alone."""
        self.addCleanup(started.stop)
        started.start()

    def _logs(self) -> list[bytes]:
        return [manager.daemon.log.read_bytes()[-20_000:]
                for manager in self.managers if manager.daemon.log.exists()]

    def lines(self, word: str) -> list[str]:
        """Lines of the managers' logs that hold this word."""
        return [line for manager in self.managers
                for line in manager.daemon.log.read_text().splitlines()
                if word in line]


class TestManyAtOnce(RabbitTestCase):

    scenarios = [
        ('uwsgi and MariaDB', {'server': 'uwsgi',
                               'database': services.MariaDB}),
        ('gunicorn and PostgreSQL', {'server': 'gunicorn',
                                     'database': services.PostgreSQL})]

    def test_fifty_uploads_all_become_active_and_none_twice(self) -> None:
        with futures.ThreadPoolExecutor(AT_ONCE) as pool:
            made = list(pool.map(lambda _: self.make_volume(),
                                 range(AT_ONCE)))
            for volume_id in made:
                self.fill(volume_id)
            begun = self.images.daemon.log.stat().st_size
            answers = list(pool.map(self._post, made))
        self.assertEqual([202] * AT_ONCE,
                         [answer.status for answer in answers],
                         [answer.body for answer in answers])
        done = [self.succeed(answer) for answer in answers]
        for volume_id, row in zip(made, done, strict=True):
            self.check_bytes(volume_id, row)
            self.assertEqual('available',
                             self.state.volumes.status(volume_id))
        self._check_none_twice(done, begun)

    def _post(self, volume_id: str) -> calls.Answer:
        return self.post(volume_id, face=calls.V3_1)

    def _check_none_twice(self, done: list[state.Row], begun: int) -> None:
        self.assertEqual(AT_ONCE, len({row['image_id'] for row in done}))
        begins = self.lines(' begins')
        with self.images.daemon.log.open() as log:
            log.seek(begun)
            puts = re.findall(r'"PUT /v2/images/(\S+)/file ', log.read())
        self.assertEqual(sorted(row['image_id'] for row in done),
                         sorted(puts))
        for row in done:
            self.assertEqual(1, len([line for line in begins
                                     if row['id'] in line]))
        # Who was to take turns did so.
        self.assertEqual({'one', 'two'}, {
            row['worker'].partition(':')[0] for row in done})


class TestBrokerDown(RabbitTestCase):

    server = 'uwsgi'
    database = services.MariaDB
    sweep_interval = 2

    def test_an_upload_is_accepted_at_once_and_found_by_the_sweep(
            self) -> None:
        volume_ids = [self.make_volume() for _ in range(4)]
        self.succeed(self.post(volume_ids[0]))
        self.addCleanup(self.broker.service.start)
        self.broker.service.stop()
        answers = []
        for volume_id in volume_ids[1:]:
            began = time.monotonic()
            answers.append(self.post(volume_id))
            self.assertEqual(202, answers[-1].status, answers[-1].body)
            self.assertLess(time.monotonic() - began, 2)
        for answer in answers:
            self.succeed(answer)
        self.broker.service.start()
        self.succeed(self.post(volume_ids[0]))
