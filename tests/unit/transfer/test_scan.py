# SPDX-License-Identifier: Apache-2.0

import random

from hypothesis import given
from hypothesis import strategies

from tests import base
from tests.fixtures.sources import MemorySource
from tests.fixtures.sources import SparseSource
from volupload import exception
from volupload.transfer import blocks
from volupload.transfer import Extent
from volupload.transfer import scan

KI = 1024
MI = KI * KI
GI = KI * MI
CLUSTER = 64 * KI


class Patterned:
    """A volume said to be all data; ``is_data`` tells of each 64 KiB."""

    def __init__(self, size, is_data):
        self.size = size
        self.reads = []
        self._is_data = is_data

    def extents(self):
        yield Extent(0, self.size, False)

    def readinto(self, offset, buffer):
        self.reads.append((offset, len(buffer)))
        for position in range(0, len(buffer), CLUSTER):
            part = buffer[position:position + CLUSTER]
            kind = self._is_data((offset + position) // CLUSTER)
            part[:] = (b'\1' if kind else b'\0') * len(part)
        return len(buffer)

    @property
    def bytes_read(self):
        return sum(length for _offset, length in self.reads)


def runs(found: blocks.BlockMap) -> list[tuple[int, int]]:
    return [(run.start, run.count) for run in found.runs()]


class TestShortVolumes(base.TestCase):

    def test_one_of_no_bytes_has_no_blocks(self) -> None:
        self.assertEqual([], runs(scan.map_blocks(MemorySource(b''), 512)))

    def test_zeros_are_found_that_are_called_data(self) -> None:
        volume = bytes(CLUSTER) + b'x' * CLUSTER + bytes(CLUSTER)
        found = scan.map_blocks(MemorySource(volume), CLUSTER)
        self.assertEqual([(1, 1)], runs(found))

    def test_one_byte_at_the_end_of_a_block_is_data(self) -> None:
        for size in (512, CLUSTER, MI, 2 * MI, 8 * MI):
            volume = bytes(size) + bytes(size - 1) + b'x'
            found = scan.map_blocks(MemorySource(volume), size)
            self.assertEqual([(1, 1)], runs(found), size)

    def test_what_is_called_a_hole_is_not_read(self) -> None:
        source = MemorySource(bytes(CLUSTER) + b'x' * CLUSTER,
                              [Extent(0, CLUSTER, True),
                               Extent(CLUSTER, CLUSTER, False)])
        self.assertEqual([(1, 1)], runs(scan.map_blocks(source, CLUSTER)))
        self.assertEqual([(CLUSTER, CLUSTER)], source.reads)

    def test_an_odd_end_is_a_block(self) -> None:
        found = scan.map_blocks(
            MemorySource(bytes(3 * CLUSTER) + b'x' * 700), CLUSTER)
        self.assertEqual([(3, 1)], runs(found))
        found = scan.map_blocks(MemorySource(b'x' + bytes(CLUSTER)), CLUSTER)
        self.assertEqual([(0, 1)], runs(found))

    def test_short_reads_are_continued(self) -> None:
        source = MemorySource(bytes(MI) + b'x' * 1000, at_most=333)
        self.assertEqual([(16, 1)], runs(scan.map_blocks(source, CLUSTER)))

    @given(strategies.lists(strategies.tuples(
        strategies.booleans(), strategies.integers(1, 40))),
        strategies.sampled_from([KI, 4 * KI, 64 * KI, 512 * KI, MI, 2 * MI]),
        strategies.integers(0, 900))
    def test_finds_exactly_the_blocks_that_are_not_zeros(
            self, pattern: list[tuple[bool, int]], block_size: int,
            odd: int) -> None:
        volume = b''.join((b'\0' if zero else b'\0\1') * 4 * KI * count
                          for zero, count in pattern) + b'\1' * odd
        told = blocks.BlockMap.from_extents(
            [Extent(0, len(volume), False)], len(volume), block_size)
        expected = [number for number in range(told.count)
                    if any(volume[number * block_size:
                                  (number + 1) * block_size])]
        found = scan.map_blocks(MemorySource(volume), block_size)
        self.assertEqual(expected, [number for run in found.runs()
                                    for number in range(run.start, run.end)])


class TestReading(base.TestCase):

    def test_small_blocks_are_read_many_at_once_and_aligned(self) -> None:
        source = Patterned(8 * MI, lambda number: number % 3)
        source.extents = lambda: iter([Extent(0, CLUSTER, True),
                                       Extent(CLUSTER, 8 * MI - CLUSTER,
                                              False)])
        scan.map_blocks(source, CLUSTER)
        self.assertEqual(
            [(CLUSTER, MI - CLUSTER)] + [(n * MI, MI) for n in range(1, 8)],
            source.reads)

    def test_of_large_blocks_with_data_only_a_part_is_read(self) -> None:
        source = Patterned(32 * MI, lambda number: True)
        found = scan.map_blocks(source, 2 * MI)
        self.assertEqual([(0, 16)], runs(found))
        self.assertEqual(16 * 64 * KI, source.bytes_read)

    def test_of_large_blocks_of_zeros_all_is_read_once(self) -> None:
        source = Patterned(32 * MI, lambda number: False)
        self.assertEqual([], runs(scan.map_blocks(source, 8 * MI)))
        self.assertEqual(32 * MI, source.bytes_read)

    def test_a_volume_that_ends_early_says_where(self) -> None:
        source = MemorySource(b'x' * CLUSTER)
        source.size = 2 * CLUSTER
        error = self.assertRaises(exception.ShortRead, scan.map_blocks,
                                  source, CLUSTER)
        self.assertEqual(CLUSTER, error.offset)

    def test_an_error_says_the_offset(self) -> None:
        def fail(offset: int) -> None:
            if offset >= MI:
                raise OSError(5, 'Input/output error')
        source = MemorySource(bytes(2 * MI), before_read=fail)
        error = self.assertRaises(exception.SourceError, scan.map_blocks,
                                  source, CLUSTER)
        self.assertEqual(MI, error.offset)


class TestSample(base.TestCase):
    """Volumes of which a sample decides whether they are scanned."""

    SIZE = 2 * GI
    COUNT = SIZE // CLUSTER

    def is_scanned(self, is_data, block_size=CLUSTER) -> bool:
        source = Patterned(self.SIZE, is_data)
        told = scan.map_blocks(source, block_size)
        self.assertLessEqual(source.bytes_read, 2.2 * self.SIZE)
        return told.used < told.count

    def test_of_all_data_little_is_read(self) -> None:
        source = Patterned(self.SIZE, lambda number: True)
        found = scan.map_blocks(source, CLUSTER)
        self.assertEqual([(0, self.COUNT)], runs(found))
        self.assertEqual(scan.SAMPLE * CLUSTER, source.bytes_read)

    def test_half_of_zeros_is_found_wherever_it_lies(self) -> None:
        half = self.COUNT // 2
        for name, is_data in {
                'front': lambda number: number >= half,
                'end': lambda number: number < half,
                'middle': lambda number: not 0 <= number - half // 2 < half,
                'every other': lambda number: number % 2,
                'every other MiB': lambda number: number // 16 % 2,
                'every other 128 MiB': lambda number: number // 2048 % 2,
                }.items():
            self.assertTrue(self.is_scanned(is_data), name)

    def test_one_part_in_twenty_is_not_worth_a_scan(self) -> None:
        limit = self.COUNT * 19 // 20
        self.assertFalse(self.is_scanned(lambda number: number < limit))
        self.assertFalse(self.is_scanned(lambda number: number % 20))

    def test_large_blocks_are_worth_a_scan_sooner(self) -> None:
        tenth = self.COUNT // 10
        self.assertFalse(self.is_scanned(lambda number: number >= tenth))
        self.assertTrue(self.is_scanned(lambda number: number >= tenth,
                                        2 * MI))

    def test_zeros_at_the_distance_of_the_sample_do_not_escape_it(
            self) -> None:
        source = Patterned(scan.SAMPLE * 64 * CLUSTER,
                           lambda number: 24 <= number % 64 < 40)
        found = scan.map_blocks(source, CLUSTER)
        self.assertEqual(found.count // 4, found.used)

    def test_the_answer_is_the_same_each_time(self) -> None:
        content = random.Random(3).choices([True, False], [3, 1],
                                           k=self.COUNT)
        first, second = (scan.map_blocks(
            Patterned(self.SIZE, content.__getitem__), CLUSTER)
            for _ in range(2))
        self.assertEqual(runs(first), runs(second))

    def test_sixteen_tebibytes_with_a_byte_are_looked_at_at_once(self) -> None:
        source = SparseSource(16 * KI * GI, {5 * KI * GI: b'x'})
        found = scan.map_blocks(source, CLUSTER)
        self.assertEqual([(5 * KI * GI // CLUSTER, 1)], runs(found))


class TestSampleBlocks(base.TestCase):

    @given(strategies.lists(strategies.tuples(
        strategies.integers(0, 3000), strategies.integers(1, 3000))),
        strategies.integers(1, 200))
    def test_takes_one_block_of_each_equal_part_of_the_data(
            self, marked: list[tuple[int, int]], number: int) -> None:
        told = blocks.BlockMap(6000 * 10, 10)
        for start, count in marked:
            told.mark(blocks.Run(start, count))
        used = [block for run in told.runs()
                for block in range(run.start, run.end)]
        found = list(scan.sample_blocks(told, number))
        taken = min(number, len(used))
        self.assertEqual(taken, len(found))
        for part, block in enumerate(found):
            first = part * len(used) // taken
            last = (part + 1) * len(used) // taken
            self.assertIn(block, used[first:last])

    def test_of_few_blocks_all_are_taken(self) -> None:
        told = blocks.BlockMap(100, 10)
        told.mark(blocks.Run(2, 3))
        self.assertEqual([2, 3, 4], list(scan.sample_blocks(told, 96)))


class TestDensity(base.TestCase):

    def dense(self, size: int, zero_share: float) -> bool:
        told = blocks.BlockMap.from_extents(
            [Extent(0, size, False)], size, 65536)
        return scan.is_dense(told, zero_share)

    def test_a_long_volume_with_few_zeros_needs_no_scan(self) -> None:
        self.assertTrue(self.dense(scan.ALWAYS + 65536, 0.0))
        self.assertTrue(self.dense(scan.ALWAYS + 65536, 0.24))

    def test_many_zeros_are_worth_a_scan(self) -> None:
        self.assertFalse(self.dense(scan.ALWAYS + 65536, 0.25))

    def test_a_short_volume_is_scanned_in_any_case(self) -> None:
        self.assertFalse(self.dense(scan.ALWAYS, 0.0))
