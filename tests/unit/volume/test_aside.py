# SPDX-License-Identifier: Apache-2.0
"""Threads that run aside get no signals; who starts them gets all."""

import queue
import signal
import threading

from tests import base
from volupload.volume import aside


def blocked() -> set[int]:
    """The signals that do not come to the thread that asks."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


class TestStart(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.found: queue.Queue[set[int]] = queue.Queue()

    def test_no_signal_comes_to_the_thread(self) -> None:
        aside.start(self.ask, 'aside').join()
        self.assertLessEqual({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT,
                              signal.SIGHUP}, self.found.get())

    def test_nor_to_the_threads_that_it_starts(self) -> None:
        def start() -> None:
            inner = threading.Thread(target=self.ask)
            inner.start()
            inner.join()
        aside.start(start, 'aside').join()
        self.assertIn(signal.SIGTERM, self.found.get())

    def test_whoever_starts_it_gets_signals_as_before(self) -> None:
        before = blocked()
        aside.start(self.ask, 'aside').join()
        self.assertEqual(before, blocked())
        self.assertNotIn(signal.SIGTERM, blocked())

    def ask(self) -> None:
        self.found.put(blocked())
