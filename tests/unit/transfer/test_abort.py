# SPDX-License-Identifier: Apache-2.0
"""A transfer that is called off leaves within two seconds, wherever it is."""

from collections.abc import Iterator
import gc
import threading
import time
import weakref

from tests.fixtures.sources import MemorySource
from tests.unit.transfer.base import PipelineTestCase
from tests.unit.transfer.base import Segments
from volupload import exception
from volupload.transfer import Barrier
from volupload.transfer import Extent
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import Packed
from volupload.transfer import pipeline
from volupload.transfer import Source
from volupload.transfer import throttle
from volupload.transfer.formats import raw

LIMIT = 2   # seconds


class AbortTestCase(PipelineTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.released = threading.Event()
        self.addCleanup(self.join_what_hung)

    def join_what_hung(self) -> None:
        self.released.set()
        for thread in threading.enumerate():
            if thread.name.startswith('transfer-'):
                thread.join(5)

    def hang(self, *args: object) -> None:
        self.released.wait(30)

    def assert_leaves(self, source: MemorySource, make_layout=raw.Raw,
                      **options) -> None:
        """It is cancelled after a moment, and leaves in time."""
        soon = time.monotonic() + 0.3

        def cancelled() -> bool:
            return time.monotonic() > soon
        self.assertRaises(
            exception.TransferCancelled, pipeline.stream, source, make_layout,
            self.sink, cancelled=cancelled, **options)
        self.assertLess(time.monotonic() - soon, LIMIT)


class TestHungRead(AbortTestCase):

    def test_in_the_stream(self) -> None:
        source = MemorySource(bytes(100), before_read=self.hang)
        self.assert_leaves(source)
        self.assertEqual(['transfer-read'], self.threads())
        self.assertIn('A read of the volume hangs', self.logs.output)

    def test_in_a_sample_of_the_layout(self) -> None:
        def make_layout(source: Source) -> Layout:
            source.readinto(0, memoryview(bytearray(10)))
            raise AssertionError('the transfer was over')
        self.assert_leaves(
            MemorySource(bytes(100), before_read=self.hang), make_layout)
        self.assertEqual(['transfer-read'], self.threads())

    def test_while_extents_are_looked_for(self) -> None:
        source = MemorySource(bytes(100))

        def extents() -> Iterator[Extent]:
            self.hang()
            yield Extent(0, 100, False)
        source.extents = extents
        self.assert_leaves(source)

    def test_the_thread_ends_with_the_read(self) -> None:
        source = MemorySource(bytes(10_000_000), before_read=self.hang)
        self.assert_leaves(source)
        reads = len(source.reads)
        self.join_what_hung()
        self.assert_no_threads()
        self.assertLessEqual(len(source.reads), reads + 1)

    def test_only_the_buffer_being_read_into_remains(self) -> None:
        made: list[weakref.ref] = []
        source = MemorySource(bytes(100))

        def readinto(offset: int, buffer: memoryview) -> int:
            made.append(weakref.ref(buffer.obj))
            if len(made) == 2:
                self.hang()
            return len(buffer)
        source.size = 5000
        source.readinto = readinto
        self.assert_leaves(source, buffer_size=4096)
        gc.collect()
        self.assertEqual([False, True], [one() is not None for one in made])

    def test_when_the_sink_fails_nobody_waits_either(self) -> None:
        source = MemorySource(
            bytes(9000), before_read=lambda offset: offset and self.hang())

        def sink(chunks: Iterator[memoryview], size: int | None) -> None:
            next(chunks)
            raise ConnectionError('gone')
        began = time.monotonic()
        self.assertRaises(ConnectionError, self.send, source, sink=sink)
        self.assertLess(time.monotonic() - began, LIMIT)


class TestLongWork(AbortTestCase):

    def test_a_scan_ends_with_its_next_read(self) -> None:
        def scan(source: Source) -> Layout:
            while True:
                source.readinto(0, memoryview(bytearray(10)))
        self.assert_leaves(MemorySource(bytes(100)), scan)
        self.assert_no_threads()

    def test_a_layout_of_endless_extents_ends(self) -> None:
        source = MemorySource(bytes(100))
        source.size = 1 << 60

        def extents() -> Iterator[Extent]:
            for start in range(1 << 60):
                yield Extent(start, 1, True)
        source.extents = extents
        self.assert_leaves(source, lambda guarded: list(guarded.extents()))
        self.assert_no_threads()

    def test_a_layout_of_endless_nothing_ends(self) -> None:
        def nothing() -> Iterator[Literal]:
            while True:
                yield Literal(b'')
        self.assert_leaves(MemorySource(b''),
                           lambda source: Segments(lazy=nothing))
        self.assert_no_threads()

    def test_in_encode(self) -> None:
        def encode(data: memoryview) -> list[memoryview]:
            self.hang()
            return [data]
        self.assert_leaves(
            MemorySource(bytes(100)), lambda source: Segments(
                *[Packed(0, 100, encode, list)] * 20), threads=4)
        self.assertLessEqual(set(self.threads()),
                             {f'transfer-pack-{n}' for n in range(4)})

    def test_at_a_barrier(self) -> None:
        def slow(data: memoryview) -> list[bytes]:
            time.sleep(0.6)
            return []
        self.assert_leaves(
            MemorySource(bytes(100)), lambda source: Segments(
                Packed(0, 100, slow, list), Barrier(), Literal(b'table')))
        self.assert_no_threads()

    def test_at_the_throttle(self) -> None:
        self.assert_leaves(MemorySource(bytes(1_000_000)),
                           throttle=throttle.Throttle(1000))
        self.assert_no_threads()

    def test_while_many_streams_wait_at_the_throttle(self) -> None:
        shared = throttle.Throttle(1000)
        stop = threading.Event()
        ended: list[type[BaseException]] = []

        def upload() -> None:
            try:
                self.send(MemorySource(bytes(1_000_000)), throttle=shared,
                          sink=lambda chunks, size: list(chunks),
                          cancelled=stop.is_set)
            except exception.TransferCancelled as error:
                ended.append(type(error))
        threads = [threading.Thread(target=upload) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        began = time.monotonic()
        stop.set()
        for thread in threads:
            thread.join(10)
        self.assertLess(time.monotonic() - began, LIMIT)
        self.assertEqual([exception.TransferCancelled] * 5, ended)
