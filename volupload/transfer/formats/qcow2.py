# SPDX-License-Identifier: Apache-2.0
"""qcow2, version 3, in clusters of 64 KiB and with refcounts of 16 bits.

The plain image is known to its last byte as soon as the map of the volume
is::

    header | refcount table | refcount blocks | L1 | L2 tables | data

L2 tables are 128 MiB for each TiB of data; each is computed when it is sent.
The compressed image is in ``qcow2_compressed``; ``make`` chooses.

A volume that is no multiple of the cluster fills its last cluster with
zeros; ``size`` in the header is exact to the sector. One without any data has
an L1 table of zeros, and so has one of 0 bytes.
"""

from collections.abc import Iterator
import itertools

from volupload.transfer import blocks
from volupload.transfer import Compression
from volupload.transfer import Identity
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import sample
from volupload.transfer import scan
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer.formats import qcow2_area
from volupload.transfer.formats import qcow2_compressed
from volupload.transfer.formats import qcow2_tables as tables
from volupload.transfer.formats.qcow2_tables import CLUSTER_SIZE


class Plain:
    """Header and tables, then the clusters with data as they are."""

    def __init__(self, told: blocks.BlockMap) -> None:
        self._map = told
        self._regions = [region for region, _used in told.used_regions()]
        l1_clusters = tables.clusters(
            tables.l1_entries(told), tables.TABLE_ENTRIES)
        total = 1 + l1_clusters + len(self._regions) + told.used
        # The table is counted as if it had one block for each of its own
        # clusters more: it is a cluster for 16 TiB.
        self._table = tables.clusters(
            tables.refcount_blocks_of(total), tables.TABLE_ENTRIES - 1)
        self._blocks = tables.refcount_blocks_of(total + self._table)
        self._total = total + self._blocks + self._table
        self._first_block = 1 + self._table
        self._l1 = self._first_block + self._blocks
        self._l2 = self._l1 + l1_clusters
        self.image_size = self._total * CLUSTER_SIZE

    def segments(self) -> Iterator[Segment]:
        yield Literal(tables.header(
            self._map.size, tables.l1_entries(self._map),
            self._l1 * CLUSTER_SIZE, CLUSTER_SIZE, self._table))
        yield Literal(tables.table(
            tables.places(self._first_block, self._blocks)))
        yield from map(Literal, tables.refcount_blocks(
            itertools.repeat(1, self._total)))
        yield Literal(tables.l1_table(self._map, zip(
            self._regions, itertools.count(self._l2), strict=False)))
        descriptors = (tables.OFLAG_COPIED | place for place in tables.places(
            self._l2 + len(self._regions), self._map.used))
        for region in self._regions:
            yield Literal(tables.l2_table(self._map, region, descriptors))
        yield from self._map.copies()


def make(source: Source, compression: Compression,
         identity: Identity | None = None) -> Layout:
    """Compressed if wished for, or if left open and a sample says it pays.

    :raises UnsupportedCompression: codec or level cannot be had.
    :raises SourceError, ShortRead: the volume cannot be read.
    """
    if compression.codec != 'none':
        name = 'zlib' if compression.codec == 'auto' else compression.codec
        packer = qcow2_area.Packer(name, compression.level)
        told, looked = _look(source, packer)
        if told.used and (looked.pays or compression.codec != 'auto'):
            return qcow2_compressed.Compressed(
                source, told, packer,
                looked.estimate(qcow2_compressed.FIRST_DEVIATIONS))
        if scan.is_dense(told, looked.zero_share):
            return Plain(told)
    return Plain(scan.map_blocks(source, CLUSTER_SIZE))


def _look(source: Source, packer: qcow2_area.Packer) -> tuple[
        blocks.BlockMap, sample.Sample]:
    """A map, and a sample of what it calls data.

    Zeros are found when the data is compressed, so that it is read once;
    unless the data is so rare that a sample cannot tell how much there is.
    """
    told = blocks.BlockMap.from_extents(
        source.extents(), source.size, CLUSTER_SIZE)
    looked = sample.compressibility(source, told, packer.measure)
    if looked.vague:
        told = scan.map_blocks(source, CLUSTER_SIZE)
        looked = sample.compressibility(source, told, packer.measure)
    return told, looked
