# SPDX-License-Identifier: Apache-2.0
"""Compressed qcow2, sent in one pass although the header comes first.

The header says where the tables are before anybody knows how long the
compressed data in front of them will be. So a sample tells how much room to
leave, twice::

    header
    first area         most of the data, compressed
    refcount table, L1
    L2 tables          of the regions that are done
    second area        the rest of the data, compressed
    L2 tables          of the other regions
    refcount blocks
    overflow           what the second area had no room for, as it is

The first area is meant to be too short, by one and a half standard errors of
the sample: what is left then is some per cent of the data, and to be wrong by
a few per cent about *that* costs next to nothing, be it zeros that fill the
second area up or an overflow. Whatever the estimates are, the image is right;
wrong ones only make it longer.

By how much, in per cent of the compressed data, simulated with the lengths of
all clusters of ext4 with /usr/lib (4 GiB), with /usr/share (0.7 GiB), and
with incompressible files and zeros mixed in; a hundred samples each::

                                            mean         worst of all
    one area, 96 clusters                   3.2 to 5.7   17
    one area, 512 clusters + 0.25 errors    1.1 to 1.9    6
    96 - 1.5 errors, then as just before    0.5 to 3.3    5.9
    96 - 1.5 errors, then 96 + 0.5          0.3 to 0.5    2.8
    128 - 1.5 errors, then 128 + 0.5        0.3           1.1

A cluster of a sample costs 0.2 ms and a read of its own, so 96 it is.

The specification allows all of it: tables may be anywhere, clusters in
between with refcount 0 are free.
"""

from collections.abc import Iterator
import itertools

from volupload.transfer import Barrier
from volupload.transfer import blocks
from volupload.transfer import Copy
from volupload.transfer import Literal
from volupload.transfer import MAX_PACKED
from volupload.transfer import Packed
from volupload.transfer import sample
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer import Zeros
from volupload.transfer.formats import qcow2_tables as tables
from volupload.transfer.formats.qcow2_area import Area
from volupload.transfer.formats.qcow2_area import Packer
from volupload.transfer.formats.qcow2_area import STORED_LENGTH
from volupload.transfer.formats.qcow2_tables import CLUSTER_BITS
from volupload.transfer.formats.qcow2_tables import CLUSTER_SIZE

# Standard errors of the sample by which the areas differ from the estimate.
FIRST_DEVIATIONS = -1.5
SECOND_DEVIATIONS = 0.5


class Compressed:
    """One image; ``segments`` is to be used once.

    :param first_estimate: bytes of the first area.
    :param second_estimate: bytes of the second; None: a sample of what is
        left tells them.
    """

    image_size: int | None = None   # only the end tells

    def __init__(self, source: Source, told: blocks.BlockMap, packer: Packer,
                 first_estimate: int,
                 second_estimate: int | None = None) -> None:
        self._source = source
        self._map = told
        self._packer = packer
        self._second_estimate = second_estimate
        self._first = Area(1, first_estimate)
        self._l1_clusters = tables.clusters(
            tables.l1_entries(told), tables.TABLE_ENTRIES)
        self._l1 = self._first.end_cluster + self._table_clusters()

    def _table_clusters(self) -> int:
        """Refcount table: one cluster for 16 TiB of image.

        More than twice the data cannot follow the first area, as the second
        one and as overflow.
        """
        most = (self._first.end_cluster + self._l1_clusters + len(
            list(self._map.used_regions())) + 2 * self._map.used)
        most += most // 1024 + 16   # what is stored grows; refcounts
        return tables.clusters(tables.refcount_blocks_of(most),
                               tables.TABLE_ENTRIES)

    def segments(self) -> Iterator[Segment]:
        first, told = self._first, self._map
        yield Literal(tables.header(
            told.size, tables.l1_entries(told), self._l1 * CLUSTER_SIZE,
            first.end_cluster * CLUSTER_SIZE, self._l1 - first.end_cluster,
            self._packer.compression_type))
        yield from self._fill(first, 0)
        rest = self._plan()
        yield from map(Literal, rest.front())
        yield from self._fill(rest.second, len(first.lengths))
        yield from map(Literal, rest.back())
        yield from self._overflow(rest.compressed)

    def _fill(self, area: Area, rank: int) -> Iterator[Segment]:
        """Data from this rank on; ``place`` says when there is no room."""
        for offset, length in self._pieces(rank):
            if area.full:
                break
            yield Packed(offset, length, self._packer.encode, area.place)
        yield Barrier()
        if area.left:
            yield Zeros(area.left)

    def _plan(self) -> '_Rest':
        rank = len(self._first.lengths)
        left = self._map.used - rank
        length = self._second_estimate
        if length is None:
            length = sample.compressibility(
                self._source, self._map, self._packer.measure,
                first=rank).estimate(SECOND_DEVIATIONS)
        return _Rest(self._map, self._first, self._l1,
                     min(length, left * STORED_LENGTH))

    def _overflow(self, rank: int) -> Iterator[Segment]:
        for offset, length in self._pieces(rank):
            yield Copy(offset, length)
            if length % CLUSTER_SIZE:
                yield Zeros(-length % CLUSTER_SIZE)

    def _pieces(self, rank: int) -> Iterator[tuple[int, int]]:
        """Offset and length of the data from cluster ``rank`` of it on."""
        for region, used in self._map.used_regions():
            if rank >= used:
                rank -= used
                continue
            for run in self._map.runs_of(region):
                skipped = min(rank, run.count)
                rank -= skipped
                end = min(run.end * CLUSTER_SIZE, self._map.size)
                for offset in range((run.start + skipped) * CLUSTER_SIZE, end,
                                    MAX_PACKED):
                    yield offset, min(MAX_PACKED, end - offset)


