# SPDX-License-Identifier: Apache-2.0
"""A thread that sends messages, so that nobody else waits for the bus.

A broker that is frozen holds a publisher for 73 s (measured with a RabbitMQ
under SIGSTOP), and neither a request nor an upload waits for that.
"""

from collections.abc import Callable
import logging
import queue
import threading

from volupload.volume import aside

LOG = logging.getLogger(__name__)

_BOUND = 1000   # messages that wait to be sent


class Announcer:
    """The first message of the process starts the thread.

    :param loss: what it means that a message is dropped; for the log.
    """

    def __init__(self, loss: str) -> None:
        self._loss = loss
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(_BOUND)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, send: Callable[[], None]) -> None:
        """Have it sent; while too many wait it is dropped instead.

        :param send: logs its own errors.
        """
        with self._lock:
            if self._thread is None:   # not before the server has forked
                self._thread = aside.start(self._run, 'announcer')
        try:
            self._waiting.put_nowait(send)
        except queue.Full:
            LOG.warning('The message bus is stuck; %s', self._loss)

    def _run(self) -> None:
        while True:
            self._waiting.get()()
