# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator
import itertools
import random
import tracemalloc

from tests import base
from tests.fixtures import qcow2_reader
from tests.fixtures import render
from tests.fixtures.sources import SparseSource
from volupload.transfer import Barrier
from volupload.transfer import blocks
from volupload.transfer import Copy
from volupload.transfer import Extent
from volupload.transfer import Literal
from volupload.transfer import Packed
from volupload.transfer import Segment
from volupload.transfer.formats import qcow2
from volupload.transfer.formats import qcow2_compressed
from volupload.transfer.formats.qcow2_area import Packer

KI = 1024
MI = KI * KI
TI = MI * MI
CLUSTER = 64 * KI


def noise(length: int) -> bytes:
    return random.Random(length).randbytes(length)


def half(length: int) -> bytes:
    """Becomes about half as long."""
    return b''.join(random.Random(number).randbytes(512) + bytes(512)
                    for number in range(length // 1024 + 1))[:length]


def mixed(number: int) -> bytes:
    """Clusters that shrink, that do not, and that are zeros."""
    kinds = (half, noise, bytes, half, half)
    return b''.join(kinds[index % len(kinds)](CLUSTER)
                    for index in range(number))


def compressed(source: SparseSource, *estimates: int | None,
               codec: str = 'zlib') -> qcow2_compressed.Compressed:
    told = blocks.BlockMap.from_extents(
        source.extents(), source.size, CLUSTER)
    return qcow2_compressed.Compressed(
        source, told, Packer(codec, None), *estimates)


def placed(source: SparseSource,
           layout: qcow2_compressed.Compressed) -> Iterator[Segment]:
    """The segments of a layout, each as the sender has dealt with it."""
    for segment in layout.segments():
        if isinstance(segment, Packed):
            data = bytearray(segment.length)
            source.readinto(segment.offset, memoryview(data))
            segment.place(segment.encode(memoryview(data)))
        yield segment


class Checked(base.TestCase):

    def check(self, source: SparseSource, *estimates: int | None,
              codec: str = 'zlib') -> qcow2_reader.Image:
        layout = compressed(source, *estimates, codec=codec)
        image = qcow2_reader.Image(render.render_bytes(source, layout))
        whole = bytearray(-(-source.size // 512) * 512)
        source.readinto(0, memoryview(whole))
        self.assertEqual(bytes(whole), image.guest_bytes())
        self.assertEqual(image.references(), image.refcounts())
        self.assertEqual(0, len(image.data) % CLUSTER)
        return image


class TestImages(Checked):

    def test_zlib_is_raw_deflate_of_a_version_that_all_can_read(self) -> None:
        image = self.check(SparseSource(MI, {0: half(MI)}), MI)
        self.assertEqual((0, 0, 112), (
            image.incompatible_features, image.compression_type,
            image.header_length))

    def test_zstd_says_so(self) -> None:
        image = self.check(SparseSource(MI, {0: half(MI)}), MI, codec='zstd')
        self.assertEqual((1 << 3, 1, 112), (
            image.incompatible_features, image.compression_type,
            image.header_length))

    def test_compressed_clusters_share_host_clusters(self) -> None:
        image = self.check(SparseSource(MI, {0: half(MI)}), MI)
        self.assertGreaterEqual(max(image.refcounts().values()), 2)
        self.assertEqual({1}, {entry >> 62 for _, entry in image.entries()})

    def test_zeros_on_the_way_become_unallocated(self) -> None:
        image = self.check(SparseSource(20 * CLUSTER, {0: mixed(20)}), MI)
        self.assertEqual({2, 7, 12, 17}, set(range(20)) - set(
            image.clusters()))

    def test_region_that_is_zeros_needs_no_l2_table(self) -> None:
        size = 1025 * MI
        image = qcow2_reader.Image(render.render_bytes(
            source := SparseSource(size, {
                0: half(CLUSTER), 512 * MI: bytes(CLUSTER),
                1024 * MI: half(CLUSTER)}),
            compressed(source, MI)))
        self.assertEqual([0, 2], [
            index for index, _offset in image.l2_offsets()])
        self.assertEqual(image.references(), image.refcounts())
        self.assertEqual([0, 16 * KI], list(image.clusters()))

    def test_noise_costs_ten_bytes_a_cluster(self) -> None:
        for codec in ('zlib', 'zstd'):
            source = SparseSource(4 * MI, {0: noise(4 * MI)})
            image = self.check(source, 64 * (CLUSTER + 10), codec=codec)
            self.assertEqual((64 + 1 + 5) * CLUSTER, len(image.data))

    def test_odd_end(self) -> None:
        for length in (1, 512, CLUSTER - 1, CLUSTER + 1, 3 * MI + 512):
            self.check(SparseSource(length, {0: half(length)}), MI)

    def test_alternating_clusters(self) -> None:
        self.check(SparseSource(8 * MI, {
            offset: half(CLUSTER) for offset in range(0, 8 * MI, 2 * CLUSTER)
        }), MI)

    def test_holes_at_both_edges(self) -> None:
        self.check(SparseSource(4 * MI + 512, {MI: mixed(16)}), MI)


class TestEstimates(Checked):
    """Whatever the estimates are, the image is right."""

    def setUp(self) -> None:
        super().setUp()
        self.source = SparseSource(4 * MI + 512, {
            0: mixed(30), 3 * MI: half(MI + 512)})

    def test_wrong_in_every_way(self) -> None:
        sizes = (0, 1, CLUSTER, 10 * CLUSTER, 400 * CLUSTER)
        for codec, first, second in itertools.product(
                ('zlib', 'zstd'), sizes, (*sizes, None)):
            with self.subTest(codec=codec, first=first, second=second):
                self.check(self.source, first, second, codec=codec)

    def test_zero_leaves_everything_as_it_is(self) -> None:
        image = self.check(self.source, 0, 0)
        self.assertEqual({0b10}, {entry >> 62 for _, entry in image.entries()})

    def test_far_too_long_is_filled_up_with_free_clusters(self) -> None:
        image = self.check(self.source, 100 * MI)
        free = set(range(len(image.data) // CLUSTER)) - set(image.refcounts())
        self.assertGreater(len(free), 1500)
        for cluster in free:
            start = cluster * CLUSTER
            self.assertFalse(any(image.data[start:start + CLUSTER]))

    def test_too_short_goes_on_in_a_second_area(self) -> None:
        image = self.check(self.source, 10 * CLUSTER, None)
        kinds = {entry >> 62 for _, entry in image.entries()}
        self.assertEqual({0b01}, kinds)

    def test_second_area_too_short_goes_on_as_it_is(self) -> None:
        image = self.check(self.source, 10 * CLUSTER, 10 * CLUSTER)
        kinds = [entry >> 62 for _, entry in image.entries()]
        self.assertEqual(sorted(kinds), kinds)
        self.assertEqual({0b01, 0b10}, set(kinds))

    def test_sample_comes_within_some_per_cent(self) -> None:
        data = half(24 * MI)
        source = SparseSource(24 * MI, {0: data})
        layout = qcow2.make(source, qcow2.Compression())
        size = len(render.render_bytes(source, layout))
        packer = Packer('zlib', None)
        ideal = sum(packer.measure(memoryview(data)[start:start + CLUSTER])
                    for start in range(0, len(data), CLUSTER))
        self.assertLess(size - ideal, 0.01 * ideal + 8 * CLUSTER)


class TestSegments(base.TestCase):

    def test_barrier_stands_behind_each_area(self) -> None:
        source = SparseSource(40 * CLUSTER, {0: half(40 * CLUSTER)})
        layout = compressed(source, 4 * CLUSTER, 4 * CLUSTER)
        kinds = [type(segment) for segment in placed(source, layout)]
        self.assertEqual(2, kinds.count(Barrier))
        self.assertIs(Literal, kinds[0])
        self.assertIs(Copy, kinds[-1])

    def test_size_is_not_known_beforehand(self) -> None:
        source = SparseSource(MI, {0: half(MI)})
        self.assertIsNone(compressed(source, MI).image_size)

    def test_no_more_is_read_when_an_area_is_full(self) -> None:
        source = SparseSource(64 * MI, {0: half(64 * MI)})
        sizes = [segment.length for segment in itertools.takewhile(
            lambda segment: not isinstance(segment, Barrier),
            placed(source, compressed(source, 4 * MI)))
            if isinstance(segment, Packed)]
        self.assertLess(sum(sizes), 12 * MI)

    def test_two_bytes_a_cluster_are_remembered(self) -> None:
        """8 GiB of data, in a source that need not be read."""
        size = 8 * KI * MI
        told = blocks.BlockMap.from_extents(
            iter([Extent(0, size, False)]), size, CLUSTER)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        layout = qcow2_compressed.Compressed(
            SparseSource(size, {}), told, Packer('zlib', None), size // 2, 0)
        encoded = [bytes(10000)] * 16
        for segment in layout.segments():
            if isinstance(segment, Packed):
                segment.place(encoded)
        self.assertLess(tracemalloc.get_traced_memory()[1], MI)
