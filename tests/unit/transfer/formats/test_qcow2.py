# SPDX-License-Identifier: Apache-2.0

import itertools
import random
import tracemalloc
from typing import NamedTuple

from tests import base
from tests.fixtures import qcow2_reader
from tests.fixtures import render
from tests.fixtures.sources import MemorySource
from tests.fixtures.sources import SparseSource
from volupload import exception
from volupload.transfer import Compression
from volupload.transfer import Extent
from volupload.transfer import Literal
from volupload.transfer.formats import FORMATS
from volupload.transfer.formats import qcow2
from volupload.transfer.formats import qcow2_compressed

KI = 1024
MI = KI * KI
TI = MI * MI
CLUSTER = 64 * KI
PLAIN = Compression('none')


def noise(length: int) -> bytes:
    return random.Random(length).randbytes(length)


def text(length: int) -> bytes:
    line = b'%(number)08d The quick brown fox jumps over the lazy dog\n'
    lines = (line % {b'number': number} for number in itertools.count())
    return b''.join(itertools.islice(
        lines, length // 50 + 1))[:length]


class Case(NamedTuple):
    source: SparseSource
    image: qcow2_reader.Image


def plain(size: int, pieces: dict[int, bytes]) -> Case:
    source = SparseSource(size, pieces)
    layout = qcow2.make(source, PLAIN)
    data = render.render_bytes(source, layout)
    assert layout.image_size == len(data)
    return Case(source, qcow2_reader.Image(data))


class TestHeader(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.image = plain(3 * MI + 512, {0: text(CLUSTER)}).image

    def test_is_version_3_with_clusters_of_64_kib(self) -> None:
        self.assertEqual(b'QFI\xfb', self.image.magic)
        self.assertEqual(3, self.image.version)
        self.assertEqual(16, self.image.cluster_bits)
        self.assertEqual(4, self.image.refcount_order)
        self.assertEqual(112, self.image.header_length)

    def test_has_the_exact_size(self) -> None:
        self.assertEqual(3 * MI + 512, self.image.size)

    def test_needs_no_feature_and_no_other_file(self) -> None:
        image = self.image
        self.assertEqual([0] * 9, [
            image.backing_file_offset, image.backing_file_size,
            image.crypt_method, image.nb_snapshots, image.snapshots_offset,
            image.incompatible_features, image.compatible_features,
            image.autoclear_features, image.compression_type])

    def test_is_followed_by_no_extension(self) -> None:
        self.assertEqual(bytes(CLUSTER - 112), self.image.data[112:CLUSTER])


class TestPlain(base.TestCase):

    def assert_right(self, case: Case) -> None:
        whole = bytearray(-(-case.source.size // 512) * 512)
        case.source.readinto(0, memoryview(whole))
        self.assertEqual(bytes(whole), case.image.guest_bytes())
        self.assert_counted(case.image)

    def assert_counted(self, image: qcow2_reader.Image) -> None:
        self.assertEqual(image.references(), image.refcounts())
        self.assertEqual(range(len(image.data) // CLUSTER),
                         range(max(image.refcounts()) + 1))

    def test_is_found_by_its_name(self) -> None:
        self.assertIs(qcow2.make, FORMATS['qcow2'])

    def test_volume_of_zero_bytes_has_one_empty_l1_entry(self) -> None:
        case = plain(0, {})
        self.assertEqual((1, (0,)), (case.image.l1_size, case.image.table(
            case.image.l1_table_offset, 1)))
        self.assert_right(case)

    def test_empty_volume_has_tables_only(self) -> None:
        case = plain(600 * MI, {})
        self.assertEqual(4 * CLUSTER, len(case.image.data))
        self.assertEqual(2, case.image.l1_size)
        self.assertEqual({}, case.image.clusters())
        self.assert_counted(case.image)

    def test_one_sector_fills_a_cluster(self) -> None:
        self.assert_right(plain(512, {0: noise(512)}))

    def test_odd_end_is_filled_up(self) -> None:
        self.assert_right(plain(5 * CLUSTER + 1536, {
            0: noise(5 * CLUSTER + 1536)}))

    def test_alternating_clusters(self) -> None:
        self.assert_right(plain(4 * MI, {
            offset: noise(CLUSTER + offset)[:CLUSTER]
            for offset in range(0, 4 * MI, 2 * CLUSTER)}))

    def test_holes_at_both_edges(self) -> None:
        self.assert_right(plain(4 * MI + 512, {MI: noise(MI)}))

    def test_data_out_of_line_with_clusters(self) -> None:
        self.assert_right(plain(MI, {CLUSTER - 512: noise(1024)}))

    def test_data_follows_its_tables_in_order(self) -> None:
        image = plain(600 * MI, {MI: noise(2 * CLUSTER),
                                 599 * MI: noise(CLUSTER)}).image
        self.assertEqual(
            [(16, (1 << 63) | 6 * CLUSTER), (17, (1 << 63) | 7 * CLUSTER),
             (599 * 16, (1 << 63) | 8 * CLUSTER)], list(image.entries()))
        self.assertEqual([(0, 4 * CLUSTER), (1, 5 * CLUSTER)],
                         list(image.l2_offsets()))

    def test_zeros_that_are_called_data_are_left_out(self) -> None:
        case = plain(8 * MI, {0: bytes(4 * MI) + noise(CLUSTER)})
        self.assertEqual([64], list(case.image.clusters()))
        self.assert_right(case)

    def test_more_refcounts_than_a_block_holds(self) -> None:
        """2 GiB of data: the first block counts 32768 clusters."""
        source = SparseSource(2048 * MI, {})
        source.extents = lambda: iter([   # type: ignore[method-assign]
            Extent(0, source.size, False)])
        layout = qcow2.Plain(qcow2.blocks.BlockMap.from_extents(
            source.extents(), source.size, CLUSTER))
        literals = [segment.data for segment in layout.segments()
                    if isinstance(segment, Literal)]
        total = layout.image_size // CLUSTER
        self.assertEqual(1 + 1 + 2 + 1 + 4 + 32768, total)
        self.assertEqual(b'\0\1' * 32768, literals[2])
        rest = total - 32768
        self.assertEqual((b'\0\1' * rest).ljust(CLUSTER, b'\0'), literals[3])


class TestHugeVolumes(base.TestCase):

    def far(self, size: int, compression: Compression) -> None:
        pieces = {TI: text(CLUSTER), size - CLUSTER: text(CLUSTER)}
        source = SparseSource(size, pieces)
        data = render.render_bytes(source, qcow2.make(source, compression))
        image = qcow2_reader.Image(data)
        self.assertEqual(size, image.size)
        self.assertEqual(
            {offset // CLUSTER: piece for offset, piece in pieces.items()},
            image.clusters())
        self.assertEqual(image.references(), image.refcounts())

    def test_3_tib_with_data_at_the_far_end(self) -> None:
        self.far(3 * TI, PLAIN)

    def test_16_tib_with_data_at_the_far_end(self) -> None:
        self.far(16 * TI, PLAIN)

    def test_16_tib_compressed(self) -> None:
        self.far(16 * TI, Compression('zlib'))

    def test_memory_does_not_grow_with_the_volume(self) -> None:
        """2 TiB full of data have 256 MiB of L2 tables."""
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        size = 2 * TI
        layout = qcow2.Plain(qcow2.blocks.BlockMap.from_extents(
            iter([Extent(0, size, False)]), size, CLUSTER))
        sent = sum(segment.length for segment in itertools.islice(
            layout.segments(), 3 + 1025 + 200))
        self.assertGreater(sent, 70 * MI)
        self.assertLess(tracemalloc.get_traced_memory()[1], 8 * MI)


class TestChoice(base.TestCase):

    def chosen(self, data: bytes, compression: Compression) -> object:
        return type(qcow2.make(MemorySource(data), compression))

    def test_what_shrinks_is_compressed_by_default(self) -> None:
        self.assertIs(qcow2_compressed.Compressed,
                      self.chosen(text(MI), Compression()))

    def test_what_does_not_shrink_is_not(self) -> None:
        self.assertIs(qcow2.Plain, self.chosen(noise(MI), Compression()))

    def test_zlib_is_taken_at_its_word(self) -> None:
        self.assertIs(qcow2_compressed.Compressed,
                      self.chosen(noise(MI), Compression('zlib')))

    def test_none_is_taken_at_its_word(self) -> None:
        self.assertIs(qcow2.Plain, self.chosen(text(MI), PLAIN))

    def test_an_empty_volume_has_nothing_to_compress(self) -> None:
        self.assertIs(qcow2.Plain, self.chosen(b'', Compression('zlib')))

    def test_an_unknown_codec_is_refused(self) -> None:
        self.assertRaises(exception.UnsupportedCompression, self.chosen,
                          text(MI), Compression('lzo'))

    def test_data_too_rare_for_a_sample_is_mapped_exactly(self) -> None:
        """A thin volume on a device that calls everything data."""
        size = 1024 * MI
        source = SparseSource(size, {700 * MI: text(CLUSTER)})
        source.extents = lambda: iter([   # type: ignore[method-assign]
            Extent(0, size, False)])
        image = qcow2_reader.Image(render.render_bytes(
            source, qcow2.make(source, Compression())))
        self.assertEqual({700 * 16: text(CLUSTER)}, image.clusters())
        self.assertEqual([1], [index for index, _ in image.l2_offsets()])
        self.assertEqual(6 * CLUSTER, len(image.data))
