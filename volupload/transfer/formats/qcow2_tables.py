# SPDX-License-Identifier: Apache-2.0
"""What every qcow2 image consists of: its header and its tables.

Names, sections and numbers are those of QEMU's docs/interop/qcow2.txt. All
numbers are big-endian and every table fills whole clusters. Tables are made
one cluster at a time, from iterators, so that those of a volume of many TiB
never stand in memory.
"""

import array
from collections.abc import Iterable
from collections.abc import Iterator
import itertools
import struct
import sys

from volupload.transfer import blocks

# Section "Header".
MAGIC = 0x514649FB   # QFI\xfb
VERSION = 3
CLUSTER_BITS = 16
CLUSTER_SIZE = 1 << CLUSTER_BITS
SECTOR = 512
REFCOUNT_ORDER = 4
INCOMPATIBLE_COMPRESSION_TYPE = 1 << 3
# "Additional fields": compression_type, padded to a multiple of 8.
COMPRESSION_TYPE_ZLIB = 0
COMPRESSION_TYPE_ZSTD = 1
HEADER = struct.Struct('>IIQIIQIIQQIIQQQQIIB7x')
HEADER_LENGTH = HEADER.size

# Section "Host cluster management".
REFCOUNT_BLOCK_ENTRIES = CLUSTER_SIZE * 8 >> REFCOUNT_ORDER
TABLE_ENTRIES = CLUSTER_SIZE // 8   # of the refcount table and of L2 tables

# Section "Cluster mapping", bit 63 of L1 and L2 table entries.
OFLAG_COPIED = 1 << 63

COMPRESSION_TYPES = {'zlib': COMPRESSION_TYPE_ZLIB,
                     'zstd': COMPRESSION_TYPE_ZSTD}

# A region of the map is what one L2 table maps.
assert blocks.REGION == TABLE_ENTRIES   # noqa: S101


def header(size: int, l1_size: int, l1_table_offset: int,
           refcount_table_offset: int, refcount_table_clusters: int,
           compression_type: int = COMPRESSION_TYPE_ZLIB) -> bytes:
    """The first cluster; no header extensions, which eight zeros tell.

    :param size: of the volume. Rounded up to whole sectors here: the
        specification allows any number of bytes, but QEMU counts sectors and
        would cut off the end of a volume.
    """
    fields = HEADER.pack(
        MAGIC, VERSION,
        0, 0,   # backing_file_offset, backing_file_size
        CLUSTER_BITS, -(-size // SECTOR) * SECTOR,
        0,      # crypt_method
        l1_size, l1_table_offset,
        refcount_table_offset, refcount_table_clusters,
        0, 0,   # nb_snapshots, snapshots_offset
        INCOMPATIBLE_COMPRESSION_TYPE if compression_type else 0,
        0, 0,   # compatible_features, autoclear_features
        REFCOUNT_ORDER, HEADER_LENGTH, compression_type)
    return fields.ljust(CLUSTER_SIZE, b'\0')


def clusters(number: int, each: int) -> int:
    """Clusters for ``number`` things, ``each`` of which fill one."""
    return -(-number // each)


def l1_entries(told: blocks.BlockMap) -> int:
    """Never none: a table of no entries would have no place either."""
    return max(1, clusters(told.count, TABLE_ENTRIES))


def table(entries: Iterable[int], at_least: int = 1) -> bytes:
    """Entries of 64 bits, filled up to whole clusters."""
    return _big_endian(array.array('Q', entries)).ljust(
        at_least * CLUSTER_SIZE, b'\0')


def refcount_blocks_of(others: int) -> int:
    """Blocks that count so many other clusters, and the blocks themselves."""
    return clusters(others, REFCOUNT_BLOCK_ENTRIES - 1)


def refcount_blocks(counts: Iterable[int]) -> Iterator[bytes]:
    """The clusters that hold these refcounts, the last one filled up."""
    numbers = iter(counts)
    while part := array.array(
            'H', itertools.islice(numbers, REFCOUNT_BLOCK_ENTRIES)):
        yield _big_endian(part)


def l2_table(told: blocks.BlockMap, region: int,
             descriptors: Iterator[int]) -> bytes:
    """A region's L2 table, with the next descriptors for its data."""
    entries = array.array('Q', bytes(CLUSTER_SIZE))
    for run in told.runs_of(region):
        first = run.start - region * TABLE_ENTRIES
        entries[first:first + run.count] = array.array(
            'Q', itertools.islice(descriptors, run.count))
    return _big_endian(entries)


def _big_endian(entries: 'array.array[int]') -> bytes:
    if sys.byteorder == 'little':
        entries.byteswap()
    data = entries.tobytes()
    return data.ljust(clusters(len(data), CLUSTER_SIZE) * CLUSTER_SIZE, b'\0')


def l1_table(told: blocks.BlockMap,
             l2_tables: Iterable[tuple[int, int]]) -> bytes:
    """L1, from pairs of a region and the cluster of its L2 table."""
    entries = array.array('Q', bytes(8 * l1_entries(told)))
    for region, cluster in l2_tables:
        entries[region] = OFLAG_COPIED | cluster << CLUSTER_BITS
    return _big_endian(entries)


def places(cluster: int, number: int) -> range:
    """Offsets of that many clusters, from this one on."""
    return range(cluster * CLUSTER_SIZE, (cluster + number) * CLUSTER_SIZE,
                 CLUSTER_SIZE)
