# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator
import ctypes
import hashlib
import random
import threading
import time

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from tests.fixtures.sources import MemorySource
from tests.unit.transfer.base import Collector
from tests.unit.transfer.base import PipelineTestCase
from tests.unit.transfer.base import Segments
from tests.unit.transfer.base import SMALL
from volupload import exception
from volupload.transfer import Copy
from volupload.transfer import Extent
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import Packed
from volupload.transfer import pipeline
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer import Zeros
from volupload.transfer.formats import raw


class TestStream(PipelineTestCase):

    def test_every_byte_arrives_in_its_place(self) -> None:
        data = random.Random(1).randbytes(100_001)
        sent = self.send(MemorySource(data))
        self.assertEqual(data, bytes(self.sink.data))
        self.assertEqual(100_001, self.sink.size)
        self.assertEqual(
            pipeline.Streamed(100_001, hashlib.sha512(data).hexdigest(),
                              100_001),
            sent)

    def test_an_empty_volume_is_sent_as_nothing(self) -> None:
        sent = self.send(MemorySource(b''))
        self.assertEqual([], self.sink.chunks)
        self.assertEqual(
            pipeline.Streamed(0, hashlib.sha512().hexdigest()), sent)

    def test_segments_follow_each_other(self) -> None:
        source = MemorySource(bytes(range(256)) * 40)
        sent = self.send(source, Segments(
            Literal(b'head' * 2000), Copy(100, 9000), Zeros(10_000),
            Copy(0, 3), Literal(b'')))
        expected = (b'head' * 2000 + source.data[100:9100] + bytes(10_000)
                    + source.data[:3])
        self.assertEqual(expected, bytes(self.sink.data))
        self.assertIsNone(self.sink.size)
        self.assertEqual(hashlib.sha512(expected).hexdigest(), sent.digest)

    def test_holes_are_sent_and_not_read(self) -> None:
        hole = raw.MIN_HOLE
        data = b'a' * 5000 + bytes(hole) + b'b' * 100
        source = MemorySource(data, [
            Extent(0, 5000, False), Extent(5000, hole, True),
            Extent(5000 + hole, 100, False)])
        self.send(source)
        self.assertEqual(data, bytes(self.sink.data))
        self.assertEqual([(0, 4096), (4096, 904), (5000 + hole, 100)],
                         source.reads)

    def test_short_reads_are_continued(self) -> None:
        data = random.Random(2).randbytes(10_000)
        self.send(MemorySource(data, at_most=700))
        self.assertEqual(data, bytes(self.sink.data))
        self.assertEqual([4096, 4096, 1808], self.sink.chunks)

    def test_without_an_algorithm_there_is_no_digest(self) -> None:
        sent = self.send(MemorySource(b'abc'), hash_algorithm=None)
        self.assertEqual(pipeline.Streamed(3, None, 3), sent)

    def test_another_algorithm(self) -> None:
        sent = self.send(MemorySource(b'abc'), hash_algorithm='md5')
        self.assertEqual(hashlib.md5(b'abc').hexdigest(), sent.digest)

    def test_progress_counts_what_was_sent(self) -> None:
        seen: list[int] = []
        self.send(MemorySource(bytes(9000)), progress=seen.append)
        self.assertEqual([4096, 8192, 9000], seen)

    def test_reading_has_a_thread_of_its_own(self) -> None:
        source = MemorySource(bytes(9000))
        self.send(source)
        self.assertEqual({'transfer-read'}, source.threads)

    def test_the_layout_is_made_in_the_reading_thread(self) -> None:
        source = MemorySource(bytes(9000))

        def make(guarded: Source) -> Layout:
            guarded.readinto(100, memoryview(bytearray(50)))
            return raw.Raw(guarded)
        sent = pipeline.stream(source, make, self.sink, **SMALL)
        self.assertEqual({'transfer-read'}, source.threads)
        self.assertEqual((9000, 9050), (sent.bytes_sent, sent.bytes_read))
        self.assertLessEqual(0, sent.laid_out)
        self.assertLessEqual(sent.laid_out, sent.seconds)

    def test_reads_are_aligned_after_the_first_page_boundary(self) -> None:
        source = MemorySource(random.Random(4).randbytes(40_000))
        reads: list[tuple[int, int, int]] = []
        readinto = source.readinto

        def note(offset: int, buffer: memoryview) -> int:
            address = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
            reads.append((offset, len(buffer), (address - offset) % 4096))
            return readinto(offset, buffer)
        source.readinto = note
        for start, end in ((0, 40_000), (4095, 12_289), (1, 3), (512, 8192),
                           (8192, 8193), (4096, 16_384)):
            del reads[:]
            sink = Collector()
            self.send(source, Segments(Copy(start, end - start)), sink,
                      buffer_size=8192)
            self.assertEqual(source.data[start:end], bytes(sink.data))
            for offset, length, shift in reads:
                self.assertEqual(0, shift)
                self.assertTrue(not offset % 4096
                                or offset == start and length < 4096)
                self.assertTrue(not (offset + length) % 4096
                                or offset + length == end)

    def test_reading_runs_ahead_no_further_than_the_buffers(self) -> None:
        source = MemorySource(bytes(4096 * 20))
        ahead = []

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            for number, _ in enumerate(chunks):
                time.sleep(0.01)
                ahead.append(len(source.reads) - number)
        self.send(source, sink=sink)
        self.assertEqual(3, max(ahead))

    def test_zeros_wait_for_a_free_buffer_too(self) -> None:
        taken = []

        def before() -> None:
            taken.append(1)
        layout = Segments(*[Zeros(10)] * 50, before=before)

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            next(chunks)
            time.sleep(0.05)
            self.assertLessEqual(len(taken), 4)
            for _ in chunks:
                pass
        self.send(MemorySource(b''), layout, sink)

    def test_a_chunk_stays_until_the_next_is_asked_for(self) -> None:
        data = b''.join(bytes([n]) * 4096 for n in range(50))

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            for number, chunk in enumerate(chunks):
                time.sleep(0.002)
                self.assertEqual(bytes([number]) * 4096, bytes(chunk))
        self.send(MemorySource(data), sink=sink)

    def test_a_sink_may_stop_asking_at_the_last_byte(self) -> None:
        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            next(chunks)
            next(chunks)
        sent = self.send(MemorySource(bytes(5000)), sink=sink)
        self.assertEqual(5000, sent.bytes_sent)

    @settings(deadline=None, max_examples=50)
    @given(strategies.lists(strategies.one_of(
        strategies.builds(Literal, strategies.binary(max_size=9000)),
        strategies.builds(Zeros, strategies.integers(0, 9000)),
        strategies.builds(Copy, strategies.integers(0, 1000),
                          strategies.integers(0, 9000))), max_size=12))
    def test_any_segments_arrive(self, segments: list[Segment]) -> None:
        source = MemorySource(random.Random(3).randbytes(10_000))
        expected = b''
        for segment in segments:
            if isinstance(segment, Literal):
                expected += segment.data
            elif isinstance(segment, Copy):
                expected += source.data[segment.offset:
                                        segment.offset + segment.length]
            else:
                expected += bytes(segment.length)
        sink = Collector()
        sent = self.send(source, Segments(*segments, size=len(expected)),
                         sink)
        self.assertEqual(expected, bytes(sink.data))
        self.assertEqual(hashlib.sha512(expected).hexdigest(), sent.digest)


