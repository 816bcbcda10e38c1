# SPDX-License-Identifier: Apache-2.0
"""A limit in bytes a second that many streams share.

A bucket fills with bytes at the rate of the limit, up to what comes in in a
fifth of a second. Whoever is next takes what it wants to send, which may
leave a debt, and the one after waits until it is paid: so the mean is exact,
whatever the size of the chunks and however late a thread wakes up.

Streams take turns, and each takes a tenth of a second's bytes at most. So
they get equal shares, except one that wants less.
"""

import collections
from collections.abc import Callable
import threading
import time
from typing import Protocol

from volupload import exception

# Seconds between two looks whether a waiting stream was cancelled.
_PATIENCE = 0.1
# The shortest wait: a debt can be too small for the clock to show.
_MOMENT = 0.001
# Of the limit, in seconds: what a stream takes at once, what can be saved up.
_TURN = 0.1
_SAVED = 0.2
# Bytes that are taken at once in any case: smaller chunks cost CPU.
_MIN_TURN = 16 * 1024


class Clock(Protocol):
    """Time, and how to wait for it; a seam for tests."""

    def now(self) -> float:
        """Seconds that only ever grow."""

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait until notified, or for so long."""


class _Monotonic:

    def now(self) -> float:
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        condition.wait(seconds)


class Throttle:
    """All streams of a process ask one of these before each chunk.

    :param limit: bytes a second; 0 or None: as fast as it goes.
    """

    def __init__(self, limit: int | None = None,
                 clock: Clock | None = None) -> None:
        self._clock = clock or _Monotonic()
        self._condition = threading.Condition()
        self._waiting: collections.deque[object] = collections.deque()
        self._limit = limit or 0
        self._level = 0.0
        self._filled = self._clock.now()

    @property
    def limit(self) -> int:
        """Bytes a second, 0 for none. A change counts from now on."""
        return self._limit

    @limit.setter
    def limit(self, limit: int | None) -> None:
        with self._condition:
            self._fill()
            self._limit = limit or 0
            self._level = min(self._level, 0)
            self._condition.notify_all()

    def take(self, wanted: int, cancelled: Callable[[], bool]) -> int:
        """Wait for the permission to send.

        :returns: how many bytes may be sent now, 1 to ``wanted``.
        :raises TransferCancelled: ``cancelled`` said so, asked ten times a
            second.
        """
        if not self._limit:
            return wanted
        turn = object()
        with self._condition:
            self._waiting.append(turn)
        try:
            while not (count := self._try(turn, wanted)):
                if cancelled():
                    raise exception.TransferCancelled()
            return count
        finally:
            with self._condition:
                self._waiting.remove(turn)
                self._condition.notify_all()

    def _try(self, turn: object, wanted: int) -> int:
        """What may be sent; 0 after waiting a moment without a result."""
        with self._condition:
            self._fill()
            if not self._limit:
                return wanted
            if self._waiting[0] is not turn:
                self._clock.wait(self._condition, _PATIENCE)
                return 0
            if self._level < 0:
                self._clock.wait(self._condition, min(
                    _PATIENCE, max(_MOMENT, -self._level / self._limit)))
                return 0
            count = min(wanted, max(_MIN_TURN, int(_TURN * self._limit)))
            self._level -= count
            return count

    def _fill(self) -> None:
        now = self._clock.now()
        self._level = min(self._level + (now - self._filled) * self._limit,
                          _SAVED * self._limit)
        self._filled = now
