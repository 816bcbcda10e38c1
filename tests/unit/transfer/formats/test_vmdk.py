# SPDX-License-Identifier: Apache-2.0

import io
import itertools
import os
import random
import struct
import zlib

import testscenarios

from tests import base
from tests.fixtures import guests
from tests.fixtures.render import render_bytes
from tests.fixtures.render import render_file
from tests.fixtures.sources import MemorySource
from tests.fixtures.sources import SparseSource
from tests.fixtures.vmdk_reader import END_OF_STREAM
from tests.fixtures.vmdk_reader import FOOTER
from tests.fixtures.vmdk_reader import GRAIN_DIRECTORY
from tests.fixtures.vmdk_reader import GRAIN_TABLE
from tests.fixtures.vmdk_reader import VmdkReader
from volupload import exception
from volupload.transfer import Compression
from volupload.transfer import Extent
from volupload.transfer import Packed
from volupload.transfer import Source
from volupload.transfer.formats import FORMATS
from volupload.transfer.formats import vmdk

KI = 1024
MI = 1024 * KI
GI = 1024 * MI
TI = 1024 * GI
GRAIN = 64 * KI
END = [GRAIN_DIRECTORY, FOOTER, END_OF_STREAM]
TEXT = b'All work and no play. '
AS_IT_IS = Compression('none')

VOLUMES = guests.VOLUMES | {
    'nothing': lambda: MemorySource(b''),
    'alternating grains': lambda: SparseSource(
        40 * MI, {start: guests.data(GRAIN)
                  for start in range(0, 40 * MI, 2 * GRAIN)}),
    'grains of zeros among data': lambda: MemorySource(
        (guests.data(GRAIN) + bytes(GRAIN)) * 40),
    'an end within a grain': lambda: MemorySource(TEXT * 40000),
    'beyond 3 TiB': lambda: SparseSource(
        3 * TI, {0: b'a', 2 * TI - 1: b'bc', 3 * TI - 3: b'end'}),
}


def rendered(source: Source,
             compression: Compression = AS_IT_IS) -> io.BytesIO:
    return io.BytesIO(render_bytes(source, vmdk.make(source, compression)))


def read(source: Source, compression: Compression = AS_IT_IS) -> VmdkReader:
    return VmdkReader(rendered(source, compression))


def is_stored(stream: bytes) -> bool:
    """Whether RFC 1951's BTYPE of the first block says so."""
    return not stream[2] & 0b110


class Noise(SparseSource):
    """Data everywhere, and nothing that becomes smaller."""

    def __init__(self, size: int) -> None:
        super().__init__(size, {})
        self.most = 0

    def extents(self):   # type: ignore[no-untyped-def]
        yield Extent(0, self.size, False)

    def readinto(self, offset: int, buffer: memoryview) -> int:
        self.most = max(self.most, len(buffer))
        buffer[:] = random.Random(offset).randbytes(len(buffer))
        return len(buffer)


