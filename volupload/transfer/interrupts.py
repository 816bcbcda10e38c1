# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM for ``python -m volupload.transfer``.

A signal's handler can raise between any two steps of the main thread. Where
that thread starts or joins others, or holds a lock that they want, this can
leave a program that never ends. So while bytes are streamed a signal is only
noted, and the stream asks for it as for any other wish to cancel; but for the
one place where it may be long until it asks, a write to a pipe that nobody
reads.
"""

from collections.abc import Iterator
import contextlib
import signal
from types import FrameType


class Interrupted(BaseException):
    """A signal came."""


class Interrupts:
    """
    :ivar number: of the signal that came, None as long as none has.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._deferred = False

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Only note what comes, and raise it at the end of the block.

        :raises Interrupted: a signal has come.
        """
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self._raise()

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """Within what is deferred: a call that may block, and can break off.

        :raises Interrupted: a signal has come.
        """
        self._deferred = False
        try:
            self._raise()
            yield
        finally:
            self._deferred = True

    def came(self) -> bool:
        return self.number is not None

    def _raise(self) -> None:
        if self.came():
            raise Interrupted()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        if not self._deferred:
            raise Interrupted()
