# SPDX-License-Identifier: Apache-2.0
"""Finds the zeros of a volume before it is laid out, if that is worth it.

A file system says where a file has holes, a block device says nothing, and
either may hold zeros where it says data. Sending those costs time at Glance,
which takes in 130 to 175 MB/s; finding them costs a second reading of the
volume, at some 900 MB/s (direct reads of 1 MiB, on the same machine). So a
scan pays when a sixth of what it reads need not be sent, and is lost time in
a volume that is all data. A sample decides; it costs a hundred small reads.

The answer depends on the volume alone, not on how fast it was read.
"""

from collections.abc import Iterator
import dataclasses
import mmap

from volupload.transfer import blocks
from volupload.transfer import guard
from volupload.transfer import Source

# One more than a hundred reads of a spinning disk would be felt. With 96 a
# share of 1/4 is told to within 0.04 (one standard deviation).
SAMPLE = 96

# Zero bytes found for each byte that a scan has to read, at least. Where
# Glance was measured, a scan is even at 1/6; a disk of half the speed is even
# at 1/3. In between the most that can be lost is a twelfth either way.
MIN_GAIN = 1 / 4

# Volumes with no more data than this are scanned without a sample: 0.07 s.
ALWAYS = 64 * 1024 * 1024

_READ_SIZE = 1024 * 1024

# Blocks larger than this are looked at from their beginning, first this much
# and then the rest, until something is found. In a block of VHD (2 MiB) full
# of data that saves nearly all of the reading.
_PEEK_SIZE = 64 * 1024
_PEEK_FROM = 512 * 1024


def map_blocks(source: Source, block_size: int) -> blocks.BlockMap:
    """Find the blocks with data, exactly or as the source tells them.

    :raises SourceError, ShortRead: the volume cannot be read.
    """
    told = blocks.BlockMap.from_extents(
        source.extents(), source.size, block_size)
    looker = _Looker(source, block_size)
    if told.used * block_size > ALWAYS and not _pays(looker, told):
        return told
    found = blocks.BlockMap(source.size, block_size)
    for run in told.runs():
        for data in looker.data(run):
            found.mark(data)
    return found


def is_dense(told: blocks.BlockMap, zero_share: float) -> bool:
    """Whether a sample that somebody else took says that no scan pays.

    :param zero_share: of the sample's blocks, which were read as a whole.
    """
    return (told.used * told.block_size > ALWAYS
            and zero_share < MIN_GAIN)


def sample_blocks(told: blocks.BlockMap, number: int) -> Iterator[int]:
    """At most ``number`` blocks with data, in order, the same ones each time.

    One from each of as many equal parts of the data, so that a stretch of
    zeros counts by its length, wherever it lies; and not from the same place
    of each part, since file systems repeat themselves at fixed distances.
    """
    population = told.used
    number = min(number, population)
    return told.at_ranks(_rank(part, number, population)
                         for part in range(number))


def _rank(part: int, parts: int, population: int) -> int:
    first = part * population // parts
    length = (part + 1) * population // parts - first
    # The golden ratio times 2**32: the places are spread evenly and do not
    # repeat themselves.
    return first + (part * 0x9E3779B1 % 2**32 * length >> 32)


def _pays(looker: '_Looker', told: blocks.BlockMap) -> bool:
    """Whether a scan finds enough zeros for what it reads."""
    zeros = sum(told.block_size for block in sample_blocks(told, SAMPLE)
                if looker.is_zero(block))
    return zeros > 0 and zeros >= MIN_GAIN * looker.bytes_read


@dataclasses.dataclass(slots=True)
class _Looker:
    """Reads blocks to see whether they are all zeros.

    ``startswith`` of a bytearray is one memcmp of any length and copies
    nothing: 50 GB/s. Comparing two memoryviews goes item by item, at 0.5.
    """

    source: Source
    block_size: int
    bytes_read: int = 0
    _buffer: memoryview = dataclasses.field(init=False)
    _zeros: bytearray = dataclasses.field(
        init=False, default_factory=lambda: bytearray(_READ_SIZE))

    def __post_init__(self) -> None:
        self._buffer = memoryview(mmap.mmap(
            -1, _READ_SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))

    def data(self, run: blocks.Run) -> Iterator[blocks.Run]:
        """The blocks of a run that are not all zeros."""
        if self.block_size >= _PEEK_FROM:
            for block in range(run.start, run.end):
                if not self.is_zero(block):
                    yield blocks.Run(block, 1)
            return
        at_once = _READ_SIZE // self.block_size
        start = run.start
        while start < run.end:
            # Up to the next multiple of a read, as disks and RAIDs like it.
            end = min(run.end, start - start % at_once + at_once)
            yield from self._data_at_once(start, end)
            start = end

    def is_zero(self, block: int) -> bool:
        offset = block * self.block_size
        end = min(offset + self.block_size, self.source.size)
        length = (_PEEK_SIZE if self.block_size >= _PEEK_FROM
                  else _READ_SIZE)
        while offset < end:
            part = self._read(offset, min(length, end - offset))
            if not self._all_zero(part):
                return False
            offset += len(part)
            length = _READ_SIZE
        return True

    def _data_at_once(self, start: int, end: int) -> Iterator[blocks.Run]:
        """The same for the blocks of one read."""
        offset = start * self.block_size
        content = self._read(
            offset, min(end * self.block_size, self.source.size) - offset)
        if self._all_zero(content):
            return
        first = start   # of the data that was not yielded yet
        for block in range(start, end):
            position = (block - start) * self.block_size
            if self._all_zero(content[position:position + self.block_size]):
                if first < block:
                    yield blocks.Run(first, block - first)
                first = block + 1
        if first < end:
            yield blocks.Run(first, end - first)

    def _read(self, offset: int, length: int) -> memoryview:
        part = self._buffer[:length]
        guard.read_exactly(self.source, offset, part)
        self.bytes_read += length
        return part

    def _all_zero(self, part: memoryview) -> bool:
        return self._zeros.startswith(part)
