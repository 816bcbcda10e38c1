# SPDX-License-Identifier: Apache-2.0
"""Which blocks of a volume hold data, for formats that keep tables of blocks.

A block is a cluster of qcow2, a block of VDI, VHD or VHDX. The map is made
once and never changes: whoever writes to the volume meanwhile cannot make
the tables of an image disagree with its data.

It is a bit a block, in regions, and a region that is empty or full takes no
room: at most 2.3 MiB for each TiB in clusters of 64 KiB. The worst case, a
TiB in which every other cluster has data, is walked in some 12 s.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import re

from volupload.transfer import Copy
from volupload.transfer import Extent
from volupload.transfer import Segment
from volupload.transfer import Zeros

# Blocks in a region: what one L2 table of qcow2 (64 KiB clusters) describes.
REGION = 8192
_FULL = (1 << REGION) - 1
# Runs are looked for in the digits of the mask: shifting the number itself
# from run to run takes four times as long.
_ONES = re.compile('1+')


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """``count`` blocks with data from block ``start``."""

    start: int
    count: int

    @property
    def end(self) -> int:
        return self.start + self.count


class BlockMap:
    """The blocks of a volume of ``size`` bytes; the last may be cut short."""

    def __init__(self, size: int, block_size: int) -> None:
        self.size = size
        self.block_size = block_size
        self.count = -(-size // block_size)
        self._regions = [0] * -(-self.count // REGION)

    @classmethod
    def from_extents(cls, extents: Iterable[Extent], size: int,
                     block_size: int) -> 'BlockMap':
        """Every block that has a byte in an extent of data."""
        result = cls(size, block_size)
        for extent in extents:
            if not extent.zero and extent.length:
                first = extent.start // block_size
                result.mark(Run(first,
                                -(-extent.end // block_size) - first))
        return result

    def mark(self, run: Run) -> None:
        """Say that these blocks have data; only while the map is made."""
        position = run.start
        while position < run.end:
            region, first = divmod(position, REGION)
            count = min(REGION - first, run.end - position)
            if count == REGION:
                self._regions[region] = _FULL
            else:
                mask = self._regions[region] | ((1 << count) - 1) << first
                self._regions[region] = _FULL if mask == _FULL else mask
            position += count

    @property
    def used(self) -> int:
        """The number of blocks with data."""
        return sum(mask.bit_count() for mask in self._regions)

    def used_regions(self) -> Iterator[tuple[int, int]]:
        """Index and number of data blocks of each region that has any."""
        for index, mask in enumerate(self._regions):
            if mask:
                yield index, mask.bit_count()

    def runs_of(self, region: int) -> Iterator[Run]:
        """The data of one region; a run ends at the region's end."""
        first, mask = region * REGION, self._regions[region]
        if mask == _FULL:
            yield Run(first, REGION)
        elif mask:
            # The lowest bit, which is the first block, has to come first.
            for found in _ONES.finditer(f'{mask:b}'[::-1]):
                start, end = found.span()
                yield Run(first + start, end - start)

    def runs(self) -> Iterator[Run]:
        """All data in order, neighbours joined."""
        last: Run | None = None
        for region, _used in self.used_regions():
            for run in self.runs_of(region):
                if last and last.end == run.start:
                    last = Run(last.start, last.count + run.count)
                    continue
                if last:
                    yield last
                last = run
        if last:
            yield last

    def tables(self, absent: int, first: int,
               step: int) -> Iterator[list[int]]:
        """A table with an entry for each block, a region of it at a time.

        Blocks with data get ``first``, ``first + step`` and so on, in order;
        the others get ``absent``.
        """
        following = first
        for start in range(0, self.count, REGION):
            entries = [absent] * min(REGION, self.count - start)
            for run in self.runs_of(start // REGION):
                end = following + run.count * step
                entries[run.start - start:run.end - start] = range(
                    following, end, step)
                following = end
            yield entries

    def at_ranks(self, ranks: Iterable[int]) -> Iterator[int]:
        """Blocks by their number among those with data.

        :param ranks: ascending, each below ``used``.
        """
        wanted = iter(ranks)
        rank = next(wanted, None)
        before = 0
        for run in self.runs():
            while rank is not None and rank < before + run.count:
                yield run.start + rank - before
                rank = next(wanted, None)
            if rank is None:
                return
            before += run.count

    def copies(self) -> Iterator[Segment]:
        """The data of all blocks in order; the last one is made whole."""
        for run in self.runs():
            start = run.start * self.block_size
            end = run.end * self.block_size
            yield Copy(start, min(end, self.size) - start)
            if end > self.size:
                yield Zeros(end - self.size)
