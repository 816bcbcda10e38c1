# SPDX-License-Identifier: Apache-2.0
"""Two managers serve one backend, and one of them goes away in the middle."""

import os
from pathlib import Path
import signal
import time

import fixtures

from tests.fixtures import services
from tests.integration import calls
from tests.integration import glances
from tests.integration import hasty
from tests.integration import state
from tests.integration import test_rabbitmq
from tests.integration import upload
from tools.cloud import http
from tools.cloud import volupload

LEASE = 10
OPTIONS = {
    'DEFAULT': {'enabled_backends': 'shared', 'graceful_shutdown_timeout': 4},
    'upload': {'sweep_interval': 1, 'lease_timeout': LEASE,
               'progress_interval': 1, 'image_check_interval': 1,
               'retry_interval': 1, 'bandwidth_limit': 24},
    'shared': {'backend_host': 'storage'},
}


class TestSharedBackend(test_rabbitmq.RabbitTestCase):

    server = 'uwsgi'
    database = services.MariaDB

    def start_api(self) -> None:
        glance = self.useFixture(glances.OnMariaDB())
        self.images = glance.service
        database = self.useFixture(services.MariaDB())
        directory = Path(self.useFixture(fixtures.TempDir()).path)
        self.configuration = volupload.Configuration(
            directory, self.identity, connection=database.url,
            transport_url=self.useFixture(services.RabbitMQ()).url,
            options={**OPTIONS,
                     'glance': {'endpoint_override': self.images.url}})
        self.configuration.sync_database()
        api = volupload.Api(self.configuration, publish=False,
                            server=self.server)
        self.managers = [hasty.Manager(self.configuration, host)
                         for host in ('one', 'two')]
        self._run([*self.managers, api])
        self.url, self.log = api.url, api.daemon.log
        self.state = state.State(state.Volumes(database.url),
                                 state.Database(glance.database_url))

    def setUp(self) -> None:
        super().setUp()
        # About ten seconds at the limit.
        self.volume_id = self.make_volume(size=upload.LONG)
        self.fill(self.volume_id)
        self.answer = self.post(self.volume_id, face=calls.V3_1)
        self.wait_until_sending(self.row()['image_id'])

    def row(self) -> state.Row:
        return self.state.volumes.uploads(self.volume_id)[-1]

    def running(self) -> hasty.Manager:
        """The manager that has the upload."""
        host = self.row()['worker'].partition(':')[0]
        return next(one for one in self.managers if one.host == host)

    def signal(self, manager: hasty.Manager, number: int) -> None:
        os.killpg(manager.daemon.pid, number)

    def check_handed_over(self, first: hasty.Manager,
                          attempts: int) -> None:
        done = self.finish(self.answer, timeout=90)
        self.assertEqual(('succeeded', None, attempts), (
            done['status'], done['reason'], done['attempt']))
        self.assertNotEqual(first.host, done['worker'].partition(':')[0])
        self.check_bytes(self.volume_id, done)
        self.assertEqual('available',
                         self.state.volumes.status(self.volume_id))

    def test_what_a_killed_manager_ran_the_other_finishes(self) -> None:
        first = self.running()
        self.signal(first, signal.SIGKILL)
        self.check_handed_over(first, attempts=2)

    def test_what_a_manager_that_ends_ran_the_other_finishes(self) -> None:
        first = self.running()
        began = time.monotonic()
        first.stop()
        self.assertLess(time.monotonic() - began, 10)
        self.check_handed_over(first, attempts=1)

    def test_who_was_stopped_past_its_lease_changes_nothing(self) -> None:
        first = self.running()
        self.signal(first, signal.SIGSTOP)
        self.addCleanup(self.signal, first, signal.SIGCONT)
        self.wait_for(lambda: self.row()['attempt'] == 2,
                      'the other has it', timeout=LEASE + 20)
        self.signal(first, signal.SIGCONT)
        self.check_handed_over(first, attempts=2)
        self.wait_for(lambda: bool(self.lines('no longer ours')),
                      'the first has seen that')

    def test_a_wish_to_cancel_is_fulfilled_in_two_seconds(self) -> None:
        row = self.row()
        self.state.volumes.execute(   # by nobody who sends a message
            "UPDATE uploads SET status = 'cancelling' WHERE id = :id",
            id=row['id'])
        began = time.monotonic()
        ended = self.finish(self.answer)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual('cancelled', ended['status'])
        self.check_gone(row['image_id'])
        self.assertEqual('available',
                         self.state.volumes.status(self.volume_id))

    def test_whoever_runs_it_hears_of_the_wish(self) -> None:
        row = self.row()
        answer = http.request(
            'DELETE', f'{self.url}/v3/{self.demo.project_id}/uploads/'
                      f'{row["id"]}', token=self.demo.id)
        self.assertEqual(202, answer.status)
        self.assertEqual('cancelled', self.finish(self.answer)['status'])
        self.check_gone(row['image_id'])

    def test_who_deletes_the_image_ends_the_upload(self) -> None:
        image_id = self.row()['image_id']
        began = time.monotonic()
        deleted = http.request(
            'DELETE', f'{self.images.url}/v2/images/{image_id}',
            token=self.demo.id)
        self.assertEqual(204, deleted.status, deleted.body)
        # Long before the last byte, after which Glance would say so.
        ended = self.finish(self.answer)
        self.assertLess(time.monotonic() - began, 4)
        self.assertEqual('cancelled', ended['status'])
        self.assertIn('deleted', ended['reason'])
        self.check_gone(image_id)
        self.assertEqual('available',
                         self.state.volumes.status(self.volume_id))

    def test_sighup_speeds_up_what_is_running(self) -> None:
        first = self.running()
        self.configuration.options = {
            **self.configuration.options, 'upload': {
                **OPTIONS['upload'], 'bandwidth_limit': 0}}
        self.configuration.write()
        began = time.monotonic()
        self.signal(first, signal.SIGHUP)
        done = self.finish(self.answer)
        self.assertLess(time.monotonic() - began, 6)
        self.assertEqual(('succeeded', 1), (done['status'], done['attempt']))
