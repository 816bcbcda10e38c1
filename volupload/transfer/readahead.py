# SPDX-License-Identifier: Apache-2.0
"""A thread that reads the volume ahead of the sender.

It walks the layout's segments and turns them into chunks, each at most a
buffer long and each of one segment. It runs ahead as far as there are free
buffers. Whatever stops it, an error or the end, is handed on in its place in
the stream, behind the chunks that were read before.
"""

from collections.abc import Iterator
import queue
import threading
from types import TracebackType
from typing import Self

from volupload import exception
from volupload.transfer import buffers
from volupload.transfer import Copy
from volupload.transfer import Literal
from volupload.transfer import Segment
from volupload.transfer import Source


class ReadAhead:
    """``with`` starts the thread and joins it; ``get`` takes its chunks."""

    def __init__(self, source: Source, segments: Iterator[Segment],
                 pool: buffers.BufferPool) -> None:
        self._source = source
        self._segments = segments
        self._pool = pool
        self._ready: queue.SimpleQueue[
            buffers.Chunk | BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name='transfer-read', daemon=True)

    def get(self, timeout: float) -> buffers.Chunk | None:
        """The next chunk, None after the last one.

        :raises queue.Empty: when none came for ``timeout`` seconds.
        :raises TransferError: what the reading thread met.
        """
        item = self._ready.get(timeout=timeout)
        if isinstance(item, BaseException):
            raise item
        return item

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._pool.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            for segment in self._segments:
                self._read(segment)
            self._ready.put(None)
        except buffers.Closed:
            pass
        except BaseException as error:
            self._ready.put(error)

    def _read(self, segment: Segment) -> None:
        position = 0
        while position < segment.length:
            buffer = self._pool.take()
            length = min(segment.length - position, len(buffer))
            data = self._chunk(segment, position, buffer[:length])
            self._ready.put(buffers.Chunk(data, buffer, self._pool))
            position += length

    def _chunk(self, segment: Segment, position: int,
               buffer: memoryview) -> memoryview:
        length = len(buffer)
        if isinstance(segment, Copy):
            read_exactly(self._source, segment.offset + position, buffer)
            return buffer
        if isinstance(segment, Literal):
            return memoryview(segment.data)[position:position + length]
        return self._pool.zeros[:length]


def read_exactly(source: Source, offset: int, buffer: memoryview) -> None:
    """Fill the buffer from ``offset``, in as many reads as that takes.

    :raises ShortRead: when the volume ends before.
    :raises SourceError: when reading fails; both say the offset.
    """
    done = 0
    while done < len(buffer):
        count = _read_some(source, offset + done, buffer[done:])
        if not count:
            raise exception.ShortRead(
                offset=offset + done, expected=len(buffer) - done, actual=0)
        done += count


def _read_some(source: Source, offset: int, buffer: memoryview) -> int:
    try:
        count = source.readinto(offset, buffer)
    except OSError as error:
        raise exception.SourceError(
            offset=offset, reason=error.strerror or str(error)) from error
    if not 0 <= count <= len(buffer):
        raise exception.SourceError(
            offset=offset,
            reason=f'{count} bytes were returned for {len(buffer)}')
    return count
