# SPDX-License-Identifier: Apache-2.0
"""The way of the bytes, from a volume to whoever takes them.

Three threads work on the same few buffers::

    transfer-read        segments -> chunks        ahead of the sender
    the caller's         chunks -> sink            the network
    transfer-digest      chunks -> checksum        beside the sender

Nothing is copied between them. ``stream`` returns or raises with both
threads joined. Of several errors the first one is raised: a connection that
breaks because reading failed is reported as the failed reading.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import queue

from volupload import exception
from volupload.transfer import buffers
from volupload.transfer import digest
from volupload.transfer import Layout
from volupload.transfer import readahead
from volupload.transfer import Sink
from volupload.transfer import Source

# CPU seconds a GiB of data from the page cache to a socket on loopback,
# without and with sha512 (medians of three, 2 cores): 128 KiB 0.55 and 2.5,
# 256 KiB 0.56 and 2.0, 512 KiB 0.44 and 1.95, 1 MiB and 2 MiB 0.31 and 1.64.
# Four buffers measure as eight; eight bridge 50 ms of a slow disk at the
# speed at which Glance takes bytes in.
BUFFER_SIZE = 1024 * 1024
BUFFER_COUNT = 8

# A source that hangs is noticed to be cancelled after this many seconds.
_PATIENCE = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Streamed:
    """What went out: the number of bytes and their checksum (hex digits)."""

    bytes_sent: int
    digest: str | None


def stream(source: Source, layout: Layout, sink: Sink, *,
           hash_algorithm: str | None = 'sha512',
           progress: Callable[[int], None] | None = None,
           cancelled: Callable[[], bool] | None = None,
           buffer_size: int = BUFFER_SIZE,
           buffer_count: int = BUFFER_COUNT) -> Streamed:
    """Send the layout of a volume to a sink.

    :param hash_algorithm: a name hashlib knows; None: no checksum.
    :param progress: called after every chunk with the bytes sent so far, in
        the caller's thread, some thousand times a GiB: it has to be quick.
    :param cancelled: asked before every chunk, the same way.
    :raises SourceError, ShortRead: the volume cannot be read; the offset is
        in it.
    :raises TransferCancelled: ``cancelled`` said so.
    :raises TransferError: layout or sink did not keep to the size.
    :raises Exception: whatever sink, progress or cancelled raise.
    """
    users = 2 if hash_algorithm else 1
    pool = buffers.BufferPool(buffer_size, buffer_count, users)
    with (_checksum(hash_algorithm) as checksum,
          readahead.ReadAhead(source, layout.segments(), pool) as reader):
        outlet = _Outlet(reader, checksum, layout.image_size,
                         progress or (lambda sent: None),
                         cancelled or (lambda: False))
        outlet.feed(sink)
        return Streamed(outlet.sent,
                        checksum.hexdigest() if checksum else None)


def _checksum(algorithm: str | None) -> contextlib.AbstractContextManager[
        digest.Digest | None]:
    return digest.Digest(algorithm) if algorithm else contextlib.nullcontext()


@dataclasses.dataclass(slots=True)
class _Outlet:
    """The sender's end: hands chunks to the sink and keeps count."""

    reader: readahead.ReadAhead
    checksum: digest.Digest | None
    image_size: int | None
    progress: Callable[[int], None]
    cancelled: Callable[[], bool]
    sent: int = 0
    failure: BaseException | None = None

    def feed(self, sink: Sink) -> None:
        chunks = self._chunks()
        try:
            sink(chunks, self.image_size)
            left = next(chunks, None)   # a sink may not ask for the end
        except Exception as error:
            if self.failure and self.failure is not error:
                raise self.failure from error
            raise
        if self.failure:
            raise self.failure
        if left is not None or self.image_size not in (None, self.sent):
            raise exception.TransferError(
                reason=f'{self.sent} bytes were taken of '
                       f'{self.image_size or "more"}')

    def _chunks(self) -> Iterator[memoryview]:
        try:
            while (chunk := self._next()) is not None:
                self._check_room(len(chunk.data))
                if self.checksum:
                    self.checksum.feed(chunk)
                yield chunk.data
                self.sent += len(chunk.data)
                chunk.release()
                self.progress(self.sent)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def _next(self) -> buffers.Chunk | None:
        while not self.cancelled():
            try:
                return self.reader.get(_PATIENCE)
            except queue.Empty:
                continue
        raise exception.TransferCancelled()

    def _check_room(self, length: int) -> None:
        """A layout must not send more than it announced."""
        if self.image_size is not None and (
                self.sent + length > self.image_size):
            raise exception.TransferError(
                reason=f'the layout goes beyond its {self.image_size} bytes')
