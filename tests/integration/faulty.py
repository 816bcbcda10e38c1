# SPDX-License-Identifier: Apache-2.0
"""A cloud whose Glance can be made to fail: what the fault matrix runs in.

API and manager are processes of their own, with RabbitMQ and MariaDB between
them, and a proxy stands before Glance. Everything runs once for the whole
test process. A test may kill a part of it, which is started again by the next
test at the latest, and it tells the proxy what shall fail.

What is waited for in a real cloud for minutes takes seconds here.
"""

from concurrent import futures
import os
from pathlib import Path
import signal
from typing import Any

from testtools import content
from testtools import content_type

from tests.fixtures import proxy
from tests.fixtures import services
from tests.integration import calls
from tests.integration import glances
from tests.integration import hasty
from tests.integration import stack
from tests.integration import state
from tests.integration import upload
from tools.cloud import glance
from tools.cloud import service
from tools.cloud import volupload

MAX_ATTEMPTS = 3
# Seconds; the least that can be set.
LEASE = 10
CREATING_TIMEOUT = 10
OPTIONS = {
    'upload': {'sweep_interval': 1, 'max_concurrent': 8,
               'lease_timeout': LEASE, 'progress_interval': 1,
               'max_attempts': MAX_ATTEMPTS, 'retry_interval': 1,
               'creating_timeout': CREATING_TIMEOUT,
               # Never: a fault that waits for a GET would meet this one.
               'image_check_interval': 3600},
    'glance': {'stall_timeout': 5, 'timeout': 5},
}
# Of a volume in the matrix: GiB of 64 KiB.
SIZE = 16
# Of one that does not fit between manager and proxy.
LARGE = 512


class Stack(stack.Stack):
    """API and manager behind a proxy; `stop` is for good."""

    def __init__(self, directory: Path, images: glance.Glance,
                 connection: str, transport_url: str) -> None:
        self.proxy = proxy.Proxy(images.url)
        self.proxy.setUp()
        self.connection = connection
        options = {name: dict(values) for name, values in OPTIONS.items()}
        options['glance']['endpoint_override'] = self.proxy.url
        configuration = volupload.Configuration(
            directory, images.identity, connection=connection,
            transport_url=transport_url, options=options)
        self.api = volupload.Api(configuration, publish=False,
                                 processes=1, threads=8)
        self.manager = hasty.Manager(configuration)
        super().__init__(configuration, [self.manager, self.api])

    def start(self) -> None:
        self.proxy.heal()
        super().start()

    def stop(self) -> None:
        self.proxy.cleanUp()
        super().stop()


class SharedGlance(services.Shared[glances.OtherGlance]):
    """One that asks Keystone about every token each time, so that a revoked
    one is refused at once. It keeps its rows in MariaDB.
    """

    database_url = ''

    def __init__(self) -> None:
        super().__init__('glance-faulty', self._build)

    def _build(self, directory: Path) -> glances.OtherGlance:
        identity = self.useFixture(services.Keystone()).service
        type(self).database_url = self.useFixture(services.MariaDB()).url
        return glances.OtherGlance(
            directory, identity, connection=self.database_url,
            extra='token_cache_time = -1')


class SharedStack(services.Shared[Stack]):

    def __init__(self) -> None:
        super().__init__('volupload-faulty', self._build)

    def _build(self, directory: Path) -> Stack:
        images = self.useFixture(SharedGlance()).service
        return Stack(directory, images,
                     self.useFixture(services.MariaDB()).url,
                     self.useFixture(services.RabbitMQ()).url)


