# SPDX-License-Identifier: Apache-2.0
"""The uploads that are running, so that another thread can break them off.

A thread that waits in a system call for the network notices nothing, be it
that Glance takes no more bytes or that it is finishing the image. Two things
help::

    held        a socket that is shut down then: the call returns at once
    apart       a call in a thread of its own, that is left behind then: the
                name of a server is looked up, a connection is made, a small
                request waits for its answer
"""

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import socket
import threading
from typing import TypeVar

from oslo_context import context as oslo_context

from volupload import exception

T = TypeVar('T')


class Scope:
    """All that is done for one image. Once aborted it stays so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._aborted = False
        self._sockets: set[socket.socket] = set()
        self.users = 0

    def abort(self) -> None:
        with self._changed:
            self._aborted = True
            self._changed.notify_all()
            for sock in self._sockets:
                with contextlib.suppress(OSError):   # it is broken already
                    # Not the method of an SSLSocket: that lets go of TLS
                    # first, and the thread at work would send plain text.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def pause(self, seconds: float) -> None:
        """
        :raises TransferCancelled: the end has come meanwhile, or before.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborted, seconds)
            self._check()

    def apart(self, call: Callable[[], T],
              discard: Callable[[T], None] = lambda result: None) -> T:
        """What ``call`` returns or raises, unless the end comes first.

        :param discard: gets the result that comes too late.
        :raises TransferCancelled: the end has come.
        """
        self.pause(0)
        future: futures.Future[T] = futures.Future()
        future.add_done_callback(lambda _: self._wake())
        threading.Thread(
            target=_run, args=(call, future, oslo_context.get_current()),
            name='image-request', daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or future.done())
        if not future.done():
            future.add_done_callback(lambda done: _discard(done, discard))
            raise exception.TransferCancelled()
        return future.result()

    @contextlib.contextmanager
    def held(self, sock: socket.socket) -> Iterator[None]:
        """Let this socket be shut down.

        :raises TransferCancelled: it is too late for that.
        """
        with self._lock:
            self._check()
            self._sockets.add(sock)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.remove(sock)

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Errors of the connection are the abortion's, once there is one.

        :raises TransferCancelled: instead of ImageServiceError, and at once
            if all is aborted already.
        """
        self.pause(0)
        try:
            yield
        except exception.ImageServiceError as error:
            if self._aborted:
                raise exception.TransferCancelled() from error
            raise

    def _check(self) -> None:
        if self._aborted:
            raise exception.TransferCancelled()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class Running:
    """The scopes of a process, by image; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._aborted = False
        self._scopes: dict[str, Scope] = {}

    def abort(self, image_id: str | None = None) -> None:
        """Break off what is done for one image now, or all, now and later."""
        with self._lock:
            if image_id is None:
                self._aborted = True
                scopes = list(self._scopes.values())
            else:
                scopes = [scope for known, scope in self._scopes.items()
                          if known == image_id]
        for scope in scopes:
            scope.abort()

    @contextlib.contextmanager
    def scope(self, image_id: str) -> Iterator[Scope]:
        """The scope of an image; one within another is the same."""
        with self._lock:
            scope = self._scopes.setdefault(image_id, Scope())
            scope.users += 1
            aborted = self._aborted
        if aborted:
            scope.abort()
        try:
            yield scope
        finally:
            with self._lock:
                scope.users -= 1
                if not scope.users:
                    del self._scopes[image_id]


def _run(call: Callable[[], T], future: 'futures.Future[T]',
         context: oslo_context.RequestContext | None) -> None:
    if context:
        context.update_store()   # so that logs and requests name it
    try:
        result = call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


def _discard(future: 'futures.Future[T]',
             discard: Callable[[T], None]) -> None:
    if not future.exception():
        discard(future.result())
