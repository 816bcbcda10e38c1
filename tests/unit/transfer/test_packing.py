# SPDX-License-Identifier: Apache-2.0
"""What is encoded on its way: order, bounds, barriers, errors."""

from collections.abc import Iterator
import hashlib
import random
import threading
import time
import zlib

from tests.fixtures import render
from tests.fixtures.sources import MemorySource
from tests.unit.transfer.base import Collector
from tests.unit.transfer.base import PipelineTestCase
from tests.unit.transfer.base import Segments
from volupload import exception
from volupload.transfer import Barrier
from volupload.transfer import Copy
from volupload.transfer import Literal
from volupload.transfer import MAX_PACKED
from volupload.transfer import Packed
from volupload.transfer import Segment
from volupload.transfer import Zeros

UNIT = 1024
Encoded = list[bytes | memoryview | None]


def compressed(data: memoryview) -> Encoded:
    """Units of a KiB; None for zeros, a part of the buffer if no smaller."""
    units: list[bytes | memoryview | None] = []
    for start in range(0, len(data), UNIT):
        unit = data[start:start + UNIT]
        packed = zlib.compress(unit)
        units.append(None if not any(unit)
                     else packed if len(packed) < len(unit) else unit)
    return units


class Archive:
    """Packed pieces, and after them a table of where each unit went."""

    def __init__(self, source: MemorySource, piece: int = 4096,
                 encode=compressed) -> None:
        self.image_size = None
        self._source = source
        self._piece = piece
        self._encode = encode
        self.table: list[int] = []
        self.placing: set[str] = set()

    def segments(self) -> Iterator[Segment]:
        yield Literal(b'archive')
        for start in range(0, self._source.size, self._piece):
            length = min(self._piece, self._source.size - start)
            yield Packed(start, length, self._encode, self._place)
        yield Barrier()
        yield from (Literal(b'%d\n' % size) for size in self.table)
        yield Copy(0, min(10, self._source.size))
        yield Zeros(3)

    def _place(self, units: Encoded) -> Iterator[bytes | memoryview]:
        self.placing.add(threading.current_thread().name)
        for unit in units:
            self.table.append(len(unit or b''))
            if unit is not None:
                yield unit
                yield b'-'


