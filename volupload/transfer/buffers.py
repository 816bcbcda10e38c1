# SPDX-License-Identifier: Apache-2.0
"""The memory of one transfer: a few buffers that are used again and again.

Everything on its way holds one buffer, also what does not need its memory:
zeros, literals, and what a buffer was encoded to. So the number of buffers
bounds all queues between the threads and what stands in them, and whoever
runs ahead waits for a buffer. A buffer has several holders at once (the
sender, the digest); the last one that releases it gives it back.
"""

import dataclasses
import mmap
import queue
import threading

from volupload import transfer

# What O_DIRECT asks for at most: multiples of it in offset, length, memory.
ALIGNMENT = 4096


class Closed(Exception):
    """The transfer is over; there will be no more buffers."""


class Buffer:
    """Page-aligned memory and the number of those who hold it."""

    __slots__ = ('memory', '_holders', '_pool')

    def __init__(self, memory: memoryview, pool: 'BufferPool') -> None:
        self.memory = memory
        self._pool = pool
        self._holders = 1

    def hold(self) -> None:
        """One more holder; each of them calls ``release`` once."""
        with self._pool.lock:
            self._holders += 1

    def release(self) -> None:
        with self._pool.lock:
            self._holders -= 1
            last = not self._holders
        if last:
            self._pool.give_back(self.memory)


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """``data`` on its way, and the buffer that it occupies."""

    data: transfer.Chunk
    buffer: Buffer

    @property
    def length(self) -> int:
        if isinstance(self.data, transfer.FileRange):
            return self.data.length
        return len(self.data)


class BufferPool:
    """``count`` buffers for ``size`` bytes each.

    Each is longer by the alignment: the bytes of a volume are put at the
    place of a page that they have in the volume, wherever they begin.
    """

    def __init__(self, size: int, count: int) -> None:
        self.size = size
        self.lock = threading.Lock()
        # Pages that were never written all are the kernel's one zero page:
        # this costs no memory and stays in the processor's cache.
        self.zeros = _map(size).toreadonly()
        self._closed = False
        self._free: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        for _ in range(count):
            self._free.put(_map(size + ALIGNMENT))

    def take(self) -> Buffer:
        """Wait for a free buffer; the taker is its first holder.

        :raises Closed: when the pool was closed, also while waiting.
        """
        memory = self._free.get()
        if memory is None or self._closed:
            self._free.put(None)   # for whoever else waits
            raise Closed()
        return Buffer(memory, self)

    def give_back(self, memory: memoryview) -> None:
        if not self._closed:
            self._free.put(memory)

    def close(self) -> None:
        """No more buffers; those that nobody holds are freed at once."""
        self._closed = True
        try:
            while True:
                self._free.get_nowait()
        except queue.Empty:
            self._free.put(None)


def _map(size: int) -> memoryview:
    return memoryview(
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
