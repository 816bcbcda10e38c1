# SPDX-License-Identifier: Apache-2.0
"""What every test with real services has: a limit that fits them."""

from collections.abc import Callable
import time

import fixtures
import testtools

# The first test of a process starts the services: half a minute for
# Keystone, where its database was never made before.
TIMEOUT = 300


class TestCase(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(TIMEOUT, gentle=True))

    def wait_for(self, condition: Callable[[], bool], what: str,
                 timeout: float = 60, interval: float = 0.1) -> None:
        """Wait until the condition holds; fail with `what` if it never does.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f'after {timeout} s still not: {what}')
            time.sleep(interval)
