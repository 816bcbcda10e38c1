# SPDX-License-Identifier: Apache-2.0
"""A bus in the process, and managers that do nothing unless it tells them."""

from collections.abc import Callable
import time

import oslo_messaging

from tests import base
from tests.fixtures import database
from tests.unit.db import statements
from volupload import rpc
from volupload.volume import rpcapi


class BusTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        rpc.set_default_url('fake://')
        self.addCleanup(rpc.cleanup)
        # Only what comes over the bus makes a manager work in time.
        self.config(sweep_interval=3600, group='upload')

    def serve(self, endpoint: object) -> None:
        server = rpc.get_server(oslo_messaging.Target(
            topic=rpcapi.TOPIC, server=statements.HOST), [endpoint])
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

    def wait(self, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not done():
            self.assertLess(time.monotonic(), deadline, self.logs.output)
            time.sleep(0.02)
