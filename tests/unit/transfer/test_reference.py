# SPDX-License-Identifier: Apache-2.0
"""Chunks that are not read: ranges of the source's file, for sendfile."""

from collections.abc import Iterator
import os

from tests.fixtures.sources import MemorySource
from tests.unit.transfer.base import PipelineTestCase
from tests.unit.transfer.base import Segments
from volupload import exception
from volupload.transfer import Barrier
from volupload.transfer import Chunk
from volupload.transfer import Copy
from volupload.transfer import FileRange
from volupload.transfer import Literal
from volupload.transfer import Packed
from volupload.transfer import throttle
from volupload.transfer import Zeros

MiB = 1024 * 1024


class FileSource(MemorySource):
    """The volume is in a file too, and every read is written down."""

    def __init__(self, data: bytes, fd: int) -> None:
        super().__init__(data)
        self._fd = fd
        os.pwrite(fd, data, 0)

    def fileno(self) -> int:
        return self._fd


class TestReference(PipelineTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.fd = os.memfd_create('volume')
        self.addCleanup(os.close, self.fd)
        self.chunks: list[FileRange | bytes] = []

    def source(self, data: bytes) -> FileSource:
        return FileSource(data, self.fd)

    def keep(self, chunks: Iterator[Chunk], size: int | None) -> None:
        for chunk in chunks:
            self.chunks.append(chunk if isinstance(chunk, FileRange)
                               else bytes(chunk))

    def sent(self, source: FileSource, layout: Segments | None = None,
             **options) -> int:
        return self.send(source, layout, self.keep, **{
            'by_reference': True, 'hash_algorithm': None,
            'buffer_size': 4 * MiB,
            **options}).bytes_sent

    def test_what_is_copied_comes_as_ranges_and_is_not_read(self) -> None:
        source = self.source(bytes(9 * MiB + 1))
        sent = self.send(source, None, self.keep, by_reference=True,
                         hash_algorithm=None, buffer_size=4 * MiB)
        self.assertEqual([FileRange(self.fd, 0, 4 * MiB),
                          FileRange(self.fd, 4 * MiB, 4 * MiB),
                          FileRange(self.fd, 8 * MiB, MiB + 1)], self.chunks)
        self.assertEqual((9 * MiB + 1, 9 * MiB + 1),
                         (sent.bytes_sent, sent.bytes_read))
        self.assertEqual([], source.reads)

    def test_all_else_is_bytes(self) -> None:
        self.sent(self.source(b'volume'), Segments(
            Literal(b'head'), Copy(1, 3), Zeros(2), Barrier(),
            Packed(0, 6, lambda data: [bytes(data).upper()], list)))
        self.assertEqual([b'head', FileRange(self.fd, 1, 3), bytes(2),
                          b'VOLUME'], self.chunks)

    def test_a_checksum_needs_the_bytes(self) -> None:
        self.sent(self.source(b'volume'), hash_algorithm='md5')
        self.assertEqual([b'volume'], self.chunks)

    def test_a_source_without_a_file_gives_bytes(self) -> None:
        self.sent(MemorySource(b'volume'))
        self.assertEqual([b'volume'], self.chunks)

    def test_a_sink_that_did_not_ask_gets_bytes(self) -> None:
        self.sent(self.source(b'volume'), by_reference=False)
        self.assertEqual([b'volume'], self.chunks)

    def test_progress_counts_ranges(self) -> None:
        seen: list[int] = []
        self.sent(self.source(bytes(9 * MiB)), progress=seen.append)
        self.assertEqual([4 * MiB, 8 * MiB, 9 * MiB], seen)

    def test_a_throttle_cuts_ranges(self) -> None:
        self.sent(self.source(bytes(3 * MiB)),
                  throttle=throttle.Throttle(10 * MiB))
        self.assertEqual([FileRange(self.fd, 0, MiB),
                          FileRange(self.fd, MiB, MiB),
                          FileRange(self.fd, 2 * MiB, MiB)], self.chunks)

    def test_cancelling_stops_between_ranges(self) -> None:
        self.fails(exception.TransferCancelled, self.source(bytes(90 * MiB)),
                   None, self.keep, by_reference=True, hash_algorithm=None,
                   cancelled=lambda: len(self.chunks) == 2)
        self.assertEqual(2, len(self.chunks))

    def test_a_layout_cannot_go_beyond_its_size_with_ranges(self) -> None:
        self.fails(exception.TransferError, self.source(bytes(10)),
                   Segments(Copy(0, 10), size=9), self.keep,
                   by_reference=True, hash_algorithm=None)
        self.assertEqual([], self.chunks)
