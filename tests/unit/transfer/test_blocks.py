# SPDX-License-Identifier: Apache-2.0

import sys
import tracemalloc

from hypothesis import example
from hypothesis import given
from hypothesis import strategies

from tests import base
from tests.fixtures import render
from tests.fixtures import sources
from volupload.transfer import blocks
from volupload.transfer import Copy
from volupload.transfer import Extent
from volupload.transfer import Zeros

KI = 1024
TI = KI ** 4
CLUSTER = 64 * KI
REGION = blocks.REGION

# Blocks around the ends of regions are where a map goes wrong.
NUMBERS = strategies.one_of(
    strategies.integers(0, 3 * REGION),
    strategies.builds(lambda region, by: max(0, region * REGION + by),
                      strategies.integers(0, 3), strategies.integers(-2, 2)))
MARKED = strategies.lists(strategies.tuples(
    NUMBERS, strategies.one_of(strategies.integers(0, 5), NUMBERS)),
    max_size=12)


def made(runs: list[tuple[int, int]]) -> tuple[blocks.BlockMap, set[int]]:
    """A map of four regions, the last of one block, and the naive one."""
    count = 3 * REGION + 1
    result, naive = blocks.BlockMap(count * 10 - 3, 10), set()
    for start, length in runs:
        length = min(length, max(0, count - start))
        result.mark(blocks.Run(start, length))
        naive |= set(range(start, start + length))
    return result, naive


def numbers(runs: list[blocks.Run]) -> list[int]:
    return [number for run in runs for number in range(run.start, run.end)]


