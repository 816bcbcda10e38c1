# SPDX-License-Identifier: Apache-2.0

import os
import uuid

import testscenarios

from tests import base
from tests.fixtures import guests
from tests.fixtures.render import render_bytes
from tests.fixtures.sources import MemorySource
from tests.fixtures.sources import SparseSource
from tests.fixtures.vdi_reader import VdiReader
from volupload import exception
from volupload.transfer import Compression
from volupload.transfer import Copy
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import scan
from volupload.transfer import Source
from volupload.transfer import Zeros
from volupload.transfer.formats import FORMATS
from volupload.transfer.formats import vdi

MI = 1024 * 1024
GI = 1024 * MI
TI = 1024 * GI
IDS = vdi.Ids(uuid.UUID('00112233-4455-6677-8899-aabbccddeeff'),
              uuid.UUID('0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'))


def lay_out(source: Source) -> vdi.Vdi:
    return vdi.Vdi(scan.map_blocks(source, vdi.BLOCK_SIZE), IDS)


def rendered(source: Source) -> bytes:
    return render_bytes(source, lay_out(source))


def table(layout: Layout) -> list[Literal]:
    """The pieces of the block map."""
    return [segment for segment in layout.segments()
            if isinstance(segment, Literal)][1:]


class TestGuestBytes(testscenarios.WithScenarios, base.TestCase):
    """The reader checks all of the structure while it opens the image."""

    scenarios = [(name, {'volume': volume})
                 for name, volume in guests.VOLUMES.items()]

    def test_a_guest_sees_the_volume(self) -> None:
        source = self.volume()
        path = os.path.join(self.state_path, 'disk.vdi')
        guests.image_file(source, lay_out(source), path)
        with open(path, 'rb') as image:
            reader = VdiReader(image)
            self.assertEqual(-(-source.size // 512) * 512, reader.size)
            self.assertEqual([], guests.differences(source, reader))


class TestHeader(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.header = rendered(SparseSource(
            5 * MI + 512, {0: b'x', 3 * MI: b'y'}))[:512]

    def test_a_text_for_people_comes_first(self) -> None:
        self.assertEqual(b'<<< volupload VirtualBox Disk Image >>>\n',
                         self.header[:64].rstrip(b'\0'))

    def test_it_is_of_version_1_1_and_grows(self) -> None:
        self.assertEqual(
            bytes.fromhex('7f10dabe 01000100 90010000 01000000 00000000'),
            self.header[64:84])

    def test_it_has_no_comment(self) -> None:
        self.assertEqual(bytes(256), self.header[84:340])

    def test_map_and_data_begin_at_whole_mebibytes(self) -> None:
        self.assertEqual(bytes.fromhex('00001000 00002000'),
                         self.header[340:348])

    def test_geometries_are_left_to_the_reader(self) -> None:
        for start in (348, 456):
            self.assertEqual(bytes(12) + bytes.fromhex('00020000'),
                             self.header[start:start + 16])

    def test_sizes_are_exact(self) -> None:
        # cbDisk, cbBlock, cbBlockExtra, cBlocks, cBlocksAllocated
        self.assertEqual(
            bytes.fromhex('0002500000000000 00001000 00000000 '
                          '06000000 02000000'), self.header[368:392])

    def test_its_ids_are_stored_as_microsoft_does(self) -> None:
        self.assertEqual(
            bytes.fromhex('33221100554477668899aabbccddeeff'
                          '3d2c1b0a5f4e71608293a4b5c6d7e8f9'),
            self.header[392:424])

    def test_it_has_no_parent(self) -> None:
        self.assertEqual(bytes(32), self.header[424:456])

    def test_the_rest_is_empty(self) -> None:
        self.assertEqual(bytes(40), self.header[472:])


class TestBlockMap(base.TestCase):

    def test_blocks_are_numbered_as_they_come(self) -> None:
        image = rendered(SparseSource(
            4 * MI, {MI: b'x' * MI, 3 * MI + 9: b'y'}))
        self.assertEqual(
            bytes.fromhex('ffffffff 00000000 ffffffff 01000000'),
            image[MI:MI + 16])
        self.assertEqual(bytes(MI - 16), image[MI + 16:2 * MI])
        self.assertEqual(b'x' * MI, image[2 * MI:3 * MI])

    def test_numbers_go_on_from_one_piece_of_the_map_to_the_next(self) -> None:
        layout = lay_out(SparseSource(
            20000 * MI, {0: b'a', 8191 * MI: b'x' * 2 * MI,
                         19999 * MI: b'z'}))
        pieces = [memoryview(piece.data).cast('I') for piece in table(layout)]
        self.assertEqual([8192, 8192, 3616], list(map(len, pieces)))
        self.assertEqual((0, 1), (pieces[0][0], pieces[0][8191]))
        self.assertEqual((2, 0xffffffff), (pieces[1][0], pieces[1][1]))
        self.assertEqual(3, pieces[2][3615])

    def test_a_map_that_fills_its_mebibytes_has_no_padding(self) -> None:
        layout = lay_out(SparseSource(256 * GI, {0: b'x'}))
        self.assertEqual([Zeros(MI - 512)],
                         [segment for segment in layout.segments()
                          if isinstance(segment, Zeros)])
        self.assertEqual(3 * MI, layout.image_size)

    def test_no_piece_grows_with_the_volume(self) -> None:
        layout = lay_out(SparseSource(16 * TI, {16 * TI - 1: b'x'}))
        self.assertEqual({32 * 1024},
                         {piece.length for piece in table(layout)})

    def test_found_zeros_are_not_sent(self) -> None:
        layout = lay_out(MemorySource(bytes(MI) + b'x' + bytes(3 * MI - 1)))
        self.assertEqual([Copy(MI, MI)],
                         [segment for segment in layout.segments()
                          if isinstance(segment, Copy)])


class TestPlaces(base.TestCase):

    def test_volume_is_read_in_whole_blocks(self) -> None:
        source = SparseSource(5 * MI + 7, {2 * MI + 7: b'x', 5 * MI: b'y'})
        self.assertEqual(
            [Copy(2 * MI, MI), Copy(5 * MI, 7), Zeros(MI - 7)],
            list(lay_out(source).segments())[-3:])

    def test_an_empty_volume_is_a_header(self) -> None:
        image = rendered(MemorySource(b''))
        self.assertEqual(MI, len(image))
        self.assertEqual(bytes(8), image[368:376])
        self.assertEqual(bytes(8), image[384:392])

    def test_two_walks_over_a_layout_are_the_same(self) -> None:
        layout = lay_out(SparseSource(9 * MI, {0: b'x', 8 * MI: b'y'}))
        self.assertEqual(list(layout.segments()), list(layout.segments()))


class TestMake(base.TestCase):

    def test_is_found_by_its_name(self) -> None:
        self.assertIs(vdi.make, FORMATS['vdi'])

    def test_the_largest_volume_has_a_map_of_2_gib(self) -> None:
        layout = vdi.make(SparseSource(vdi.MAX_SIZE, {}), Compression())
        self.assertEqual(MI + 2 * GI, layout.image_size)

    def test_a_larger_volume_is_refused_before_it_is_read(self) -> None:
        error = self.assertRaises(
            exception.TransferError, vdi.make,
            SparseSource(512 * TI, {0: b'x'}), Compression())
        self.assertIn('a vdi image holds at most 562949952372736 bytes '
                      '(below 512 TiB), and the volume has 562949953421312',
                      str(error))

    def test_each_image_is_a_disk_of_its_own(self) -> None:
        source = MemorySource(b'x' * 512)
        ids = [VdiReader(guests.image(source, vdi.make(
            source, Compression()))).header[392:424] for _ in range(2)]
        self.assertNotEqual(*ids)
        self.assertNotEqual(ids[0][:16], ids[0][16:])