class _Rest:
    """All behind the first area, when it is known what that could take."""

    def __init__(self, told: blocks.BlockMap, first: Area, l1: int,
                 second_length: int) -> None:
        self._map = told
        self._first = first
        self._l1 = l1
        self._l2 = l1 + tables.clusters(
            tables.l1_entries(told), tables.TABLE_ENTRIES)
        self._done, self._others = self._regions()
        self.second = Area(self._l2 + len(self._done), second_length)
        self._blocks = self.second.end_cluster + len(self._others)
        most = self._blocks + told.used - len(first.lengths)
        self._block_count = tables.refcount_blocks_of(most)
        self._entries = self._descriptors()
        self._following = told.used_regions()

    def _regions(self) -> tuple[list[int], list[int]]:
        """Those with all their data in the first area, and the others.

        Regions in which all data turned out to be zeros need no L2 table.
        """
        done, others = [], []
        start = 0
        for region, used in self._map.used_regions():
            if start + used > len(self._first.lengths):
                others.append(region)
            elif any(self._first.lengths[start:start + used]):
                done.append(region)
            start += used
        return done, others

    @property
    def compressed(self) -> int:
        """Clusters in the two areas; what is behind them overflows."""
        return len(self._first.lengths) + len(self.second.lengths)

    def front(self) -> Iterator[bytes]:
        """Refcount table, L1, and the L2 tables that are known already."""
        yield tables.table(tables.places(self._blocks, self._block_count),
                           self._l1 - self._first.end_cluster)
        yield tables.l1_table(self._map, itertools.chain(
            zip(self._done, itertools.count(self._l2), strict=False),
            zip(self._others, itertools.count(self.second.end_cluster),
                strict=False)))
        yield from self._l2_tables(self._done)

    def back(self) -> Iterator[bytes]:
        """The other L2 tables, and the refcounts of the whole image."""
        yield from self._l2_tables(self._others)
        yield from tables.refcount_blocks(itertools.islice(
            itertools.chain(self._refcounts(), itertools.repeat(0)),
            self._block_count * tables.REFCOUNT_BLOCK_ENTRIES))

    def _l2_tables(self, regions: list[int]) -> Iterator[bytes]:
        """Up to the last of these; those in between have no table."""
        wanted = set(regions)
        while wanted:
            region, _used = next(self._following)
            table = tables.l2_table(self._map, region, self._entries)
            if region in wanted:
                wanted.remove(region)
                yield table

    def _descriptors(self) -> Iterator[int]:
        """L2 table entries of all clusters with data, in order.

        The second area is asked for its own only when it is filled.
        """
        yield from self._first.descriptors()
        yield from self.second.descriptors()
        overflow = self._blocks + self._block_count
        for cluster in itertools.count(overflow):
            yield tables.OFLAG_COPIED | cluster << CLUSTER_BITS

    def _refcounts(self) -> Iterator[int]:
        """Of each host cluster from the header to the image's end."""
        yield 1
        yield from self._first.refcounts()
        yield from itertools.repeat(
            1, self._l2 + len(self._done) - self._first.end_cluster)
        yield from self.second.refcounts()
        yield from itertools.repeat(
            1, len(self._others) + self._block_count
            + self._map.used - self.compressed)