class TestBlockMap(base.TestCase):

    @given(MARKED)
    @example([(0, 3 * REGION + 1)])
    @example([(0, REGION), (REGION, REGION)])
    @example([(REGION - 1, 2)])
    @example([(3 * REGION, 1)])
    def test_is_the_set_of_what_was_marked(
            self, marked: list[tuple[int, int]]) -> None:
        found, naive = made(marked)
        runs = list(found.runs())
        self.assertEqual(sorted(naive), numbers(runs))
        self.assertEqual(len(naive), found.used)
        for one, two in zip(runs, runs[1:], strict=False):
            self.assertLess(one.end, two.start)

    @given(MARKED)
    def test_a_region_is_its_part_of_the_whole(
            self, marked: list[tuple[int, int]]) -> None:
        found, naive = made(marked)
        for region in range(4):
            inside = sorted(number for number in naive
                            if number // REGION == region)
            runs = list(found.runs_of(region))
            self.assertEqual(inside, numbers(runs))
            for one, two in zip(runs, runs[1:], strict=False):
                self.assertLess(one.end, two.start)

    @given(MARKED)
    def test_used_regions_are_those_that_have_runs(
            self, marked: list[tuple[int, int]]) -> None:
        found, _naive = made(marked)
        counted = [(region, sum(run.count for run in found.runs_of(region)))
                   for region in range(4)]
        self.assertEqual([(region, used) for region, used in counted if used],
                         list(found.used_regions()))

    @given(strategies.integers(1, 300), strategies.integers(1, 20),
           strategies.lists(strategies.tuples(
               strategies.integers(0, 300), strategies.integers(0, 40),
               strategies.booleans())))
    def test_a_block_with_one_byte_of_data_is_used(
            self, size: int, block_size: int,
            told: list[tuple[int, int, bool]]) -> None:
        found = [Extent(min(start, size), min(length, max(0, size - start)),
                        zero) for start, length, zero in told]
        naive = {byte // block_size for extent in found if not extent.zero
                 for byte in range(extent.start, extent.end)}
        result = blocks.BlockMap.from_extents(found, size, block_size)
        self.assertEqual(sorted(naive), numbers(list(result.runs())))

    @given(strategies.binary(min_size=1, max_size=60),
           strategies.integers(1, 9), strategies.data())
    def test_copies_are_the_used_blocks_and_the_last_is_made_whole(
            self, volume: bytes, block_size: int,
            data: strategies.DataObject) -> None:
        count = -(-len(volume) // block_size)
        used = data.draw(strategies.sets(strategies.integers(0, count - 1)))
        found = blocks.BlockMap(len(volume), block_size)
        for number in used:
            found.mark(blocks.Run(number, 1))
        padded = volume.ljust(count * block_size, b'\0')
        expected = b''.join(
            padded[number * block_size:(number + 1) * block_size]
            for number in sorted(used))
        layout = _Copies(found)
        self.assertEqual(expected, render.render_bytes(
            sources.MemorySource(volume), layout))

    def test_the_volume_is_not_copied_beyond_its_end(self) -> None:
        found = blocks.BlockMap(25, 10)
        found.mark(blocks.Run(1, 2))
        self.assertEqual([Copy(10, 15), Zeros(5)], list(found.copies()))

    def test_a_volume_of_no_bytes_has_no_blocks(self) -> None:
        found = blocks.BlockMap.from_extents([], 0, CLUSTER)
        self.assertEqual((0, 0, []),
                         (found.count, found.used, list(found.runs())))

    def test_one_sector_is_one_block(self) -> None:
        found = blocks.BlockMap.from_extents(
            [Extent(0, 512, False)], 512, CLUSTER)
        self.assertEqual([Copy(0, 512), Zeros(CLUSTER - 512)],
                         list(found.copies()))


class TestHugeVolumes(base.TestCase):

    def test_a_sparse_one_takes_next_to_no_memory(self) -> None:
        told = [Extent(0, CLUSTER, False),
                Extent(CLUSTER, 16 * TI - 2 * CLUSTER, True),
                Extent(16 * TI - CLUSTER, CLUSTER, False)]
        found = self.within(KI * KI, told)
        self.assertEqual([blocks.Run(0, 1),
                          blocks.Run(16 * TI // CLUSTER - 1, 1)],
                         list(found.runs()))

    def test_a_full_one_neither(self) -> None:
        found = self.within(KI * KI, [Extent(0, 16 * TI, False)])
        self.assertEqual([blocks.Run(0, 16 * TI // CLUSTER)],
                         list(found.runs()))
        self.assertEqual(16 * TI // CLUSTER, found.used)

    def test_one_that_is_full_of_pieces_neither(self) -> None:
        step = REGION * CLUSTER // 2
        found = self.within(KI * KI, [
            Extent(start, step, False) for start in range(0, 16 * TI, step)])
        self.assertEqual(found.count, found.used)

    def within(self, memory: int, told: list[Extent]) -> blocks.BlockMap:
        tracemalloc.start()   # does not count what was made before
        self.addCleanup(tracemalloc.stop)
        found = blocks.BlockMap.from_extents(told, 16 * TI, CLUSTER)
        self.assertLess(tracemalloc.get_traced_memory()[1], memory)
        return found

    def test_a_region_takes_hardly_more_than_a_bit_a_block(self) -> None:
        found = blocks.BlockMap(REGION * CLUSTER, CLUSTER)
        for number in range(0, REGION, 2):
            found.mark(blocks.Run(number, 1))
        size = sum(map(sys.getsizeof, found._regions))
        self.assertLess(size, 1.15 * REGION / 8)
        self.assertEqual(REGION // 2, found.used)


class _Copies:
    """A layout of nothing but the data."""

    image_size = None

    def __init__(self, found: blocks.BlockMap) -> None:
        self.segments = found.copies


class TestTables(base.TestCase):

    def test_entries_count_up_over_blocks_with_data_and_regions(self) -> None:
        told = blocks.BlockMap((blocks.REGION + 3) * 512, 512)
        told.mark(blocks.Run(1, 2))
        told.mark(blocks.Run(blocks.REGION - 1, 3))
        first, second = told.tables(-1, 100, 8)
        self.assertEqual([-1, 100, 108, -1], first[:4])
        self.assertEqual([-1] * (blocks.REGION - 4) + [116], first[3:])
        self.assertEqual([124, 132, -1], second)

    def test_a_volume_without_blocks_has_no_entries(self) -> None:
        self.assertEqual([], list(blocks.BlockMap(0, 512).tables(-1, 0, 1)))
