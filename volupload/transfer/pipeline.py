# SPDX-License-Identifier: Apache-2.0
"""The way of the bytes, from a volume to whoever takes them.

A few threads work on the same few buffers::

    transfer-read        the layout; segments -> chunks   ahead of the sender
    transfer-pack-N      what the layout wants encoded    where there is any
    the caller's         chunks -> sink                   the network
    transfer-digest      chunks -> checksum               beside the sender

Nothing is copied between them but what was encoded. ``stream`` returns or
raises with all threads joined. Of several errors the first one is raised: a
connection that breaks because reading failed is reported as the failed
reading.

Only a read that hangs is not waited for. Then one thread and one buffer
remain until the read ends; ``volupload.transfer.guard`` has what that means.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import queue
import time
from typing import TypeVar

from volupload import exception
from volupload import transfer
from volupload.transfer import buffers
from volupload.transfer import digest
from volupload.transfer import FileRange
from volupload.transfer import Layout
from volupload.transfer import packers
from volupload.transfer import readahead
from volupload.transfer import Sink
from volupload.transfer import Source
from volupload.transfer.throttle import Throttle

# What buffers of 4 MiB take against eight of 1 MiB, into nothing (medians of
# five, one run, 2 cores): direct reads of a file or loop device 0.53 of the
# CPU time (0.14 s a GiB instead of 0.28) and 0.92 of the wall time, from the
# page cache 0.9 of the CPU time, packed layouts the same. A read into four
# buffers of 1 MiB gains as much. Four buffers copy as fast as six, but with
# four threads to pack there has to be one for each, for reader and sender.
# Packing touches 1 MiB of each only. Below 1 MiB all is slower: from the page
# cache to a socket with sha512, 256 KiB takes 2.0 CPU seconds a GiB, 1 MiB
# 1.64.
BUFFER_SIZE = 4 * 1024 * 1024
BUFFER_COUNT = 6

# Whoever waits looks after this many seconds whether it was cancelled.
_PATIENCE = 0.5

_T = TypeVar('_T')


@dataclasses.dataclass(frozen=True, slots=True)
class Streamed:
    """What became of it.

    :ivar digest: the checksum of all bytes sent, in hex digits.
    :ivar bytes_read: of the volume, with what the layout read to be made.
    :ivar seconds: from the start to the last byte, of which ``laid_out``
        went by before the first one.
    """

    bytes_sent: int
    digest: str | None
    bytes_read: int = 0
    seconds: float = dataclasses.field(default=0.0, compare=False)
    laid_out: float = dataclasses.field(default=0.0, compare=False)


def stream(source: Source, make_layout: Callable[[Source], Layout],
           sink: Sink, *,
           hash_algorithm: str | None = 'sha512',
           progress: Callable[[int], None] | None = None,
           cancelled: Callable[[], bool] | None = None,
           throttle: Throttle | None = None,
           by_reference: bool = False,
           threads: int | None = None,
           buffer_size: int = BUFFER_SIZE,
           buffer_count: int = BUFFER_COUNT) -> Streamed:
    """Lay a volume out and send the layout to a sink.

    The caller closes the source, afterwards.

    :param make_layout: called in the reading thread, so it may read for
        hours, or hang.
    :param hash_algorithm: a name hashlib knows; None: no checksum.
    :param progress: called after every chunk with the bytes sent so far, in
        the caller's thread, some hundred times a GiB and more: it has to be
        quick.
    :param cancelled: asked before every chunk and twice a second, in the
        caller's thread. It ends everything within two seconds, except while
        the sink does not ask for more: to break that off is the sink's part.
    :param throttle: how fast bytes may go to the sink; many streams can
        share one.
    :param by_reference: the sink takes ``FileRange`` too. It gets them for
        what is copied, if there is no checksum and the source has a file.
    :param threads: to encode; None: as many as there are cores, at most 4.
    :param buffer_size: bytes; what a layout packs at once has to fit in. No
        chunk is longer, but for one that was packed and grew.
    :raises SourceError, ShortRead: the volume cannot be read; the offset is
        in it.
    :raises TransferCancelled: ``cancelled`` said so.
    :raises TransferError: layout or sink did not keep to the size.
    :raises Exception: whatever layout, sink, progress or cancelled raise.
    """
    began = time.monotonic()
    pool = buffers.BufferPool(buffer_size, buffer_count)
    with (_checksum(hash_algorithm) as checksum,
          packers.Packers(threads or packers.default_threads()) as packing,
          readahead.ReadAhead(source, make_layout, pool, packing,
                              by_reference and not checksum) as reader):
        sender = _Sender(reader, checksum, throttle or Throttle(),
                         progress or (lambda sent: None),
                         cancelled or (lambda: False))
        layout = sender.wait(reader.layout)
        laid_out = time.monotonic() - began
        sender.feed(sink, layout.image_size)
        return Streamed(sender.sent,
                        checksum.hexdigest() if checksum else None,
                        reader.source.bytes_read,
                        time.monotonic() - began, laid_out)


def _checksum(algorithm: str | None) -> contextlib.AbstractContextManager[
        digest.Digest | None]:
    return digest.Digest(algorithm) if algorithm else contextlib.nullcontext()


@dataclasses.dataclass(slots=True)
class _Sender:
    """The caller's end: hands chunks to the sink and keeps count."""

    reader: readahead.ReadAhead
    checksum: digest.Digest | None
    throttle: Throttle
    progress: Callable[[int], None]
    cancelled: Callable[[], bool]
    image_size: int | None = None
    sent: int = 0
    failure: BaseException | None = None

    def wait(self, get: Callable[[float], _T]) -> _T:
        """Get something that another thread makes, unless cancelled."""
        while not self.cancelled():
            try:
                return get(_PATIENCE)
            except queue.Empty:
                continue
        raise exception.TransferCancelled()

    def feed(self, sink: Sink, image_size: int | None) -> None:
        self.image_size = image_size
        chunks = self._chunks()
        try:
            sink(chunks, image_size)
            left = next(chunks, None)   # a sink may not ask for the end
        except Exception as error:
            if self.failure and self.failure is not error:
                raise self.failure from error
            raise
        if self.failure:
            raise self.failure
        if left is not None or image_size not in (None, self.sent):
            raise exception.TransferError(
                reason=f'{self.sent} bytes were taken of '
                       f'{image_size or "more"}')

    def _chunks(self) -> Iterator[transfer.Chunk]:
        try:
            for chunk in self._held():
                self._check_room(chunk.length)
                if self.checksum:
                    self.checksum.feed(chunk)
                for portion in self._portions(chunk):
                    yield portion
                    self.sent += _length(portion)
                    self.progress(self.sent)
                chunk.buffer.release()
        except GeneratorExit:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def _held(self) -> Iterator[buffers.Chunk]:
        """What the reader made, in order; what was encoded gets its place."""
        while (item := self.wait(self.reader.get)) is not readahead.Mark.END:
            match item:
                case buffers.Chunk():
                    yield item
                case packers.Job():
                    encoded = self.wait(item.get)
                    yield from item.placed(encoded)
                case readahead.Mark.BARRIER:
                    self.reader.pass_barrier()

    def _portions(self, chunk: buffers.Chunk) -> Iterator[transfer.Chunk]:
        """The chunk, whole unless the throttle wants smaller pieces."""
        start = 0
        while start < chunk.length:
            count = self.throttle.take(chunk.length - start, self.cancelled)
            yield _part(chunk.data, start, count)
            start += count

    def _check_room(self, length: int) -> None:
        """A layout must not send more than it announced."""
        if self.image_size is not None and (
                self.sent + length > self.image_size):
            raise exception.TransferError(
                reason=f'the layout goes beyond its {self.image_size} bytes')


def _length(data: transfer.Chunk) -> int:
    return data.length if isinstance(data, FileRange) else len(data)


def _part(data: transfer.Chunk, start: int, count: int) -> transfer.Chunk:
    if isinstance(data, FileRange):
        return FileRange(data.fd, data.offset + start, count)
    return data[start:start + count]