def mixed(size: int) -> bytes:
    """Units that shrink, that do not, and that are zeros."""
    dice = random.Random(size)
    return b''.join(dice.choice([
        dice.randbytes(UNIT), b'text' * (UNIT // 4), bytes(UNIT)])
        for _ in range(-(-size // UNIT)))[:size]


class TestPacked(PipelineTestCase):

    def assert_as_rendered(self, data: bytes, **options) -> None:
        sink = Collector()
        sent = self.send(MemorySource(data), Archive(MemorySource(data)),
                         sink, **options)
        expected = render.render_bytes(MemorySource(data),
                                       Archive(MemorySource(data)))
        self.assertEqual(expected, bytes(sink.data))
        self.assertEqual(len(expected), sent.bytes_sent)
        self.assertEqual(hashlib.sha512(expected).hexdigest(), sent.digest)

    def test_the_image_is_that_of_a_single_thread(self) -> None:
        for size in (0, 1, 1023, 4096, 4097, 100_001):
            for threads in (1, 2, 5):
                self.assert_as_rendered(mixed(size), threads=threads)

    def test_one_buffer_is_enough(self) -> None:
        self.assert_as_rendered(mixed(20_000), buffer_count=1, threads=2)

    def test_pieces_finish_in_any_order_and_are_sent_in_theirs(self) -> None:
        finished: list[int] = []

        def slow_at_first(data: memoryview) -> Encoded:
            time.sleep(0.05 if data[0] % 3 == 0 else 0)
            finished.append(data[0])
            return [bytes(data)]
        data = b''.join(bytes([n]) * 4096 for n in range(30))
        layout = Segments(*[
            Packed(start, 4096, slow_at_first, lambda encoded: encoded)
            for start in range(0, len(data), 4096)])
        self.send(MemorySource(data), layout, threads=3, buffer_count=6)
        self.assertEqual(data, bytes(self.sink.data))
        self.assertNotEqual(sorted(finished), finished)

    def test_encode_and_place_have_their_threads(self) -> None:
        threads: set[str] = set()
        both = threading.Barrier(2)

        def encode(data: memoryview) -> Encoded:
            both.wait(10)
            threads.add(threading.current_thread().name)
            return [data]
        source = MemorySource(bytes(8192))
        layout = Archive(source, encode=encode)
        self.send(source, layout, threads=2)
        self.assertEqual({'transfer-pack-0', 'transfer-pack-1'}, threads)
        self.assertEqual({threading.current_thread().name}, layout.placing)

    def test_without_anything_to_pack_there_are_no_packers(self) -> None:
        seen: set[str] = set()
        self.send(MemorySource(bytes(9000)), threads=3,
                  progress=lambda sent: seen.update(self.threads()))
        self.assertLessEqual(seen, {'transfer-read', 'transfer-digest'})

    def test_pieces_of_one_job_are_one_chunk(self) -> None:
        source = MemorySource(mixed(4096))
        self.send(source, Segments(Packed(
            0, 4096, lambda data: [b'1'] * 1000, lambda encoded: encoded)))
        self.assertEqual([1000], self.sink.chunks)

    def test_a_job_may_become_much_longer(self) -> None:
        def place(encoded: Encoded) -> Iterator[bytes]:
            for number in range(1000):
                yield b'%04d' % number * 3000
        self.send(MemorySource(b'a' * 4096), Segments(
            Packed(0, 4096, lambda data: [], place)))
        expected = b''.join(b'%04d' % number * 3000 for number in range(1000))
        self.assertEqual(expected, bytes(self.sink.data))
        self.assertLess(max(self.sink.chunks), MAX_PACKED + 12000)

    def test_a_job_may_become_nothing(self) -> None:
        layout = Segments(*[Packed(0, 100, lambda data: [None],
                                   lambda encoded: [])] * 20, size=0)
        sent = self.send(MemorySource(bytes(100)), layout)
        self.assertEqual((0, hashlib.sha512().hexdigest()),
                         (sent.bytes_sent, sent.digest))

    def test_odd_offsets_are_packed_whole(self) -> None:
        data = random.Random(1).randbytes(20_000)
        self.send(MemorySource(data), Segments(
            Packed(4095, 4096, lambda view: [view], lambda encoded: encoded)))
        self.assertEqual(data[4095:8191], bytes(self.sink.data))

    def test_buffers_bound_what_is_in_flight(self) -> None:
        flying = most = 0
        lock = threading.Lock()

        def encode(data: memoryview) -> Encoded:
            nonlocal flying, most
            with lock:
                flying += 1
                most = max(most, flying)
            return [bytes(data)]

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            nonlocal flying
            for _ in chunks:
                time.sleep(0.002)
                with lock:
                    flying -= 1
        self.send(MemorySource(bytes(4096 * 50)), Segments(*[
            Packed(4096 * n, 4096, encode, lambda encoded: encoded)
            for n in range(50)]), sink, threads=4)
        self.assertLessEqual(most, 4)   # three buffers, one just counted down

    def test_more_than_a_buffer_cannot_be_packed(self) -> None:
        for length in (4097, 0, -1):
            self.fails(exception.TransferError, MemorySource(bytes(9000)),
                       Segments(Packed(0, length, compressed, list)))


class TestPackingErrors(PipelineTestCase):

    def test_an_error_of_encode_comes_in_its_turn(self) -> None:
        wrong = LookupError('of encode')

        def encode(data: memoryview) -> Encoded:
            if data[0] == 2:
                raise wrong
            time.sleep(0.01)
            return [bytes(data)]
        source = MemorySource(b''.join(bytes([n]) * 4096 for n in range(9)))
        error = self.fails(LookupError, source, Segments(*[
            Packed(4096 * n, 4096, encode, lambda encoded: encoded)
            for n in range(9)]), threads=3)
        self.assertIs(wrong, error)
        self.assertEqual(source.data[:8192], bytes(self.sink.data))

    def test_an_error_of_place_is_raised(self) -> None:
        def place(encoded: Encoded) -> Iterator[bytes]:
            yield b'x' * 5000
            raise LookupError('of place')
        self.fails(LookupError, MemorySource(bytes(50_000)), Segments(*[
            Packed(0, 4096, compressed, place)] * 9))

    def test_a_read_error_behind_a_piece_comes_after_it(self) -> None:
        def broken(offset: int) -> None:
            if offset == 4096:
                raise OSError(5, 'Input/output error')
        source = MemorySource(b'a' * 9000, before_read=broken)
        error = self.fails(exception.SourceError, source, Archive(source))
        self.assertEqual(4096, error.offset)
        self.assertEqual(b'archive', bytes(self.sink.data[:7]))
        self.assertGreater(len(self.sink.data), 7)

    def test_a_sink_that_fails_ends_the_packers(self) -> None:
        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            next(chunks)
            next(chunks)
            raise ConnectionError('gone')
        source = MemorySource(mixed(100_000))
        self.fails(ConnectionError, source, Archive(source), sink, threads=4)


class TestBarrier(PipelineTestCase):

    def test_all_before_was_sent_when_the_layout_goes_on(self) -> None:
        events: list[str] = []

        def lazy() -> Iterator[Segment]:
            yield Literal(b'a')
            yield Packed(0, 100, lambda data: time.sleep(0.05) or [],
                         lambda encoded: events.append('placed') or [b'b'])
            yield Barrier()
            events.append('resumed')
            yield Literal(b'c')

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            for chunk in chunks:
                time.sleep(0.02)
                events.append(bytes(chunk).decode())
        self.send(MemorySource(bytes(100)), Segments(lazy=lazy), sink)
        self.assertEqual(['a', 'placed', 'b', 'resumed', 'c'], events)

    def test_barriers_alone_send_nothing(self) -> None:
        sent = self.send(MemorySource(b''), Segments(*[Barrier()] * 50))
        self.assertEqual(0, sent.bytes_sent)

    def test_a_failure_reaches_a_reader_at_a_barrier(self) -> None:
        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            next(chunks)
            time.sleep(0.05)   # the reader is at the barrier by now
            raise ConnectionError('gone')
        self.fails(ConnectionError, MemorySource(b''),
                   Segments(Literal(b'a'), Barrier(), Literal(b'b')), sink)
