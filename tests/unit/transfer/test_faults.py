# SPDX-License-Identifier: Apache-2.0
"""Sources that misbehave, in every format: no image is ever quietly wrong.

Each transfer ends in an error that says where, or in the image that was laid
out. What that is, the single-threaded renderer of the tests says, but for the
sectors that are never the same twice: those with a random identifier.
"""

from collections.abc import Callable
from collections.abc import Iterator
import hashlib
import itertools
import random
import zlib

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from tests.fixtures import render
from tests.fixtures.sources import MemorySource
from tests.unit.transfer.base import Collector
from tests.unit.transfer.base import PipelineTestCase
from volupload import exception
from volupload.transfer import Compression
from volupload.transfer import Extent
from volupload.transfer import formats
from volupload.transfer import Layout
from volupload.transfer import pipeline
from volupload.transfer import Source

CLUSTER = 64 * 1024
CODECS = ('none', 'auto', 'zlib', 'zstd')
CASES = list(itertools.product(sorted(formats.FORMATS), CODECS))

# What a read can do: the number of bytes that it claims to have read, from
# the number that was asked for, or an error.
Fault = Callable[[int], int]


def failing(asked: int) -> int:
    raise OSError(5, 'Input/output error')


WRONG: dict[str, Fault] = {
    'error': failing,
    'nothing': lambda asked: 0,
    'negative': lambda asked: -1,
    'too much': lambda asked: asked + 1,
}
SHORT: Fault = lambda asked: (asked + 1) // 2   # noqa: E731


