# SPDX-License-Identifier: Apache-2.0
"""The uploads that are running, so that another thread can break them off.

A thread that waits in a system call for the network notices nothing, be it
that Glance takes no more bytes or that it is finishing the image. When its
socket is shut down the call returns with an error at once.
"""

from collections.abc import Iterator
import contextlib
import socket
import threading

from volupload import exception


class Running:
    """One for a process; threads share it. What is aborted stays so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._aborted = threading.Event()
        self._sockets: set[socket.socket] = set()

    def abort(self) -> None:
        """Break off every connection that is held, now or later."""
        with self._lock:
            self._aborted.set()
            for sock in self._sockets:
                with contextlib.suppress(OSError):   # it is broken already
                    # Not the method of an SSLSocket: that lets go of TLS
                    # first, and the thread at work would send plain text.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def pause(self, seconds: float) -> None:
        """
        :raises TransferCancelled: the end has come meanwhile, or before.
        """
        if self._aborted.wait(seconds):
            raise exception.TransferCancelled()

    @contextlib.contextmanager
    def abortable(self) -> Iterator[None]:
        """Errors of the connection are the abortion's, once there is one.

        :raises TransferCancelled: instead of ImageServiceError, and at once
            if everything is aborted already.
        """
        self.pause(0)
        try:
            yield
        except exception.ImageServiceError as error:
            if self._aborted.is_set():
                raise exception.TransferCancelled() from error
            raise

    @contextlib.contextmanager
    def held(self, sock: socket.socket) -> Iterator[None]:
        """Let this socket be shut down.

        :raises TransferCancelled: it is too late for that.
        """
        with self._lock:
            self.pause(0)
            self._sockets.add(sock)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.remove(sock)
