# SPDX-License-Identifier: Apache-2.0

import io
import os
import uuid

import testscenarios

from tests import base
from tests.fixtures import guests
from tests.fixtures.render import render_bytes
from tests.fixtures.sources import MemorySource
from tests.fixtures.sources import SparseSource
from tests.fixtures.vhdx_reader import VhdxReader
from volupload import exception
from volupload.transfer import Compression
from volupload.transfer import Copy
from volupload.transfer import Literal
from volupload.transfer import scan
from volupload.transfer import Source
from volupload.transfer import Zeros
from volupload.transfer.formats import FORMATS
from volupload.transfer.formats import vhdx

KI = 1024
MI = 1024 * KI
GI = 1024 * MI
TI = 1024 * GI
ID = uuid.UUID('00112233-4455-6677-8899-aabbccddeeff')
# A GUID's first three numbers are little-endian on the disk.
ID_ON_DISK = bytes.fromhex('33221100 5544 7766 8899aabbccddeeff')


def lay_out(source: Source) -> vhdx.Vhdx:
    return vhdx.Vhdx(scan.map_blocks(source, vhdx.BLOCK_SIZE), ID)


def rendered(source: Source) -> bytes:
    return render_bytes(source, lay_out(source))


class TestGuestBytes(testscenarios.WithScenarios, base.TestCase):
    """The reader checks all of the structure while it opens the image."""

    scenarios = [(name, {'volume': volume}) for name, volume in (
        *guests.VOLUMES.items(),
        ('beyond 3 TiB', lambda: SparseSource(
            4 * TI, {3 * TI: b'middle', 4 * TI - 512: b'end'})))]

    def test_a_guest_sees_the_volume(self) -> None:
        source = self.volume()
        path = os.path.join(self.state_path, 'disk.vhdx')
        guests.image_file(source, lay_out(source), path)
        with open(path, 'rb') as image:
            reader = VhdxReader(image)
            self.assertEqual(-(-source.size // 512) * 512, reader.size)
            self.assertEqual([], guests.differences(source, reader))


class TestHeaderSection(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.image = rendered(SparseSource(2 * GI, {}))

    def test_it_begins_with_who_made_it(self) -> None:
        self.assertEqual(
            b'vhdxfile' + 'volupload'.encode('utf-16-le') + bytes(502),
            self.image[:528])

    def test_the_second_header_is_the_current_one(self) -> None:
        for number, offset in enumerate((64 * KI, 128 * KI)):
            header = self.image[offset:offset + 64 * KI]
            self.assertEqual(b'head', header[:4])
            self.assertEqual(number.to_bytes(8, 'little'), header[8:16])

    def test_both_headers_name_an_empty_log(self) -> None:
        for offset in 64 * KI, 128 * KI:
            header = self.image[offset:offset + 64 * KI]
            self.assertEqual(ID_ON_DISK * 2 + bytes(16), header[16:64])
            self.assertEqual(
                bytes.fromhex('0000 0100 00001000 0000100000000000'),
                header[64:80])
            self.assertEqual(bytes(64 * KI - 80), header[80:])
        self.assertEqual(bytes(MI), self.image[MI:2 * MI])

    def test_the_region_tables_name_bat_and_metadata(self) -> None:
        table = self.image[192 * KI:256 * KI]
        self.assertEqual(table, self.image[256 * KI:320 * KI])
        self.assertEqual(
            bytes.fromhex(
                '02000000 00000000'
                '6677c22d23f600429d64115e9bfd4a08'
                '0000300000000000 00001000 01000000'
                '06a27c8b90479a4bb8fe575f050f886e'
                '0000200000000000 00001000 01000000'), table[8:80])
        self.assertEqual(bytes(64 * KI - 80), table[80:])


class TestMetadata(base.TestCase):

    def test_required_items_have_their_flags(self) -> None:
        table = rendered(SparseSource(5 * MI, {}))[2 * MI:2 * MI + 64 * KI]
        self.assertEqual(b'metadata\0\0\5\0' + bytes(20), table[:32])
        flags = {str(uuid.UUID(bytes_le=table[at:at + 16])): table[at + 24]
                 for at in range(32, 32 + 5 * 32, 32)}
        self.assertEqual({
            'caa16737-fa36-4d43-b3b6-33f0aa44e76b': 4,   # file parameters
            '2fa54224-cd1b-4876-b211-5dbed83bf4b8': 6,   # virtual disk size
            'beca12ab-b2e6-4523-93ef-c309e000c746': 6,   # virtual disk id
            '8141bf1d-a96f-4709-ba47-f233a8faab5f': 6,   # logical sectors
            'cda348c7-445d-4471-9cc9-e9885251c556': 6,   # physical sectors
        }, flags)

    def test_values_of_the_items(self) -> None:
        reader = VhdxReader(io.BytesIO(rendered(SparseSource(5 * MI, {}))))
        items = [value.hex() for value in reader.items.values()]
        self.assertEqual(
            ['0000200000000000', '0000500000000000', ID_ON_DISK.hex(),
             '00020000', '00100000'], items)


class TestPlaces(base.TestCase):

    def test_blocks_without_data_read_as_zeros_by_definition(self) -> None:
        image = rendered(SparseSource(6 * MI, {2 * MI: b'x'}))
        self.assertEqual(
            bytes.fromhex('0200000000000000 0600400000000000'
                          '0200000000000000') + bytes(MI - 24),
            image[3 * MI:4 * MI])

    def test_a_bitmap_entry_follows_each_2048_blocks(self) -> None:
        source = SparseSource(2049 * vhdx.BLOCK_SIZE, {})
        table = rendered(source)[3 * MI:4 * MI]
        zero = bytes.fromhex('0200000000000000')
        self.assertEqual(zero * 2048 + bytes(8) + zero, table[:8 * 2050])
        self.assertEqual(bytes(MI - 8 * 2050), table[8 * 2050:])

    def test_a_last_full_chunk_has_no_bitmap_entry(self) -> None:
        # 131008 payload and 63 bitmap entries: one fewer than 1 MiB takes.
        size = (131072 - 64) * vhdx.BLOCK_SIZE
        for more, length in ((0, MI), (vhdx.BLOCK_SIZE, MI),
                             (2 * vhdx.BLOCK_SIZE, 2 * MI)):
            layout = lay_out(SparseSource(size + more, {}))
            self.assertEqual(3 * MI + length, layout.image_size)

    def test_volume_is_copied_in_one_piece_where_it_can(self) -> None:
        source = MemorySource(guests.data(5 * MI))
        self.assertEqual(
            [Copy(0, 5 * MI), Zeros(MI)],
            list(lay_out(source).segments())[-2:])

    def test_an_empty_volume_has_one_sector(self) -> None:
        image = rendered(MemorySource(b''))
        self.assertEqual(4 * MI, len(image))
        reader = VhdxReader(io.BytesIO(image))
        self.assertEqual(512, reader.size)
        self.assertEqual(bytes(512), reader.read(0, 512))

    def test_two_walks_over_a_layout_are_the_same(self) -> None:
        layout = lay_out(SparseSource(9 * MI, {0: b'x', 8 * MI: b'y'}))
        self.assertEqual(list(layout.segments()), list(layout.segments()))

    def test_no_literal_grows_with_the_volume(self) -> None:
        layout = lay_out(SparseSource(16 * TI, {16 * TI - 1: b'x'}))
        self.assertLessEqual(
            max(segment.length for segment in layout.segments()
                if isinstance(segment, Literal)), 320 * KI)


class TestMake(base.TestCase):

    def test_is_found_by_its_name(self) -> None:
        self.assertIs(vhdx.make, FORMATS['vhdx'])

    def test_a_volume_of_64_tib_is_taken(self) -> None:
        layout = vhdx.make(SparseSource(64 * TI, {}), Compression())
        self.assertEqual(3 * MI + 257 * MI, layout.image_size)

    def test_a_larger_volume_is_refused_before_it_is_read(self) -> None:
        error = self.assertRaises(
            exception.TransferError, vhdx.make,
            SparseSource(64 * TI + 1, {0: b'x'}), Compression())
        self.assertIn('a vhdx image holds at most 70368744177664 bytes '
                      '(64 TiB), and the volume has 70368744177665',
                      str(error))

    def test_each_image_has_an_identity_of_its_own(self) -> None:
        source = MemorySource(b'x' * 512)
        first, second = (
            VhdxReader(guests.image(source, vhdx.make(source, Compression())))
            for _ in range(2))
        disk_id = 'beca12ab-b2e6-4523-93ef-c309e000c746'
        self.assertNotEqual(first.items[disk_id], second.items[disk_id])
        self.assertNotEqual(first.headers, second.headers)
