# SPDX-License-Identifier: Apache-2.0
"""Looks into a volume before it is laid out: what is zero, what compresses.

A file system says where a file has holes, a block device says nothing, and
either may hold zeros where it says data. Reading is six times as fast as
Glance takes bytes in, so zeros are worth finding when there are enough of
them: a sample of blocks decides whether all are read.
"""

from collections.abc import Iterator
import mmap

from volupload.transfer import blocks
from volupload.transfer import readahead
from volupload.transfer import Source

# Blocks of a sample, evenly over all that have data.
SAMPLE = 96
# The least share of zero blocks in the sample that makes a scan worth while.
MIN_ZERO_SHARE = 1 / 12
_READ_SIZE = 1024 * 1024


def map_blocks(source: Source, block_size: int) -> blocks.BlockMap:
    """Find the blocks with data, exactly or as the source tells them.

    :raises SourceError, ShortRead: the volume cannot be read.
    """
    told = blocks.BlockMap.from_extents(
        source.extents(), source.size, block_size)
    reader = _ZeroTest(source, block_size)
    sample = list(sample_blocks(told, SAMPLE))
    zero = sum(map(reader.is_zero, sample))
    if zero < MIN_ZERO_SHARE * len(sample) or not zero:
        return told
    found = blocks.BlockMap(source.size, block_size)
    for run in told.runs():
        for block in range(run.start, run.end):
            if not reader.is_zero(block):
                found.mark(blocks.Run(block, 1))
    return found


def sample_blocks(told: blocks.BlockMap, number: int) -> Iterator[int]:
    """At most ``number`` blocks with data, at equal distances."""
    step = max(1, -(-told.used // number))
    following = step // 2
    rank = 0
    for run in told.runs():
        while following < rank + run.count:
            yield run.start + following - rank
            following += step
        rank += run.count


class _ZeroTest:
    """Reads blocks to see whether they are all zeros.

    bytearray against memoryview compares with memcmp, at 38 GB/s; memoryview
    against memoryview goes item by item, at 0.5.
    """

    def __init__(self, source: Source, block_size: int) -> None:
        self._source = source
        self._block_size = block_size
        self._buffer = memoryview(mmap.mmap(-1, min(_READ_SIZE, block_size)))
        self._zeros = bytearray(len(self._buffer))

    def is_zero(self, block: int) -> bool:
        start = block * self._block_size
        end = min(start + self._block_size, self._source.size)
        for offset in range(start, end, len(self._buffer)):
            part = self._buffer[:min(len(self._buffer), end - offset)]
            readahead.read_exactly(self._source, offset, part)
            if self._zeros[:len(part)] != part:
                return False
        return True
