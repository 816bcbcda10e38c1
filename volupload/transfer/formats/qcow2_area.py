# SPDX-License-Identifier: Apache-2.0
"""Compressed clusters of qcow2: how they are made and where they stand.

They follow each other byte by byte, and several share a host cluster. Of each
two bytes are remembered, its length: 32 MiB for each TiB of data. All table
entries follow from them.

A cluster that does not shrink is written as deflate or zstd that stores it:
ten bytes longer than plain, while a plain one would have to begin at a host
cluster, 32 KiB further on the average.
"""

import array
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import itertools
import struct

from volupload.transfer import codecs
from volupload.transfer.formats import qcow2_tables as tables
from volupload.transfer.formats.qcow2_tables import CLUSTER_BITS
from volupload.transfer.formats.qcow2_tables import CLUSTER_SIZE

# Section "Cluster mapping", compressed clusters. Bit 63 is not for them.
OFLAG_COMPRESSED = 1 << 62
OFFSET_BITS = 62 - (CLUSTER_BITS - 8)
SECTOR_BITS = 9

# RFC 1951, section 3.2.4: BFINAL, BTYPE 00, LEN, NLEN. LEN has 16 bits, one
# too few for a cluster, so there are two blocks.
_HALF = CLUSTER_SIZE // 2
_STORED_BLOCK = struct.Struct('<BHH')
_STORED_FIRST = _STORED_BLOCK.pack(0, _HALF, _HALF ^ 0xFFFF)
_STORED_LAST = _STORED_BLOCK.pack(1, _HALF, _HALF ^ 0xFFFF)
# RFC 8878, section 3.1.1: Magic_Number; Frame_Header_Descriptor for a single
# segment whose Frame_Content_Size has two bytes, which count from 256;
# Block_Header of the last, raw block.
_RAW_FRAME = struct.pack('<IBH', 0xFD2FB528, 0x60, CLUSTER_SIZE - 256) + (
    CLUSTER_SIZE << 3 | 1).to_bytes(3, 'little')

# The longest that a cluster becomes, with either codec.
STORED_LENGTH = CLUSTER_SIZE + 10
# What became of some clusters: their new bytes, None for one of zeros.
Encoded = Sequence[bytes | None]
# What 16 bits remember: 0 a cluster of zeros, 65535 a stored one, else bytes.
_STORED_CODE = 0xFFFF


class Packer:
    """Encodes clusters; several threads may use it at once.

    :raises UnsupportedCompression: codec or level cannot be had.
    """

    def __init__(self, name: str, level: int | None) -> None:
        self.compression_type = tables.COMPRESSION_TYPES.get(name, 0)
        self._codec = codecs.get(name, level, codecs.RAW_DEFLATE_12)
        self._store: Callable[[memoryview], bytes] = (
            _store_zstd if self.compression_type else _store_deflate)
        self._zeros = bytearray(CLUSTER_SIZE)

    def encode(self, data: memoryview) -> Encoded:
        return [self._cluster(data[offset:offset + CLUSTER_SIZE])
                for offset in range(0, len(data), CLUSTER_SIZE)]

    def measure(self, data: memoryview) -> int:
        """Length of one cluster when compressed, 0 if it is all zeros."""
        return len(self._cluster(data) or b'')

    def _cluster(self, data: memoryview) -> bytes | None:
        if len(data) < CLUSTER_SIZE:   # the volume's last
            data = memoryview(bytes(data).ljust(CLUSTER_SIZE, b'\0'))
        if self._zeros == data:
            return None
        packed = self._codec.compress(data)
        return packed if len(packed) < _STORED_CODE else self._store(data)


def _store_deflate(data: memoryview) -> bytes:
    return b''.join((_STORED_FIRST, data[:_HALF],
                     _STORED_LAST, data[_HALF:]))


def _store_zstd(data: memoryview) -> bytes:
    return _RAW_FRAME + data


class Area:
    """Room for compressed clusters: whole clusters at a fixed place."""

    def __init__(self, cluster: int, length: int) -> None:
        self.clusters = tables.clusters(length, CLUSTER_SIZE)
        self.start = cluster * CLUSTER_SIZE
        self.used = 0
        self.full = False
        self.lengths = array.array('H')

    @property
    def end_cluster(self) -> int:
        return (self.start >> CLUSTER_BITS) + self.clusters

    @property
    def left(self) -> int:
        return self.clusters * CLUSTER_SIZE - self.used

    def place(self, encoded: Encoded) -> list[bytes]:
        """Take the next clusters, up to the first that finds no room."""
        taken = []
        left = self.left
        for data in encoded:
            length = len(data) if data is not None else 0
            if self.full or length > left:
                self.full = True
                break
            left -= length
            self.lengths.append(min(length, _STORED_CODE))
            if data is not None:
                taken.append(data)
        self.used = self.clusters * CLUSTER_SIZE - left
        return taken

    def descriptors(self) -> Iterator[int]:
        """L2 table entries of the clusters here."""
        start = self.start
        for length in self.lengths:
            if not length:
                yield 0
                continue
            end = start + _real(length)
            sectors = (end - 1 >> SECTOR_BITS) - (start >> SECTOR_BITS)
            yield OFLAG_COMPRESSED | sectors << OFFSET_BITS | start
            start = end

    def refcounts(self) -> Iterator[int]:
        """How many compressed clusters reach into each host cluster."""
        users = position = 0
        boundary = CLUSTER_SIZE
        for length in filter(None, self.lengths):
            users += 1
            position += _real(length)
            while position >= boundary:
                yield users
                users = int(position > boundary)
                boundary += CLUSTER_SIZE
        if users:
            yield users
            boundary += CLUSTER_SIZE
        yield from itertools.repeat(
            0, self.clusters - (boundary // CLUSTER_SIZE - 1))


def _real(length: int) -> int:
    return length if length < _STORED_CODE else STORED_LENGTH