def content(seed: int = 0) -> bytes:
    """Clusters that shrink, that do not, and zeros; the end is odd."""
    dice = random.Random(seed)
    return b''.join([
        dice.randbytes(CLUSTER), b'text' * (CLUSTER // 4), bytes(CLUSTER),
        b'more' * (CLUSTER // 4), bytes(2 * CLUSTER), dice.randbytes(700)])


class FaultySource(MemorySource):
    """Its n-th read is bad."""

    def __init__(self, data: bytes, faults: dict[int, Fault]) -> None:
        super().__init__(data)
        self.asked: list[int] = []
        self._faults = faults

    def readinto(self, offset: int, buffer: memoryview) -> int:
        self.asked.append(offset)
        fault = self._faults.get(len(self.asked) - 1)
        if fault is None:
            return super().readinto(offset, buffer)
        count = fault(len(buffer))
        super().readinto(offset, buffer[:max(0, count)])
        return count


class Expected:
    """An image by its sectors; those that vary are not compared."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        images = [make(), make()]
        self.size = len(images[0])
        assert self.size == len(images[1])
        self._sectors = [one if one == other else None
                         for one, other in zip(*map(sectors, images),
                                               strict=True)]
        # Identifiers are a few sectors of any format.
        assert self._sectors.count(None) <= 12

    def is_in(self, image: bytes | bytearray) -> bool:
        return len(image) == self.size and all(
            expected in (there, None)
            for there, expected in zip(sectors(image), self._sectors,
                                       strict=True))


def sectors(image: bytes | bytearray) -> list[int]:
    view = memoryview(image)
    return [zlib.crc32(view[start:start + 512])
            for start in range(0, len(view), 512)]


class FaultTestCase(PipelineTestCase):

    def transfer(self, source: Source, disk_format: str,
                 codec: str) -> bytearray:
        """What succeeds has the size and the checksum that it says."""
        def make(opened: Source) -> Layout:
            return formats.FORMATS[disk_format](opened, Compression(codec))
        return self.stream(source, make)

    def stream(self, source: Source,
               make: Callable[[Source], Layout]) -> bytearray:
        sink = Collector()
        sent = pipeline.stream(source, make, sink)
        self.assertEqual(len(sink.data), sent.bytes_sent)
        self.assertEqual(hashlib.sha512(sink.data).hexdigest(), sent.digest)
        return sink.data

    def rendered(self, source: Source, disk_format: str,
                 codec: str) -> Expected:
        return Expected(lambda: render.render_bytes(
            source, formats.FORMATS[disk_format](source, Compression(codec))))

    def reads(self, disk_format: str, codec: str) -> int:
        source = FaultySource(content(), {})
        self.transfer(source, disk_format, codec)
        return len(source.asked)


class TestReads(FaultTestCase):

    def test_healthy_sources_make_what_is_rendered(self) -> None:
        for disk_format, codec in CASES:
            source = MemorySource(content())
            expected = self.rendered(source, disk_format, codec)
            image = self.transfer(source, disk_format, codec)
            self.assertTrue(expected.is_in(image), disk_format)

    def assert_bad_reads_fail(self, name: str) -> None:
        """At each read of each format, of the layout too."""
        for disk_format, codec in CASES:
            for index in range(self.reads(disk_format, codec)):
                source = FaultySource(content(), {index: WRONG[name]})
                error = self.assertRaises(
                    (exception.SourceError, exception.ShortRead),
                    self.transfer, source, disk_format, codec)
                self.assertEqual(source.asked[index], error.offset)
                self.assert_no_threads()

    def test_an_error_fails(self) -> None:
        self.assert_bad_reads_fail('error')

    def test_an_early_end_fails(self) -> None:
        self.assert_bad_reads_fail('nothing')

    def test_a_negative_length_fails(self) -> None:
        self.assert_bad_reads_fail('negative')

    def test_too_great_a_length_fails(self) -> None:
        self.assert_bad_reads_fail('too much')

    def test_short_reads_change_nothing(self) -> None:
        for disk_format, codec in CASES:
            expected = self.rendered(MemorySource(content()), disk_format,
                                     codec)
            for index in range(self.reads(disk_format, codec)):
                source = FaultySource(content(), {index: SHORT})
                image = self.transfer(source, disk_format, codec)
                self.assertTrue(expected.is_in(image), disk_format)

    @settings(deadline=None, max_examples=60)
    @given(case=strategies.sampled_from(CASES), seed=strategies.integers(0, 9),
           faults=strategies.dictionaries(
               strategies.integers(0, 30),
               strategies.sampled_from([SHORT, *WRONG.values()])))
    def test_any_faults(self, case: tuple[str, str], seed: int,
                        faults: dict[int, Fault]) -> None:
        source = FaultySource(content(seed), faults)
        expected = self.rendered(MemorySource(source.data), *case)
        try:
            image = self.transfer(source, *case)
        except (exception.SourceError, exception.ShortRead):
            return
        met = [fault for index, fault in faults.items()
               if index < len(source.asked)]
        self.assertEqual([SHORT] * len(met), met)
        self.assertTrue(expected.is_in(image))


class Changing(MemorySource):
    """Becomes something else once it is laid out."""

    def __init__(self, before: bytes, after: bytes) -> None:
        super().__init__(before)
        self._after = after

    def change(self) -> None:
        self.data = self._after


class TestChanges(FaultTestCase):

    def assert_as_laid_out(self, before: bytes, after: bytes,
                           disk_format: str, codec: str) -> None:
        """Blocks are those of before, their bytes those of after."""
        def make(opened: Source) -> Layout:
            layout = formats.FORMATS[disk_format](opened, Compression(codec))
            source.change()
            return layout

        def rendered() -> bytes:
            nonlocal source
            source = Changing(before, after)
            return render.render_bytes(source, make(source))
        source = Changing(before, after)
        expected = Expected(rendered)
        source = Changing(before, after)
        self.assertTrue(expected.is_in(self.stream(source, make)),
                        (disk_format, codec))

    def test_data_appears_changes_and_vanishes(self) -> None:
        size = len(content())
        for case in CASES:
            self.assert_as_laid_out(content(), content(1), *case)
            self.assert_as_laid_out(content(), bytes(size), *case)
            self.assert_as_laid_out(bytes(size), content(), *case)
            # What looked as if it would shrink does not.
            self.assert_as_laid_out(
                b'text' * (size // 4), random.Random(2).randbytes(size), *case)

    def test_a_volume_that_grows_is_sent_as_it_was(self) -> None:
        for case in CASES:
            self.assert_as_laid_out(
                content(), content() + b'grown' * CLUSTER, *case)

    def test_a_volume_that_shrinks_fails_where_it_ends(self) -> None:
        for (disk_format, codec), end in itertools.product(
                CASES, (0, 1, CLUSTER, 2 * CLUSTER - 1, 6 * CLUSTER + 699)):
            source = Changing(content(), content()[:end])

            def make(opened: Source, source=source, case=(
                    disk_format, codec)) -> Layout:
                layout = formats.FORMATS[case[0]](
                    opened, Compression(case[1]))
                source.change()
                return layout
            error = self.assertRaises(exception.ShortRead, pipeline.stream,
                                      source, make, Collector())
            self.assertGreaterEqual(error.offset, end)
            self.assert_no_threads()


class TestExtents(FaultTestCase):

    def assert_refused(self, *extents: Extent, size: int = 1000) -> None:
        for disk_format, codec in CASES:
            source = MemorySource(bytes(size), extents)
            self.assertRaises(exception.SourceError, self.transfer, source,
                              disk_format, codec)
            self.assert_no_threads()

    def test_a_gap(self) -> None:
        self.assert_refused(Extent(0, 400, True), Extent(401, 599, False))
        self.assert_refused(Extent(1, 999, False))

    def test_an_overlap(self) -> None:
        self.assert_refused(Extent(0, 400, True), Extent(399, 601, False))

    def test_another_end(self) -> None:
        self.assert_refused(Extent(0, 999, False))
        self.assert_refused(Extent(0, 1001, False))
        self.assert_refused()

    def test_a_negative_length(self) -> None:
        self.assert_refused(Extent(0, 1200, False), Extent(1200, -200, False))

    def test_a_file_system_that_fails(self) -> None:
        def broken() -> Iterator[Extent]:
            yield Extent(0, 400, True)
            raise OSError(5, 'Input/output error')
        for disk_format, codec in CASES:
            error = self.assertRaises(
                exception.SourceError, self.transfer,
                MemorySource(bytes(1000), broken()), disk_format, codec)
            self.assertEqual(400, error.offset)
