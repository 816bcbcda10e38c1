# SPDX-License-Identifier: Apache-2.0

import os
import signal

from tests import base
from volupload.transfer.interrupts import Interrupted
from volupload.transfer.interrupts import Interrupts


class TestInterrupts(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.signals = Interrupts()
        self.signals.install()
        self.steps: list[str] = []

    def kill(self, number: int = signal.SIGTERM) -> None:
        os.kill(os.getpid(), number)

    def test_a_signal_raises_at_once_outside(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertRaises(Interrupted, self.kill, number)
            self.assertEqual(number, self.signals.number)

    def test_a_signal_waits_for_the_end_of_what_is_deferred(self) -> None:
        def run() -> None:
            with self.signals.deferred():
                self.kill()
                self.assertTrue(self.signals.came())
                self.steps.append('went on')
        self.assertRaises(Interrupted, run)
        self.assertEqual(['went on'], self.steps)

    def test_a_signal_breaks_off_what_may_block(self) -> None:
        def run() -> None:
            with self.signals.deferred():
                try:
                    with self.signals.allowed():
                        self.kill()
                        self.steps.append('went on')
                finally:
                    self.kill()   # as while others are joined
                    self.steps.append('cleaned up')
        self.assertRaises(Interrupted, run)
        self.assertEqual(['cleaned up'], self.steps)

    def test_one_that_came_before_lets_nothing_block(self) -> None:
        def run() -> None:
            with self.signals.deferred():
                self.kill()
                with self.signals.allowed():
                    self.steps.append('blocked')
        self.assertRaises(Interrupted, run)
        self.assertEqual([], self.steps)

    def test_an_error_is_not_hidden_by_a_signal(self) -> None:
        def run() -> None:
            with self.signals.deferred():
                self.kill()
                raise OSError('of the disk')
        self.assertRaises(OSError, run)
