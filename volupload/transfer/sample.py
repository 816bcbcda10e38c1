# SPDX-License-Identifier: Apache-2.0
"""Compresses a few blocks of a volume to learn how all of it will do.

The blocks stand at equal distances among those with data, so that every part
of the volume counts by its size. What is learnt is the average block and how
far that average may be off: blocks of a file system are as different as text
and photographs, and 96 of them tell the length of the whole to 5 %, seldom to
12 %.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import math
import mmap
import statistics

from volupload.transfer import blocks
from volupload.transfer import guard
from volupload.transfer import Source

# Each costs 0.2 ms, and a read of its own where a disk has to seek.
SIZE = 96
# Where most blocks are zeros it takes more of them to see enough others.
MAX_SIZE = 64 * SIZE
# Compression that leaves more than this of the data is not worth the work,
# here and whenever the image is read.
WORTH_WHILE = 0.9

# Length of a block when compressed; 0 if it is all zeros.
Measure = Callable[[memoryview], int]


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """What compression made of some blocks.

    :ivar lengths: bytes of each block, 0 for one of zeros only.
    :ivar block_size: bytes of each before.
    :ivar population: blocks that they stand for, themselves among them.
    """

    lengths: tuple[int, ...]
    block_size: int
    population: int

    @property
    def ratio(self) -> float:
        """Bytes after to bytes before, of blocks that are not zeros; 0..1."""
        sizes = [length for length in self.lengths if length]
        return statistics.fmean(sizes) / self.block_size if sizes else 0.0

    @property
    def zero_share(self) -> float:
        """Share of the blocks that are all zeros, from 0 to 1."""
        return self.lengths.count(0) / max(1, len(self.lengths))

    @property
    def stubborn_share(self) -> float:
        """Share of the blocks that do not become smaller, from 0 to 1."""
        return (sum(length >= self.block_size for length in self.lengths)
                / max(1, len(self.lengths)))

    @property
    def vague(self) -> bool:
        """All but nothing was zeros, and nothing is known of the rest."""
        return (len(self.lengths) < self.population
                and len(self.lengths) - self.lengths.count(0) < SIZE // 2)

    @property
    def pays(self) -> bool:
        return self.ratio <= WORTH_WHILE

    def estimate(self, deviations: float = 0.0) -> int:
        """Bytes of the whole population when compressed.

        :param deviations: how many standard errors to be above the mean;
            none are left when every block was in the sample.
        """
        number = len(self.lengths)
        if not number:
            return 0
        mean = statistics.fmean(self.lengths)
        spread = statistics.stdev(self.lengths) if number > 1 else mean
        error = spread * math.sqrt((1 - number / self.population) / number)
        return max(0, round((mean + deviations * error) * self.population))


def compressibility(source: Source, told: blocks.BlockMap, measure: Measure,
                    *, first: int = 0) -> Sample:
    """Measure blocks of a volume.

    :param first: how many of the blocks with data, from the front, to leave
        out of account.
    :raises SourceError, ShortRead: the volume cannot be read.
    """
    population = told.used - first
    size = SIZE
    while True:
        chosen = spread(told, size, first)
        looked = Sample(tuple(_measured(source, told, measure, chosen)),
                        told.block_size, population)
        if not looked.vague or size >= MAX_SIZE:
            return looked
        size *= 4


def _measured(source: Source, told: blocks.BlockMap, measure: Measure,
              chosen: Iterable[int]) -> Iterator[int]:
    buffer = memoryview(mmap.mmap(-1, told.block_size))
    for block in chosen:
        start = block * told.block_size
        part = buffer[:min(told.block_size, told.size - start)]
        guard.read_exactly(source, start, part)
        yield measure(part)


def spread(told: blocks.BlockMap, number: int,
           first: int = 0) -> Iterator[int]:
    """At most ``number`` blocks with data, evenly, from rank ``first`` on."""
    population = told.used - first
    number = min(number, population)
    return told.at_ranks(first + (2 * index + 1) * population // (2 * number)
                         for index in range(number))