class TestErrors(PipelineTestCase):

    def test_a_read_error_says_the_offset(self) -> None:
        def broken(offset: int) -> None:
            if offset >= 8192:
                raise OSError(5, 'Input/output error')
        error = self.fails(exception.SourceError,
                           MemorySource(bytes(50_000), before_read=broken))
        self.assertEqual('Reading the volume failed at byte 8192: '
                         'Input/output error', str(error))

    def test_what_was_read_before_an_error_is_sent_before_it(self) -> None:
        def broken(offset: int) -> None:
            if offset >= 8192:
                raise OSError(5, 'Input/output error')
        self.fails(exception.SourceError,
                   MemorySource(bytes(50_000), before_read=broken))
        self.assertEqual([4096, 4096], self.sink.chunks)

    def test_a_volume_that_shrank_is_an_error(self) -> None:
        source = MemorySource(bytes(10_000))
        source.size = 20_000
        error = self.fails(exception.ShortRead, source)
        self.assertEqual(10_000, error.offset)

    def test_a_source_that_returns_too_much_is_an_error(self) -> None:
        source = MemorySource(bytes(10_000))
        source.readinto = lambda offset, buffer: len(buffer) + 1
        self.fails(exception.SourceError, source)

    def test_a_read_error_of_the_layout_says_the_offset(self) -> None:
        def broken(offset: int) -> None:
            raise OSError(5, 'Input/output error')

        def make(guarded: Source) -> Layout:
            guarded.readinto(700, memoryview(bytearray(50)))
            raise AssertionError('reading did not fail')
        error = self.assertRaises(
            exception.SourceError, pipeline.stream,
            MemorySource(bytes(9000), before_read=broken), make, self.sink)
        self.assertEqual(700, error.offset)
        self.assertIsNone(self.sink.size)

    def test_a_layout_that_cannot_be_made_reaches_no_sink(self) -> None:
        def make(guarded: Source) -> Layout:
            raise LookupError('of the format')
        self.assertRaises(LookupError, pipeline.stream, MemorySource(b''),
                          make, lambda chunks, size: self.fail('was called'))

    def test_a_layout_that_fails_ends_the_stream(self) -> None:
        def broken() -> None:
            raise exception.SourceError(offset=7, reason='no extents')
        self.fails(exception.SourceError, MemorySource(b''),
                   Segments(Zeros(5), before=broken))

    def test_a_layout_longer_than_announced_is_cut_before(self) -> None:
        self.fails(exception.TransferError, MemorySource(b''),
                   Segments(Zeros(4096), Zeros(1), size=4096))
        self.assertEqual([4096], self.sink.chunks)

    def test_a_layout_shorter_than_announced_is_an_error(self) -> None:
        self.fails(exception.TransferError, MemorySource(b''),
                   Segments(Zeros(4096), size=4097))

    def test_a_segment_outside_the_volume_is_an_error(self) -> None:
        for wrong in (Copy(-1, 10), Copy(95, 6), Copy(5, -1), Copy(101, 0),
                      Zeros(-1), Packed(95, 6, lambda data: [], list)):
            self.fails(exception.TransferError, MemorySource(bytes(100)),
                       Segments(wrong))

    def test_a_segment_of_no_known_kind_is_an_error(self) -> None:
        self.fails(AssertionError, MemorySource(bytes(100)),
                   Segments(Extent(0, 100, False)))

    def test_a_sink_that_leaves_bytes_is_an_error(self) -> None:
        self.fails(exception.TransferError, MemorySource(bytes(9000)),
                   sink=lambda chunks, size: next(chunks))

    def test_the_sinks_error_passes_unchanged(self) -> None:
        wrong = LookupError('of the sink')

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            next(chunks)
            raise wrong
        self.assertIs(wrong, self.fails(
            LookupError, MemorySource(bytes(50_000)), sink=sink))

    def test_an_interrupt_in_the_sink_passes_unchanged(self) -> None:
        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            next(chunks)
            raise KeyboardInterrupt()
        try:
            self.send(MemorySource(bytes(50_000)), sink=sink)
        except KeyboardInterrupt:
            return
        self.fail('KeyboardInterrupt was lost')

    def test_of_two_errors_the_first_is_raised(self) -> None:
        def broken(offset: int) -> None:
            raise OSError(5, 'Input/output error')

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            try:
                next(chunks)
            except Exception:
                raise ConnectionError('the request was not complete') from None
        error = self.fails(exception.SourceError,
                           MemorySource(bytes(9), before_read=broken),
                           sink=sink)
        self.assertIsInstance(error.__cause__, ConnectionError)

    def test_a_sink_cannot_swallow_an_error(self) -> None:
        def broken(offset: int) -> None:
            raise OSError(5, 'Input/output error')

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            try:
                next(chunks)
            except Exception:
                return
        self.fails(exception.SourceError,
                   MemorySource(bytes(9), before_read=broken), sink=sink)

    def test_an_error_of_progress_ends_the_stream(self) -> None:
        def progress(sent: int) -> None:
            raise LookupError('of progress')
        self.fails(LookupError, MemorySource(bytes(50_000)),
                   progress=progress)

    def test_an_unknown_algorithm_is_the_callers_error(self) -> None:
        self.fails(ValueError, MemorySource(b''), hash_algorithm='crc-1')


class TestCancel(PipelineTestCase):

    def test_cancelling_stops_before_the_next_chunk(self) -> None:
        source = MemorySource(bytes(4096 * 100))
        self.assertRaises(exception.TransferCancelled, self.send, source,
                          cancelled=lambda: len(self.sink.chunks) == 2)
        self.assertEqual(2, len(self.sink.chunks))
        self.assertLessEqual(len(source.reads), 5)

    def test_cancelling_is_noticed_while_reading_hangs(self) -> None:
        released = threading.Event()
        began = time.monotonic()

        def cancelled() -> bool:
            if time.monotonic() - began < 0.1:
                return False
            released.set()   # or the thread could not be joined
            return True
        source = MemorySource(bytes(100),
                              before_read=lambda offset: released.wait(30))
        self.assertRaises(exception.TransferCancelled, self.send, source,
                          cancelled=cancelled)
        self.assertLess(time.monotonic() - began, 5)
