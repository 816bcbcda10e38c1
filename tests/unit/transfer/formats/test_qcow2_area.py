# SPDX-License-Identifier: Apache-2.0

import random
import zlib

import zstandard

from tests import base
from volupload.transfer.formats.qcow2_area import Area
from volupload.transfer.formats.qcow2_area import Packer

CLUSTER = 64 * 1024


def unpack_zlib(data: bytes) -> bytes:
    return zlib.decompressobj(-12).decompress(data)


def unpack_zstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data)


UNPACK = {'zlib': unpack_zlib, 'zstd': unpack_zstd}


class TestPacker(base.TestCase):

    def test_every_cluster_is_for_itself(self) -> None:
        data = b''.join(bytes([number]) * CLUSTER for number in (1, 2, 3))
        for name, unpack in UNPACK.items():
            encoded = Packer(name, None).encode(memoryview(data))
            self.assertEqual(data, b''.join(map(unpack, encoded)))
            self.assertEqual(3, len(encoded))

    def test_zeros_are_none(self) -> None:
        packer = Packer('zlib', None)
        self.assertEqual([None, None], packer.encode(
            memoryview(bytes(CLUSTER + 1))))
        self.assertEqual(0, packer.measure(memoryview(bytes(CLUSTER))))

    def test_last_byte_counts(self) -> None:
        data = bytes(CLUSTER - 1) + b'1'
        self.assertEqual(data, unpack_zlib(
            Packer('zlib', None).encode(memoryview(data))[0]))

    def test_short_cluster_is_filled_up(self) -> None:
        for name, unpack in UNPACK.items():
            [packed] = Packer(name, None).encode(memoryview(b'end'))
            self.assertEqual(b'end'.ljust(CLUSTER, b'\0'), unpack(packed))

    def test_noise_is_stored_in_ten_bytes_more(self) -> None:
        data = random.Random(7).randbytes(CLUSTER)
        for name, unpack in UNPACK.items():
            [packed] = Packer(name, 1).encode(memoryview(data))
            self.assertEqual(CLUSTER + 10, len(packed))
            self.assertEqual(data, unpack(packed))
            self.assertEqual(data[-32768:], packed[-32768:])


class TestArea(base.TestCase):

    def test_takes_up_to_the_first_that_has_no_room(self) -> None:
        area = Area(1, CLUSTER)
        self.assertEqual([b'a' * 60000], area.place(
            [b'a' * 60000, None, b'b' * 6000, b'c']))
        self.assertEqual([], area.place([b'd']))
        self.assertEqual((True, 2, 5536), (
            area.full, len(area.lengths), area.left))

    def test_what_fills_it_to_the_last_byte_fits(self) -> None:
        area = Area(1, CLUSTER)
        self.assertEqual([b'a' * 65534, b'bb'],
                         area.place([b'a' * 65534, b'bb']))
        self.assertEqual((False, 0), (area.full, area.left))
        self.assertEqual([2], list(area.refcounts()))

    def test_refcounts_count_all_that_reach_into_a_cluster(self) -> None:
        area = Area(1, 4 * CLUSTER)
        area.place([bytes(60000), bytes(10000), bytes(65546)])
        self.assertEqual([2, 2, 1, 0], list(area.refcounts()))

    def test_descriptors_count_sectors_beyond_the_first(self) -> None:
        area = Area(1, CLUSTER)
        area.place([bytes(512), bytes(1), None, bytes(512)])
        self.assertEqual(
            [1 << 62 | 0 << 54 | CLUSTER,
             1 << 62 | 0 << 54 | CLUSTER + 512,
             0,
             1 << 62 | 1 << 54 | CLUSTER + 513], list(area.descriptors()))
