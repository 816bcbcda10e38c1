# SPDX-License-Identifier: Apache-2.0
"""Two managers serve one backend, and one of them goes away in the middle."""

import os
from pathlib import Path
import signal
import time

from testtools import content
from testtools import content_type

from tests.fixtures import services
from tests.integration import calls
from tests.integration import glances
from tests.integration import hasty
from tests.integration import stack
from tests.integration import state
from tests.integration import upload
from tests.integration.glances import OtherGlance
from tools.cloud import http
from tools.cloud import volupload

PAIR = 'volupload-pair'
LEASE = 10
# Seconds, where other tests want the processors, too; else it is two.
PROMPT = 4
OPTIONS = {
    'DEFAULT': {'enabled_backends': 'shared', 'graceful_shutdown_timeout': 4},
    'upload': {'sweep_interval': 1, 'lease_timeout': LEASE,
               'progress_interval': 1, 'image_check_interval': 1,
               'retry_interval': 1, 'bandwidth_limit': 24},
    'shared': {'backend_host': 'storage'},
}


class Pair(stack.Stack):
    """An API and the managers `one` and `two`, beside a Glance.

    :param glance: the images of which both know
    """

    def __init__(self, directory: Path, glance: OtherGlance,
                 connection: str, transport_url: str) -> None:
        self.connection = connection
        configuration = volupload.Configuration(
            directory, glance.identity, connection=connection,
            transport_url=transport_url,
            options={**OPTIONS, 'glance': {'endpoint_override': glance.url}})
        self.api = volupload.Api(configuration, publish=False)
        self.managers = [hasty.Manager(configuration, host)
                         for host in ('one', 'two')]
        super().__init__(configuration, [*self.managers, self.api])


class TestSharedBackend(upload.UploadTestCase):

    def start_api(self) -> None:
        glance = self.useFixture(glances.OnMariaDB())
        self.images = glance.service
        pair = self.useFixture(services.Shared(PAIR, self._build)).service
        self.managers, self.configuration = pair.managers, pair.configuration
        self.url, self.log = pair.api.url, pair.api.daemon.log
        self.state = state.State(state.Volumes(pair.connection),
                                 state.Database(glance.database_url))
        self.logs = [stack.Log(one.daemon.log) for one in self.managers]
        self.addDetail('managers', content.Content(
            content_type.UTF8_TEXT, lambda: [log.read() for log in self.logs]))

    def _build(self, directory: Path) -> Pair:
        return Pair(directory, self.images,
                    self.useFixture(services.MariaDB()).url,
                    self.useFixture(services.RabbitMQ()).url)

    @classmethod
    def tearDownClass(cls) -> None:
        services.stop_shared(PAIR)
        super().tearDownClass()

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
        self.wait_for(lambda: any(b'no longer ours' in log.read()
                                  for log in self.logs),
                      'the first has seen that')

    def test_a_wish_to_cancel_is_fulfilled_at_once(self) -> None:
        row = self.row()
        self.state.volumes.execute(   # by nobody who sends a message
            "UPDATE uploads SET status = 'cancelling' WHERE id = :id",
            id=row['id'])
        began = time.monotonic()
        ended = self.finish(self.answer)
        self.assertLess(time.monotonic() - began, PROMPT)
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
        self.assertLess(time.monotonic() - began, PROMPT)
        self.assertEqual('cancelled', ended['status'])
        self.assertIn('deleted', ended['reason'])
        self.check_gone(image_id)
        self.assertEqual('available',
                         self.state.volumes.status(self.volume_id))

    def test_sighup_slows_down_and_speeds_up_what_is_running(self) -> None:
        first = self.running()
        self.addCleanup(self._limit, first, OPTIONS['upload'][
            'bandwidth_limit'])
        self._limit(first, 2)
        time.sleep(12)   # more than it takes at the limit of before
        self.assertEqual('running', self.row()['status'])
        self._limit(first, 0)
        began = time.monotonic()
        done = self.finish(self.answer)
        # At 2 MiB a second the rest takes more than a minute.
        self.assertLess(time.monotonic() - began, 40)
        self.assertEqual(('succeeded', 1), (done['status'], done['attempt']))

    def _limit(self, manager: hasty.Manager, limit: object) -> None:
        self._reload(manager, {**self.configuration.options, 'upload': {
            **OPTIONS['upload'], 'bandwidth_limit': limit}})

    def _reload(self, manager: hasty.Manager,
                options: volupload.Options) -> None:
        self.configuration.options = options
        self.configuration.write()
        self.signal(manager, signal.SIGHUP)