class FaultTestCase(upload.UploadTestCase):

    face = calls.V3_1
    shared_stack: type[services.Shared[Stack]] = SharedStack

    def start_api(self) -> None:
        self.images = self.useFixture(SharedGlance()).service
        self.stack = self.useFixture(self.shared_stack()).service
        self.proxy = self.stack.proxy
        self.addCleanup(self.proxy.heal)
        self.configuration = self.stack.configuration
        self.url = self.stack.api.url
        self.log = self.stack.manager.daemon.log
        self.state = state.State(
            state.Volumes(self.stack.connection),
            state.Database(SharedGlance.database_url))
        api_log = self.stack.api.daemon.log
        start = api_log.stat().st_size
        self.addDetail('api', content.Content(
            content_type.UTF8_TEXT,
            lambda: [api_log.read_bytes()[start:][-20_000:]]))
        self.pool = futures.ThreadPoolExecutor(8)
        self.addCleanup(self.pool.shutdown)

    # What a test does.

    def filled(self, size: int = SIZE) -> str:
        """A volume with something in it; its id."""
        volume_id = self.make_volume(size=size)
        self.fill(volume_id)
        return volume_id

    def asked(self, volume_id: str,
              **arguments: Any) -> 'futures.Future[calls.Answer]':
        """A request for an upload that nobody waits for."""
        return self.pool.submit(self.post, volume_id, **arguments)

    def accepted(self, volume_id: str, **arguments: Any) -> str:
        """Ask for an upload; the id of its image."""
        answer = self.post(volume_id, **arguments)
        self.assertEqual(202, answer.status, answer.body)
        return str(answer.json[calls.ACTION]['image_id'])

    def pause(self, part: service.Service, *, goes_on: bool = False) -> None:
        """Stop a service as a debugger would, or let it go on."""
        # Managers and web servers have children that do the work.
        os.killpg(part.daemon.pid,
                  signal.SIGCONT if goes_on else signal.SIGSTOP)

    def kill_manager(self) -> None:
        """kill -9, and a new one in its place."""
        self.stack.manager.daemon.kill()
        self.stack.manager.start()

    def kill_api(self) -> None:
        """kill -9, and a new one in its place."""
        self.stack.api.daemon.kill()
        self.stack.api.start()

    # What has become of it.

    def row(self, volume_id: str) -> state.Row:
        """The newest upload of a volume."""
        return self.state.volumes.uploads(volume_id)[-1]

    def ended(self, volume_id: str, timeout: float = 60) -> state.Row:
        """Wait for the end of a volume's upload; its row then."""
        self.wait_for(lambda: self.row(volume_id)['status'] in (
            'succeeded', 'failed', 'cancelled'),
            f'the upload of volume {volume_id} has ended', timeout)
        return self.row(volume_id)

    def check_succeeded(self, volume_id: str,
                        attempts: range = range(1, 2)) -> state.Row:
        """The image is the volume; both are as they should be."""
        row = self.ended(volume_id)
        self.assertEqual(('succeeded', None), (row['status'], row['reason']))
        self.assertIn(row['attempt'], attempts)
        self.check_bytes(volume_id, row)
        self._check_volume(volume_id)
        return row

    def check_ended(self, volume_id: str, status: str, reason: str,
                    attempts: range = range(1, 2), *,
                    killed: bool = False) -> state.Row:
        """It ended like this, nothing is left, and the reason can be read.

        :param killed: Glance was, and does not know of its file any more.
        """
        row = self.ended(volume_id)
        self.assertEqual(status, row['status'], row['reason'])
        self.assertIn(reason, row['reason'] or '')
        self.assertIn(row['attempt'], attempts)
        self._check_volume(volume_id)
        self.check_no_image(row['image_id'], data=not killed)
        if status == 'failed':
            self._check_message(volume_id)
        return row

    def check_no_image(self, image_id: str, *, data: bool = True) -> None:
        """There is none, or no longer, and none of its data."""
        self.wait_for(lambda: not self.state.images.rows(
            'SELECT id FROM images WHERE id = :id AND NOT deleted',
            id=image_id), f'image {image_id} is deleted')
        stored = self.images.images / image_id
        self.wait_for(lambda: not (data and stored.exists()),
                      f'the data of image {image_id} is removed')

    def image_ids(self) -> set[str]:
        """All that Glance has."""
        return {row['id'] for row in self.state.images.rows(
            'SELECT id FROM images WHERE NOT deleted')}

    def _check_volume(self, volume_id: str) -> None:
        self.assertEqual('available', self.state.volumes.status(volume_id))

    def _check_message(self, volume_id: str) -> None:
        """Its owner can read that it failed."""
        messages = self.state.volumes.rows(
            'SELECT * FROM messages WHERE resource_uuid = :id', id=volume_id)
        self.assertEqual(1, len(messages), messages)
        self.assertTrue(messages[0]['user_message'])
        self.assertEqual(self.demo.project_id, messages[0]['project_id'])
