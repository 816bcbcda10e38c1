# SPDX-License-Identifier: Apache-2.0
"""The memory of one transfer: a few buffers that are used again and again.

Every chunk on its way holds one buffer, zeros and literals too, although
they do not need its memory. So the number of buffers bounds all queues
between the threads, and whoever runs ahead waits for a buffer. A chunk is
read by several users at once (the sender, the digest); the last one that
releases it gives the buffer back.
"""

import mmap
import queue
import threading


class Closed(Exception):
    """The transfer is over; there will be no more buffers."""


class BufferPool:
    """``count`` page-aligned buffers of ``size`` bytes for ``users`` users."""

    def __init__(self, size: int, count: int, users: int) -> None:
        self.size = size
        self.users = users
        self.lock = threading.Lock()
        # Pages that were never written all are the kernel's one zero page:
        # this costs no memory and stays in the processor's cache.
        self.zeros = _map(size).toreadonly()
        self._closed = False
        self._free: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        for _ in range(count):
            self._free.put(_map(size))

    def take(self) -> memoryview:
        """Wait for a free buffer.

        :raises Closed: when the pool was closed, also while waiting.
        """
        buffer = self._free.get()
        if buffer is None or self._closed:
            self._free.put(None)   # for whoever else waits
            raise Closed()
        return buffer

    def give_back(self, buffer: memoryview) -> None:
        self._free.put(buffer)

    def close(self) -> None:
        self._closed = True
        self._free.put(None)


class Chunk:
    """``data`` on its way, and the buffer that it occupies."""

    __slots__ = ('data', '_buffer', '_pool', '_users')

    def __init__(self, data: memoryview, buffer: memoryview,
                 pool: BufferPool) -> None:
        self.data = data
        self._buffer = buffer
        self._pool = pool
        self._users = pool.users

    def release(self) -> None:
        """One user needs it no longer; each calls this once."""
        with self._pool.lock:
            self._users -= 1
            last = not self._users
        if last:
            self._pool.give_back(self._buffer)


def _map(size: int) -> memoryview:
    return memoryview(
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
