# SPDX-License-Identifier: Apache-2.0

import datetime
import io
import os
import uuid

from oslo_utils.imageutils import format_inspector
import testscenarios

from tests import base
from tests.fixtures import guests
from tests.fixtures.render import render_bytes
from tests.fixtures.sources import MemorySource
from tests.fixtures.sources import SparseSource
from tests.fixtures.vhd_reader import VhdReader
from volupload import exception
from volupload.transfer import Compression
from volupload.transfer import Copy
from volupload.transfer import scan
from volupload.transfer import Source
from volupload.transfer import Zeros
from volupload.transfer.formats import FORMATS
from volupload.transfer.formats import vhd

MI = 1024 * 1024
GI = 1024 * MI
ID = uuid.UUID('00112233-4455-6677-8899-aabbccddeeff')
CREATED = datetime.datetime(2000, 1, 2, tzinfo=datetime.UTC)


def lay_out(source: Source) -> vhd.Vhd:
    return vhd.Vhd(scan.map_blocks(source, vhd.BLOCK_SIZE), ID, CREATED)


def rendered(source: Source) -> bytes:
    return render_bytes(source, lay_out(source))


class TestGuestBytes(testscenarios.WithScenarios, base.TestCase):
    """The reader checks all of the structure while it opens the image."""

    scenarios = [(name, {'volume': volume})
                 for name, volume in guests.VOLUMES.items()]

    def test_a_guest_sees_the_volume(self) -> None:
        source = self.volume()
        path = os.path.join(self.state_path, 'disk.vhd')
        guests.image_file(source, lay_out(source), path)
        with open(path, 'rb') as image:
            reader = VhdReader(image)
            self.assertEqual(-(-source.size // 512) * 512, reader.size)
            self.assertEqual([], guests.differences(source, reader))


class TestFooter(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.image = rendered(SparseSource(2 * GI, {}))
        self.footer = self.image[-512:]

    def test_it_is_the_first_sector_too(self) -> None:
        self.assertEqual(self.footer, self.image[:512])

    def test_its_fields_are_those_of_a_dynamic_disk(self) -> None:
        self.assertEqual(
            b'conectix' + bytes.fromhex('00000002 00010000 0000000000000200'),
            self.footer[:24])
        self.assertEqual(bytes.fromhex('00000003'), self.footer[60:64])
        self.assertEqual(bytes(428), self.footer[84:])

    def test_it_tells_seconds_since_the_year_2000(self) -> None:
        self.assertEqual((86400).to_bytes(4, 'big'), self.footer[24:28])

    def test_it_names_a_creator_whose_sizes_are_exact(self) -> None:
        self.assertEqual(b'qem2', self.footer[28:32])
        self.assertEqual((2 * GI).to_bytes(8, 'big') * 2, self.footer[40:56])

    def test_it_has_the_id_that_was_given(self) -> None:
        self.assertEqual(ID.bytes, self.footer[68:84])

    def test_its_geometry_stands_between_the_sizes_and_the_type(self) -> None:
        # 2 GiB: 4161 cylinders, 16 heads, 63 sectors per track
        self.assertEqual(bytes.fromhex('1041 10 3f'), self.footer[56:60])


class TestDynamicHeader(base.TestCase):

    def test_its_fields(self) -> None:
        header = rendered(SparseSource(5 * MI, {}))[512:1536]
        self.assertEqual(
            b'cxsparse' + b'\xff' * 8 + bytes.fromhex(
                '0000000000000600 00010000 00000003 00200000'), header[:36])
        self.assertEqual(bytes(984), header[40:])


class TestGeometry(base.TestCase):
    """Worked out by hand, step by step as the appendix tells."""

    def test_a_small_disk_has_4_heads_and_17_sectors(self) -> None:
        self.assertEqual((30, 4, 17), vhd.disk_geometry(2048))

    def test_a_disk_of_one_sector_has_no_cylinder(self) -> None:
        self.assertEqual((0, 4, 17), vhd.disk_geometry(1))

    def test_17_sectors_end_at_1024_cylinders_of_16_heads(self) -> None:
        self.assertEqual((1023, 16, 17),
                         vhd.disk_geometry(1024 * 16 * 17 - 1))
        self.assertEqual((561, 16, 31), vhd.disk_geometry(1024 * 16 * 17))

    def test_31_sectors_end_at_1024_cylinders(self) -> None:
        self.assertEqual((1023, 16, 31),
                         vhd.disk_geometry(1024 * 16 * 31 - 1))
        self.assertEqual((503, 16, 63), vhd.disk_geometry(1024 * 16 * 31))

    def test_63_sectors_end_at_65535_cylinders(self) -> None:
        self.assertEqual((65534, 16, 63),
                         vhd.disk_geometry(65535 * 16 * 63 - 1))
        self.assertEqual((16191, 16, 255),
                         vhd.disk_geometry(65535 * 16 * 63))

    def test_the_largest_disks_have_all_there_is(self) -> None:
        self.assertEqual((65535, 16, 255),
                         vhd.disk_geometry(vhd.MAX_SIZE // 512))


class TestPlaces(base.TestCase):

    def test_data_is_aligned_for_sectors_of_4_kib(self) -> None:
        volume = guests.data(3 * vhd.BLOCK_SIZE)
        image = io.BytesIO(rendered(MemorySource(volume)))
        reader = VhdReader(image)
        self.assertEqual(3, len(reader.table))
        for block, place in reader.table.items():
            self.assertEqual(0, (place + 512) % 4096)
            start = block * vhd.BLOCK_SIZE
            self.assertEqual(volume[start:start + 4096],
                             image.getvalue()[place + 512:place + 4608])

    def test_volume_is_read_in_whole_blocks_at_whole_blocks(self) -> None:
        source = SparseSource(5 * MI, {2 * MI + 7: b'x', 5 * MI - 1: b'y'})
        self.assertEqual(
            [Copy(2 * MI, 2 * MI), Copy(4 * MI, MI), Zeros(MI)],
            [segment for segment in lay_out(source).segments()
             if isinstance(segment, Copy | Zeros)])

    def test_a_guest_cannot_make_it_look_like_an_iso_image(self) -> None:
        for phase in range(5):
            source = MemorySource((b'CD001' * 20000)[phase:])
            path = os.path.join(self.state_path, 'disk.vhd')
            guests.image_file(source, lay_out(source), path)
            # Of an image that looks like two formats it would complain.
            found = format_inspector.detect_file_format(path)
            self.assertEqual('vhd', found.NAME)

    def test_an_empty_volume_is_header_and_footer(self) -> None:
        image = rendered(MemorySource(b''))
        self.assertEqual(64 * 1024 + 512, len(image))
        self.assertEqual(0, VhdReader(io.BytesIO(image)).size)

    def test_the_largest_volume_ends_before_sectors_run_out(self) -> None:
        blocks = vhd.MAX_SIZE // vhd.BLOCK_SIZE
        end = 4 * MI + 4096 + blocks * (vhd.BLOCK_SIZE + 4096)
        self.assertLess(end // 512, vhd.UNUSED)

    def test_two_walks_over_a_layout_are_the_same(self) -> None:
        layout = lay_out(SparseSource(9 * MI, {0: b'x', 8 * MI: b'y'}))
        self.assertEqual(list(layout.segments()), list(layout.segments()))

    def test_no_literal_grows_with_the_volume(self) -> None:
        layout = lay_out(SparseSource(vhd.MAX_SIZE, {vhd.MAX_SIZE - 1: b'x'}))
        self.assertLessEqual(
            max(segment.length for segment in layout.segments()
                if not isinstance(segment, Copy | Zeros)), 32 * 1024)


class TestMake(base.TestCase):

    def test_is_found_by_its_name(self) -> None:
        self.assertIs(vhd.make, FORMATS['vhd'])

    def test_a_volume_of_2040_gib_is_taken(self) -> None:
        layout = vhd.make(SparseSource(2040 * GI, {}), Compression())
        # 1044480 entries, from 1536 on, up to a multiple of 4 KiB
        self.assertEqual(4182016 + 512, layout.image_size)

    def test_a_larger_volume_is_refused_before_it_is_read(self) -> None:
        error = self.assertRaises(
            exception.TransferError, vhd.make,
            SparseSource(3 * 1024 * GI, {0: b'x'}), Compression())
        self.assertIn('a vhd image holds at most 2190433320960 bytes '
                      '(2040 GiB), and the volume has 3298534883328',
                      str(error))

    def test_each_image_has_an_id_and_a_time_of_its_own(self) -> None:
        source = MemorySource(b'x' * 512)
        first, second = (
            VhdReader(guests.image(source, vhd.make(source, Compression())))
            for _ in range(2))
        self.assertNotEqual(first.footer[68:84], second.footer[68:84])
        now = datetime.datetime.now(datetime.UTC) - vhd.EPOCH
        self.assertAlmostEqual(
            now.total_seconds(),
            int.from_bytes(first.footer[24:28], 'big'), delta=60)
