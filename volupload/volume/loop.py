# SPDX-License-Identifier: Apache-2.0
"""A thread that looks for work when it is woken, and now and then unasked."""

from collections.abc import Callable
import logging
import threading

LOG = logging.getLogger(__name__)


class Loop:
    """Calls `work` on every `wake`, and at the latest after `interval`.

    A wake during the work makes it run once more, so nothing is missed. An
    error is logged and the loop goes on: the next round may find the
    database or the disk well again.
    """

    def __init__(self, name: str, work: Callable[[], None],
                 interval: Callable[[], float]) -> None:
        """:param interval: seconds, asked anew before each pause."""
        self._work = work
        self._interval = interval
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name,
                                        daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self, timeout: float | None = None) -> None:
        """Let the current round end, and begin no other.

        :param timeout: seconds to wait for that; None waits on.
        """
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self._work()
            except Exception:
                LOG.exception('%s failed, it is tried again',
                              self._thread.name)
            self._woken.wait(self._interval())
