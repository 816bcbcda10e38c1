# SPDX-License-Identifier: Apache-2.0
"""A database that is away for twenty seconds, longer than a lease.

It is a MariaDB of volupload's own, so that Glance and Keystone have theirs.
"""

from pathlib import Path
import time

from tests.fixtures import services
from tests.integration import faulty
from tools.cloud import mariadb

AWAY = 20.0


class SharedDatabase(services.Shared[mariadb.MariaDB]):

    def __init__(self) -> None:
        super().__init__('mariadb-apart', mariadb.MariaDB)


class SharedStack(services.Shared[faulty.Stack]):

    def __init__(self) -> None:
        super().__init__('volupload-apart', self._build)

    def _build(self, directory: Path) -> faulty.Stack:
        images = self.useFixture(faulty.SharedGlance()).service
        server = self.useFixture(SharedDatabase()).service
        return faulty.Stack(directory, images, server.database('volupload'),
                            self.useFixture(services.RabbitMQ()).url)


class TestDatabaseAway(faulty.FaultTestCase):

    shared_stack = SharedStack
    scenarios = [('stopped', {'frozen': False}), ('frozen', {'frozen': True})]
    frozen: bool

    def setUp(self) -> None:
        super().setUp()
        self.server = self.useFixture(SharedDatabase()).service
        self.addCleanup(self._bring_back)

    def _take_away(self) -> None:
        if self.frozen:
            self.pause(self.server)
        else:
            # Not killed: ours waits for no disk, so it would lose rows.
            self.server.stop()

    def _bring_back(self) -> None:
        if self.frozen:
            self.pause(self.server, goes_on=True)
        else:
            self.server.start()

    def test_in_the_middle_of_the_data_and_at_its_end(self) -> None:
        middle, end = self.filled(faulty.LARGE), self.filled()
        sending = self.proxy.hold('PUT', '/file$', at=16 * 1024 * 1024)
        self.accepted(middle)
        sending.wait()
        looking = self.proxy.hold('GET', '/v2/images/', nth=2)
        self.accepted(end)
        looking.wait()
        self._take_away()
        sending.release()
        looking.release()
        time.sleep(AWAY)
        self._bring_back()
        for volume_id in (middle, end):
            self.check_succeeded(volume_id, range(1, 4))

    def test_while_requests_come(self) -> None:
        volume_id = self.filled()
        before = self.image_ids()
        self._take_away()
        request = self.asked(volume_id)
        time.sleep(5)
        self._bring_back()
        # A server may have killed itself by now, but nobody may hang.
        self.assertIn(request.result(timeout=60).status, (202, 500, 503))
        if request.result().status == 202:
            self.check_succeeded(volume_id)
        else:
            self.assertEqual(before, self.image_ids())
        again = self.filled()
        self.accepted(again)
        self.check_succeeded(again)