class TestGuestBytes(testscenarios.WithScenarios, base.TestCase):
    """The reader checks all of the structure while it opens the image."""

    scenarios = testscenarios.multiply_scenarios(
        [(name, {'volume': volume}) for name, volume in VOLUMES.items()],
        [('stored', {'codec': 'none'}), ('zlib', {'codec': 'zlib'})])

    def test_a_guest_sees_the_volume(self) -> None:
        source = self.volume()
        path = os.path.join(self.state_path, 'disk.vmdk')
        render_file(source, vmdk.make(source, Compression(self.codec)), path)
        with open(path, 'rb') as image:
            reader = VmdkReader(image)
            self.assertEqual(max(512, -(-source.size // 512) * 512),
                             reader.size)
            self.assertEqual([], guests.differences(source, reader))


class TestHeader(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.header = read(SparseSource(5 * GI, {})).header

    def test_it_is_version_3_compressed_with_markers(self) -> None:
        self.assertEqual(b'KDMV' + bytes.fromhex('03000000 01000300'),
                         self.header[:12])

    def test_capacity_and_grains_are_counted_in_sectors(self) -> None:
        self.assertEqual((5 * GI // 512, 128),
                         struct.unpack_from('<QQ', self.header, 12))

    def test_its_descriptor_takes_sectors_1_to_20(self) -> None:
        self.assertEqual((1, 20), struct.unpack_from('<QQ', self.header, 28))

    def test_tables_have_512_entries_and_no_second_copy(self) -> None:
        self.assertEqual((512, 0), struct.unpack_from('<IQ', self.header, 44))

    def test_the_directory_is_at_the_end_and_grains_from_128_on(self) -> None:
        self.assertEqual((2 ** 64 - 1, 128),
                         struct.unpack_from('<QQ', self.header, 56))

    def test_it_was_shut_down_cleanly_and_came_as_binary(self) -> None:
        self.assertEqual(b'\0\n \r\n', self.header[72:77])

    def test_it_says_deflate_and_no_more(self) -> None:
        self.assertEqual(b'\1\0' + bytes(433), self.header[77:])


class TestDescriptor(base.TestCase):

    def test_it_describes_one_extent_of_a_stream(self) -> None:
        reader = read(SparseSource(5 * GI + 3, {}))
        lines = reader.descriptor.splitlines()
        cid = lines.pop(2)
        self.assertEqual('''\
# Disk DescriptorFile
version=1
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RDONLY 10485761 SPARSE "volume.vmdk"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "652"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.toolsVersion = "2147483647"
ddb.virtualHWVersion = "4"'''.splitlines(), lines)
        self.assertRegex(cid, '^CID=[0-9a-f]{8}$')

    def test_each_image_has_a_content_id_of_its_own(self) -> None:
        source = MemorySource(b'x')
        self.assertNotEqual(*(read(source).descriptor for _ in range(2)))

    def test_a_small_disk_has_a_cylinder_all_the_same(self) -> None:
        self.assertIn('cylinders = "1"',
                      read(MemorySource(b'x')).descriptor)


class TestStream(base.TestCase):

    def test_a_table_follows_each_32_mib_that_have_grains(self) -> None:
        reader = read(SparseSource(
            100 * MI, {32 * MI - 1: b'xy', 96 * MI: b'z'}))
        self.assertEqual(
            ['grain', GRAIN_TABLE, 'grain', GRAIN_TABLE, 'grain',
             GRAIN_TABLE, *END], reader.stream)
        self.assertEqual([511, 512, 1536], list(reader.streams))

    def test_zeros_leave_neither_grain_nor_table(self) -> None:
        reader = read(MemorySource(bytes(40 * MI)))
        self.assertEqual(END, reader.stream)

    def test_grains_of_zeros_within_data_are_not_sent(self) -> None:
        reader = read(MemorySource(
            b'x' * GRAIN + bytes(2 * GRAIN) + b'y' * GRAIN))
        self.assertEqual([0, 3], list(reader.streams))

    def test_an_image_without_data_still_has_room_for_its_overhead(
            self) -> None:
        image = rendered(SparseSource(GI, {})).getvalue()
        # directory, footer and their markers, end of the stream
        self.assertEqual(64 * KI + 5 * 512, len(image))

    def test_an_empty_volume_has_one_sector(self) -> None:
        self.assertEqual(512, read(MemorySource(b'')).size)

    def test_the_last_grain_is_made_whole(self) -> None:
        reader = read(MemorySource(b'x' * 700))
        self.assertEqual(b'x' * 700 + bytes(GRAIN - 700),
                         zlib.decompress(reader.streams[0]))
        self.assertEqual(1024, reader.size)

    def test_nothing_says_how_long_it_will_be(self) -> None:
        self.assertIsNone(vmdk.make(MemorySource(b''), AS_IT_IS).image_size)


class TestJobs(base.TestCase):

    def jobs(self, source: Source) -> list[Packed]:
        layout = vmdk.make(source, AS_IT_IS)
        return [segment for segment in layout.segments()
                if isinstance(segment, Packed)]

    def test_data_is_encoded_by_the_mebibyte(self) -> None:
        jobs = self.jobs(SparseSource(
            10 * MI, {MI - 1: b'x' * (MI + 2)}))
        self.assertEqual(
            [(MI - GRAIN, GRAIN), (MI, MI), (2 * MI, GRAIN)],
            [(job.offset, job.length) for job in jobs])

    def test_holes_within_a_mebibyte_are_read_with_it(self) -> None:
        jobs = self.jobs(SparseSource(
            10 * MI, {GRAIN: b'x', 9 * GRAIN: b'y', 12 * GRAIN: b'z'}))
        self.assertEqual([(GRAIN, 12 * GRAIN)],
                         [(job.offset, job.length) for job in jobs])

    def test_the_end_of_the_volume_is_not_passed(self) -> None:
        jobs = self.jobs(MemorySource(b'x' * (MI + 5)))
        self.assertEqual([(0, MI), (MI, 5)],
                         [(job.offset, job.length) for job in jobs])

    def test_a_job_works_out_in_any_order(self) -> None:
        volume = guests.data(3 * MI)
        layout = vmdk.make(MemorySource(volume), AS_IT_IS)
        jobs = list(itertools.islice(layout.segments(), 2, 5))
        encoded = {job: job.encode(memoryview(volume)[
            job.offset:job.offset + job.length]) for job in reversed(jobs)}
        placed = b''.join(piece for job in jobs
                          for piece in job.place(encoded[job]))
        image = render_bytes(MemorySource(volume), layout)
        self.assertEqual(zlib.crc32(image[64 * KI:][:len(placed)]),
                         zlib.crc32(placed))

    def test_two_walks_over_a_layout_are_the_same(self) -> None:
        source = SparseSource(70 * MI, {0: b'x', 40 * MI: b'y' * MI})
        layout = vmdk.make(source, AS_IT_IS)
        self.assertEqual(*(zlib.crc32(render_bytes(source, layout))
                           for _ in range(2)))


class TestVolumeInUse(base.TestCase):
    """What is written after the holes were asked for."""

    def test_a_hole_that_is_filled_does_not_disturb(self) -> None:
        source = MemorySource(b'x' * 100 * MI, [
            Extent(0, GRAIN, False), Extent(GRAIN, GRAIN, True),
            Extent(2 * GRAIN, GRAIN, False),
            Extent(3 * GRAIN, 100 * MI - 4 * GRAIN, True),
            Extent(100 * MI - GRAIN, GRAIN, False)])
        reader = read(source)
        self.assertEqual([0, 1, 2, 1599], list(reader.streams))

    def test_data_that_is_cleared_does_not_disturb(self) -> None:
        source = MemorySource(bytes(64 * MI) + b'x', [
            Extent(0, 64 * MI + 1, False)])
        self.assertEqual(['grain', GRAIN_TABLE, *END], read(source).stream)


class TestCompression(base.TestCase):

    def stream(self, data: bytes, compression: Compression) -> bytes:
        return read(MemorySource(data), compression).streams[0]

    def test_what_becomes_smaller_is_compressed(self) -> None:
        self.assertLess(len(self.stream(TEXT * 5000, Compression())), 6000)

    def test_what_does_not_is_only_wrapped(self) -> None:
        stream = self.stream(guests.data(MI), Compression())
        # RFC 1950: 2 and 4; RFC 1951: 5 for each of two blocks
        self.assertEqual(GRAIN + 16, len(stream))
        self.assertTrue(is_stored(stream))

    def test_an_image_of_random_data_is_one_percent_longer(self) -> None:
        image = rendered(MemorySource(guests.data(32 * MI)), Compression())
        self.assertLess(len(image.getvalue()), 32 * MI * 1.01)

    def test_none_is_only_wrapped(self) -> None:
        self.assertTrue(is_stored(self.stream(TEXT * 5000, AS_IT_IS)))

    def test_zlib_is_tried_on_everything(self) -> None:
        source = MemorySource(guests.data(32 * GRAIN) + TEXT * 3000)
        streams = read(source, Compression('zlib')).streams
        self.assertLess(len(streams[32]), 6000)

    def test_zstd_means_zlib(self) -> None:
        stream = self.stream(TEXT * 5000, Compression('zstd', 19))
        self.assertFalse(is_stored(stream))
        self.assertLess(len(stream), 6000)

    def test_a_level_is_the_codecs(self) -> None:
        self.assertFalse(is_stored(
            self.stream(TEXT * 5000, Compression('zlib', 9))))
        self.assertRaises(exception.UnsupportedCompression, vmdk.make,
                          MemorySource(b'x'), Compression('zlib', 10))

    def test_an_unknown_codec_is_an_error(self) -> None:
        self.assertRaises(exception.UnsupportedCompression, vmdk.make,
                          MemorySource(b'x'), Compression('lzo'))


class Long(bytes):
    """An encoded grain that is as long as it says, and takes no memory."""

    length = 0

    @classmethod
    def of(cls, length: int) -> 'Long':
        result = cls()
        result.length = length
        return result

    def __len__(self) -> int:
        return self.length


class TestLimit(base.TestCase):

    def test_grains_fill_an_image_up_to_2_tib(self) -> None:
        tables = vmdk.Tables(capacity=GI)
        grain = Long.of(2 * TI - 64 * KI)
        self.assertEqual([grain], list(tables.place(0, False, [[grain]])))

    def test_a_sector_more_is_an_error(self) -> None:
        tables = vmdk.Tables(capacity=GI)
        grains = [[Long.of(2 * TI - 64 * KI)], [Long.of(512)]]
        error = self.assertRaises(exception.TransferError, list,
                                  tables.place(0, False, grains))
        self.assertIn('a vmdk image ends at 2199023255552 bytes (2 TiB)',
                      str(error))

    def test_tables_count_too(self) -> None:
        tables = vmdk.Tables(capacity=GI)
        list(tables.place(0, False, [[Long.of(2 * TI - 65 * KI)]]))
        self.assertRaises(exception.TransferError, list,
                          tables.place(1, True, []))
        self.assertRaises(exception.TransferError, list, tables.end())

    def test_data_of_3_tib_is_refused_for_its_sample(self) -> None:
        for codec in ('auto', 'none', 'zlib'):
            source = Noise(3 * TI)
            self.assertRaises(exception.TransferError, vmdk.make, source,
                              Compression(codec))
            self.assertEqual(GRAIN, source.most)

    def test_data_that_may_just_fit_is_tried(self) -> None:
        vmdk.make(Noise(2 * TI - 40 * GI), Compression())

    def test_data_of_3_tib_that_becomes_smaller_is_taken(self) -> None:
        source = SparseSource(3 * TI, {0: TEXT})
        source.extents = lambda: iter([   # type: ignore[method-assign]
            Extent(0, 3 * TI, False)])
        vmdk.make(source, Compression('zlib'))


class TestFormats(base.TestCase):

    def test_is_found_by_its_name(self) -> None:
        self.assertIs(vmdk.make, FORMATS['vmdk'])
