# SPDX-License-Identifier: Apache-2.0

from tests import base
from tests.fixtures.sources import MemorySource
from tests.fixtures.sources import SparseSource
from volupload import exception
from volupload.transfer import blocks
from volupload.transfer import sample

BLOCK = 4096


def mapped(size: int, *runs: tuple[int, int]) -> blocks.BlockMap:
    told = blocks.BlockMap(size * BLOCK, BLOCK)
    for start, count in runs:
        told.mark(blocks.Run(start, count))
    return told


def first_byte(data: memoryview) -> int:
    return data[0]


class TestSpread(base.TestCase):

    def test_few_blocks_are_all_taken(self) -> None:
        self.assertEqual([3, 4, 9], list(sample.spread(
            mapped(20, (3, 2), (9, 1)), 96)))

    def test_distances_are_equal_among_the_data(self) -> None:
        told = mapped(10000, (0, 100), (5000, 100))
        self.assertEqual([25, 75, 5025, 5075], list(sample.spread(told, 4)))

    def test_a_front_can_be_left_out(self) -> None:
        told = mapped(10000, (0, 100), (5000, 100))
        self.assertEqual([5025, 5075], list(sample.spread(told, 2, 100)))
        self.assertEqual([], list(sample.spread(told, 2, 200)))

    def test_no_data_has_no_sample(self) -> None:
        self.assertEqual([], list(sample.spread(mapped(10), 5)))


class TestSample(base.TestCase):

    def test_shares(self) -> None:
        looked = sample.Sample((0, 50, 100, 110), 100, 4)
        self.assertEqual(0.25, looked.zero_share)
        self.assertEqual(0.5, looked.stubborn_share)
        self.assertAlmostEqual(260 / 300, looked.ratio)

    def test_compression_pays_up_to_nine_tenths(self) -> None:
        self.assertTrue(sample.Sample((90,), 100, 1).pays)
        self.assertFalse(sample.Sample((91,), 100, 1).pays)

    def test_whole_population_leaves_no_doubt(self) -> None:
        looked = sample.Sample((10, 90), 100, 2)
        self.assertEqual([100] * 3, [
            looked.estimate(deviations) for deviations in (-2, 0, 2)])

    def test_estimate_goes_by_standard_errors(self) -> None:
        looked = sample.Sample((40, 60) * 50, 100, 10 ** 6)
        self.assertEqual(50 * 10 ** 6, looked.estimate())
        error = 10.05 / 10
        self.assertAlmostEqual((50 - 2 * error) * 10 ** 6,
                               looked.estimate(-2), delta=10 ** 4)

    def test_estimate_is_never_negative(self) -> None:
        self.assertEqual(0, sample.Sample((0, 0, 9), 100, 900).estimate(-9))

    def test_nothing_is_nothing(self) -> None:
        looked = sample.Sample((), 100, 0)
        self.assertEqual((0, 0.0, 0.0), (
            looked.estimate(1), looked.ratio, looked.zero_share))


class TestCompressibility(base.TestCase):

    def test_blocks_are_measured_in_order(self) -> None:
        source = MemorySource(b''.join(
            bytes([number]) * BLOCK for number in (1, 2, 3)))
        looked = sample.compressibility(
            source, mapped(3, (0, 1), (2, 1)), first_byte)
        self.assertEqual((1, 3), looked.lengths)

    def test_last_block_is_measured_as_short_as_it_is(self) -> None:
        source = MemorySource(bytes(BLOCK + 10))
        told = blocks.BlockMap(source.size, BLOCK)
        told.mark(blocks.Run(0, 2))
        self.assertEqual((BLOCK, 10), sample.compressibility(
            source, told, len).lengths)

    def test_short_reads_are_completed(self) -> None:
        source = MemorySource(b'\7' * BLOCK, at_most=1000)
        self.assertEqual((7,), sample.compressibility(
            source, mapped(1, (0, 1)), lambda data: data[-1]).lengths)

    def test_source_that_ends_early_fails(self) -> None:
        self.assertRaises(
            exception.ShortRead, sample.compressibility,
            MemorySource(b'a'), mapped(1, (0, 1)), len)

    def test_sample_grows_where_most_is_zeros(self) -> None:
        """One block in ten is not: 96 are too few to see 48 of those."""
        size = 20000
        source = SparseSource(size * BLOCK, {})
        seen = iter(range(10 ** 6))
        looked = sample.compressibility(
            source, mapped(size, (0, size)),
            lambda data: 100 if next(seen) % 10 == 0 else 0)
        self.assertEqual(sample.SIZE * 16, len(looked.lengths))
        self.assertFalse(looked.vague)

    def test_all_but_empty_volume_leaves_it_vague(self) -> None:
        size = 20000
        looked = sample.compressibility(
            SparseSource(size * BLOCK, {}), mapped(size, (0, size)),
            lambda data: 0)
        self.assertEqual(sample.MAX_SIZE, len(looked.lengths))
        self.assertTrue(looked.vague)
