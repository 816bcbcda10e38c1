# SPDX-License-Identifier: Apache-2.0
"""A thread that lays the image out and reads the volume ahead of the sender.

It walks the layout's segments and turns them into chunks, each at most a
buffer long and each of one segment, and into jobs for the packers. It runs
ahead as far as there are free buffers, and stops at a barrier until the
sender has come there. Whatever ends it, an error or the end, is handed on in
its place in the stream, behind what was read before.
"""

from collections.abc import Callable
import enum
import logging
import queue
import threading
from types import TracebackType
from typing import Any
from typing import assert_never
from typing import Self

from volupload import exception
from volupload.transfer import Barrier
from volupload.transfer import buffers
from volupload.transfer import Copy
from volupload.transfer import FileRange
from volupload.transfer import guard
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import Packed
from volupload.transfer import packers
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer import Zeros
from volupload.transfer.guard import read_exactly

LOG = logging.getLogger(__name__)

# Seconds that the thread gets to end after the transfer did.
_FAREWELL = 0.7


class Mark(enum.Enum):
    """Places in the stream where there are no bytes."""

    BARRIER = enum.auto()
    END = enum.auto()


Item = buffers.Chunk | packers.Job | Mark


class ReadAhead:
    """``with`` starts the thread and joins it; ``get`` takes what it made.

    :ivar source: the volume as the thread sees it.
    """

    def __init__(self, source: Source, make_layout: Callable[[Source], Layout],
                 pool: buffers.BufferPool, packing: packers.Packers,
                 by_reference: bool) -> None:
        self.source = guard.Guard(source)
        self._make_layout = make_layout
        self._pool = pool
        self._packing = packing
        self._fd = source.fileno() if by_reference else None
        self._laid_out: queue.SimpleQueue[
            Layout | BaseException] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[
            Item | BaseException] = queue.SimpleQueue()
        self._passed: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name='transfer-read', daemon=True)

    # For the sender. Each of the first two raises queue.Empty when there is
    # nothing for ``timeout`` seconds, and else what the thread met.

    def layout(self, timeout: float) -> Layout:
        layout = self._laid_out.get(timeout=timeout)
        if isinstance(layout, BaseException):
            raise layout
        return layout

    def get(self, timeout: float) -> Item:
        item = self._ready.get(timeout=timeout)
        if isinstance(item, BaseException):
            raise item
        return item

    def pass_barrier(self) -> None:
        self._passed.put(True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.source.close()
        self._pool.close()
        self._passed.put(False)
        self._thread.join(_FAREWELL)
        if self._thread.is_alive():
            LOG.warning('A read of the volume hangs; its thread is left to '
                        'end when the read does')

    def _run(self) -> None:
        out: queue.SimpleQueue[Any] = self._laid_out
        try:
            layout = self._make_layout(self.source)
            self._laid_out.put(layout)
            out = self._ready
            for segment in layout.segments():
                self.source.check_open()
                self._check(segment)
                self._emit(segment)
            self._ready.put(Mark.END)
        except buffers.Closed:
            pass
        except BaseException as error:
            out.put(error)

    def _check(self, segment: Segment) -> None:
        """A layout that is wrong must not pass for one that is short."""
        match segment:
            case Copy(offset, length) | Packed(offset, length):
                right = 0 <= offset <= offset + length <= self.source.size
            case Zeros(length):
                right = length >= 0
            case _:
                right = True
        if not right:
            raise exception.TransferError(
                reason=f'the layout has a senseless segment, {segment}')

    def _emit(self, segment: Segment) -> None:
        match segment:
            case Copy():
                self._copy(segment)
            case Packed():
                self._pack(segment)
            case Literal():
                self._cut(memoryview(segment.data))
            case Zeros():
                self._zeros(segment)
            case Barrier():
                self._ready.put(Mark.BARRIER)
                if not self._passed.get():
                    raise buffers.Closed()
            case _:
                assert_never(segment)

    def _copy(self, segment: Copy) -> None:
        if self._fd is not None:
            self._refer(segment, self._fd)
            return
        offset, end = segment.offset, segment.offset + segment.length
        while offset < end:
            buffer = self._pool.take()
            shift = offset % buffers.ALIGNMENT
            length = min(end - offset, self._pool.size - shift)
            data = buffer.memory[shift:shift + length]
            self._read(offset, data)
            self._ready.put(buffers.Chunk(data, buffer))
            offset += length

    def _refer(self, segment: Copy, fd: int) -> None:
        """Ranges as long as a buffer, to count them and to be cancelled."""
        end = segment.offset + segment.length
        for offset in range(segment.offset, end, self._pool.size):
            buffer = self._pool.take()
            length = min(self._pool.size, end - offset)
            self.source.bytes_read += length
            self._ready.put(buffers.Chunk(FileRange(fd, offset, length),
                                          buffer))

    def _pack(self, segment: Packed[Any]) -> None:
        if not 0 < segment.length <= self._pool.size:
            raise exception.TransferError(
                reason=f'the layout packs {segment.length} bytes at once')
        buffer = self._pool.take()
        shift = segment.offset % buffers.ALIGNMENT
        data = buffer.memory[shift:shift + segment.length]
        self._read(segment.offset, data)
        room = buffer.memory[shift + segment.length:]
        job = packers.Job(segment, data, room, buffer)
        self._packing.submit(job)
        self._ready.put(job)

    def _cut(self, data: memoryview) -> None:
        """Literals are not joined: 16384 tiny ones take 0.09 CPU seconds."""
        for start in range(0, len(data), self._pool.size):
            buffer = self._pool.take()
            self._ready.put(buffers.Chunk(
                data[start:start + self._pool.size], buffer))

    def _zeros(self, segment: Zeros) -> None:
        for start in range(0, segment.length, self._pool.size):
            buffer = self._pool.take()
            self._ready.put(buffers.Chunk(
                self._pool.zeros[:segment.length - start], buffer))

    def _read(self, offset: int, data: memoryview) -> None:
        """Read the part before the first page boundary for itself.

        So all that follows is aligned, in the volume and in memory.
        """
        head = min(-offset % buffers.ALIGNMENT, len(data))
        read_exactly(self.source, offset, data[:head])
        read_exactly(self.source, offset + head, data[head:])
