# SPDX-License-Identifier: Apache-2.0

import os
import tempfile

from hypothesis import given
from hypothesis import strategies

from tests import base
from volupload import exception
from volupload.transfer import Extent
from volupload.transfer import extents

MI = 1024 * 1024

RUNS = strategies.lists(strategies.tuples(
    strategies.integers(0, 9), strategies.booleans()), max_size=20)


def of_runs(runs: list[tuple[int, bool]]) -> list[Extent]:
    result, start = [], 0
    for length, zero in runs:
        result.append(Extent(start, length, zero))
        start += length
    return result


def is_zero(found: list[Extent]) -> list[bool]:
    """One value a byte."""
    return [extent.zero for extent in found for _ in range(extent.length)]


class TestMerge(base.TestCase):

    def test_neighbours_of_one_kind_become_one(self) -> None:
        found = extents.merge(of_runs([(2, True), (3, True), (1, False)]))
        self.assertEqual(
            [Extent(0, 5, True), Extent(5, 1, False)], list(found))

    def test_empty_extents_vanish(self) -> None:
        self.assertEqual([], list(extents.merge([Extent(0, 0, True)])))

    def test_short_zeros_become_part_of_the_data(self) -> None:
        found = extents.merge(of_runs([(4, False), (1, True), (4, False),
                                       (2, True)]), min_zero=2)
        self.assertEqual(
            [Extent(0, 9, False), Extent(9, 2, True)], list(found))

    def test_is_lazy(self) -> None:
        def endless():
            start = 0
            while True:
                yield Extent(start, 1, bool(start % 2))
                start += 1
        self.assertEqual(Extent(0, 1, False), next(extents.merge(endless())))

    @given(RUNS)
    def test_no_byte_changes_its_kind_and_kinds_alternate(
            self, runs: list[tuple[int, bool]]) -> None:
        found = list(extents.merge(of_runs(runs)))
        self.assertEqual(is_zero(of_runs(runs)), is_zero(found))
        for one, two in zip(found, found[1:], strict=False):
            self.assertEqual(one.end, two.start)
            self.assertNotEqual(one.zero, two.zero)

    @given(RUNS, strategies.integers(0, 9))
    def test_data_never_becomes_zero(
            self, runs: list[tuple[int, bool]], min_zero: int) -> None:
        before = is_zero(of_runs(runs))
        after = is_zero(list(extents.merge(of_runs(runs),
                                           min_zero=min_zero)))
        self.assertEqual(len(before), len(after))
        self.assertFalse([1 for b, a in zip(before, after, strict=True)
                          if a and not b])


class TestClip(base.TestCase):

    def test_cuts_at_both_ends(self) -> None:
        found = extents.clip([Extent(0, 10, False), Extent(10, 10, True)],
                             5, 12)
        self.assertEqual([Extent(5, 5, False), Extent(10, 2, True)],
                         list(found))

    @given(RUNS, strategies.integers(0, 99), strategies.integers(0, 99))
    def test_is_a_slice_of_the_bytes(
            self, runs: list[tuple[int, bool]], start: int,
            end: int) -> None:
        found = list(extents.clip(of_runs(runs), start, end))
        self.assertEqual(is_zero(of_runs(runs))[start:end], is_zero(found))


class TestOfFile(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        file = tempfile.TemporaryFile()
        self.addCleanup(file.close)
        self.fd = file.fileno()

    def walk(self, size: int) -> list[Extent]:
        return list(extents.merge(extents.of_file(self.fd, size)))

    def test_an_empty_file_has_no_extents(self) -> None:
        self.assertEqual([], self.walk(0))

    def test_a_file_without_data_is_one_hole(self) -> None:
        os.ftruncate(self.fd, 5 * MI)
        self.assertEqual([Extent(0, 5 * MI, True)], self.walk(5 * MI))

    def test_a_file_without_holes_is_data(self) -> None:
        os.write(self.fd, b'x' * MI)
        self.assertEqual([Extent(0, MI, False)], self.walk(MI))

    def test_holes_at_both_ends_and_between(self) -> None:
        os.ftruncate(self.fd, 16 * MI)
        os.pwrite(self.fd, b'x' * MI, 4 * MI)
        os.pwrite(self.fd, b'x' * MI, 8 * MI)
        self.assertEqual([
            Extent(0, 4 * MI, True), Extent(4 * MI, MI, False),
            Extent(5 * MI, 3 * MI, True), Extent(8 * MI, MI, False),
            Extent(9 * MI, 7 * MI, True)], self.walk(16 * MI))

    def test_stops_at_the_size_asked_for(self) -> None:
        os.ftruncate(self.fd, 16 * MI)
        os.pwrite(self.fd, b'x' * MI, 2 * MI)
        self.assertEqual([Extent(0, 2 * MI, True),
                          Extent(2 * MI, 1000, False)],
                         self.walk(2 * MI + 1000))
        self.assertEqual([Extent(0, MI, True)], self.walk(MI))

    def test_what_is_missing_of_a_shorter_file_is_data(self) -> None:
        os.ftruncate(self.fd, MI)
        found = self.walk(2 * MI)[-1]
        self.assertEqual((2 * MI, False), (found.end, found.zero))

    def test_a_file_cut_while_it_is_walked_ends_in_data(self) -> None:
        os.ftruncate(self.fd, 8 * MI)
        os.pwrite(self.fd, b'x' * MI, 0)
        walk = extents.of_file(self.fd, 8 * MI)
        self.assertEqual(Extent(0, MI, False), next(walk))
        os.ftruncate(self.fd, 0)
        self.assertEqual([Extent(MI, 7 * MI, False)],
                         list(extents.merge(walk)))

    def test_where_nothing_can_be_told_all_is_data(self) -> None:
        device = os.open('/dev/zero', os.O_RDONLY)
        self.addCleanup(os.close, device)
        found = list(extents.merge(extents.of_file(device, MI)))
        self.assertEqual(MI, found[-1].end)
        self.assertFalse(any(extent.zero for extent in found))

    def test_any_other_error_says_the_offset(self) -> None:
        fd = os.dup(self.fd)
        os.close(fd)
        error = self.assertRaises(exception.SourceError, list,
                                  extents.of_file(fd, MI))
        self.assertEqual(0, error.offset)
