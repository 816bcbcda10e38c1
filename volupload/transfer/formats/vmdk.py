# SPDX-License-Identifier: Apache-2.0
"""vmdk: VMware's disk format, in the variant made for streams.

A stream-optimized compressed sparse extent ("Virtual Disk Format 5.0", its
last section) goes out in one pass::

    sector 0      header, which says: the grain directory is at the end
    1             descriptor, 20 sectors
    128           then for each 32 MiB of the volume with data in them:
                    its grains of 64 KiB: marker and zlib stream each
                    marker, grain table: where each of the 512 grains is
    then          marker, grain directory: where each grain table is
                  marker, footer: the header with the directory's place
                  end-of-stream marker

A grain of zeros is not sent. Each MiB is compressed for itself, in any
thread; ``place`` of the last one in its 32 MiB sends the table, so nothing
ever waits. The image's length is known at its end only. What stays in memory
is the directory, 128 KiB for each TiB, and which grains have data.

Compression: grains are always zlib streams, the format knows no others.
``none``, and ``auto`` when a sample of the volume does not become smaller,
wrap the data in them as it is, at memory's speed and 0.8 % longer;
``zstd`` is taken for ``zlib``, with zlib's own fast level.

A volume that is no whole number of sectors is rounded up, the last sector
ends with zeros. An empty one gets one sector: QEMU takes an extent without
any for a file that has only a descriptor.

The tables count sectors with 32 bits, so an image ends at 2 TiB; how large
the volume is does not matter.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import functools

from volupload import exception
from volupload.transfer import Barrier
from volupload.transfer import blocks
from volupload.transfer import codecs
from volupload.transfer import Compression
from volupload.transfer import Identity
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import MAX_PACKED
from volupload.transfer import Packed
from volupload.transfer import sample
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer import Zeros
from volupload.transfer.formats import vmdk_extent as extent

MAX_SECTORS = 2 ** 32
MAX_LENGTH = MAX_SECTORS * extent.SECTOR
# Standard errors of a sample. A volume is refused for its sample only if
# even so much less would be too long.
_BEYOND_DOUBT = 6.0
_GRAINS_A_JOB = MAX_PACKED // extent.GRAIN

# What became of some grains, None for one of zeros.
Encoded = Sequence[extent.Grain | None]


class Vmdk:
    """One image; it can be written as often as one likes."""

    image_size = None

    def __init__(self, size: int, grains: blocks.BlockMap,
                 codec: codecs.Codec, cid: int) -> None:
        self._size = size
        self._grains = grains
        self._codec = codec
        self._cid = cid
        self._capacity = max(1, -(-size // extent.SECTOR))

    def segments(self) -> Iterator[Segment]:
        start = (extent.header(self._capacity, extent.GD_AT_END)
                 + extent.descriptor(self._capacity, self._cid))
        yield Literal(start)
        yield Zeros(extent.OVERHEAD * extent.SECTOR - len(start))
        tables = Tables(self._capacity)
        for job, ends_table in self._jobs():
            offset = job.start * extent.GRAIN
            yield Packed(
                offset, min(job.end * extent.GRAIN, self._size) - offset,
                functools.partial(self._encode, job),
                functools.partial(tables.place, job.start, ends_table))
        yield Barrier()
        yield from map(Literal, tables.end())

    def _encode(self, job: blocks.Run, data: memoryview) -> Encoded:
        return [
            extent.grain(self._codec,
                         (job.start + number) * extent.GRAIN_SIZE,
                         data[number * extent.GRAIN:
                              (number + 1) * extent.GRAIN])
            for number in range(job.count)]

    def _jobs(self) -> Iterator[tuple[blocks.Run, bool]]:
        """What to encode at once, and whether its grain table is full then.

        Which grains have data was asked once, so a volume in use cannot
        come with a grain for a table that has been sent.
        """
        jobs = _windows(self._grains.runs())
        job = next(jobs, None)
        while job:
            following = next(jobs, None)
            yield job, not following or _table(following) != _table(job)
            job = following


def _table(job: blocks.Run) -> int:
    return job.start // extent.NUM_GTES_PER_GT


def _windows(runs: Iterable[blocks.Run]) -> Iterator[blocks.Run]:
    """Cut at each MiB; what is in one MiB is joined over its holes.

    Zeros are found anyway, so a short hole is cheaper than a second job.
    """
    last: blocks.Run | None = None
    for run in runs:
        window = run.start - run.start % _GRAINS_A_JOB
        for start in range(window, run.end, _GRAINS_A_JOB):
            first = max(run.start, start)
            end = min(run.end, start + _GRAINS_A_JOB)
            if last and last.start // _GRAINS_A_JOB == start // _GRAINS_A_JOB:
                last = blocks.Run(last.start, end - last.start)
                continue
            if last:
                yield last
            last = blocks.Run(first, end - first)
    if last:
        yield last


class Tables:
    """Where the grains went, in the order in which they go.

    An entry is the sector at which a grain's marker begins, or in the
    directory a table, behind its marker; 0: none.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        table_span = extent.NUM_GTES_PER_GT * extent.GRAIN_SIZE
        self._directory = extent.entries(-(-capacity // table_span))
        self._table = extent.entries(extent.NUM_GTES_PER_GT)
        self._has_grains = False
        self._sector = extent.OVERHEAD

    def place(self, first: int, ends_table: bool,
              encoded: Encoded) -> Iterator[bytes | memoryview]:
        """Write down where the grains from number ``first`` on go.

        :raises TransferError: they would go beyond 2 TiB.
        """
        number = first % extent.NUM_GTES_PER_GT
        for entry, grain in enumerate(encoded, number):
            if grain is not None:
                self._table[entry] = self._take(extent.length(grain))
                self._has_grains = True
                yield from grain
        if ends_table and self._has_grains:
            yield self._take_table(first // extent.NUM_GTES_PER_GT)

    def end(self) -> Iterator[bytes]:
        """Grain directory, footer and end of the stream."""
        directory = extent.in_sectors(self._directory)
        self._take(extent.SECTOR)
        gd_offset = self._take(len(directory))
        yield extent.marker(extent.MARKER_GD,
                            len(directory) // extent.SECTOR)
        yield directory
        yield extent.marker(extent.MARKER_FOOTER, 1)
        yield extent.header(self._capacity, gd_offset)
        yield extent.marker(extent.MARKER_EOS, 0)

    def _take_table(self, number: int) -> bytes:
        table = extent.in_sectors(self._table)
        self._take(extent.SECTOR)
        self._directory[number] = self._take(len(table))
        self._table = extent.entries(extent.NUM_GTES_PER_GT)
        self._has_grains = False
        return extent.marker(
            extent.MARKER_GT, len(table) // extent.SECTOR) + table

    def _take(self, length: int) -> int:
        """The sector at which so many bytes can go."""
        sector = self._sector
        self._sector += length // extent.SECTOR
        if self._sector > MAX_SECTORS:
            raise _too_long()
        return sector


def make(source: Source, compression: Compression,
         identity: Identity | None = None) -> Layout:
    """See the module for what becomes of ``compression``.

    :raises TransferError: a sample says that the image would be longer than
        2 TiB beyond doubt.
    :raises UnsupportedCompression: there is no such codec or level.
    :raises SourceError, ShortRead: the volume cannot be read.
    """
    grains = blocks.BlockMap.from_extents(
        source.extents(), source.size, extent.GRAIN)
    codec = _codec(compression)
    sampled = compression.codec == 'auto'
    if sampled or grains.used * extent.GRAIN > MAX_LENGTH:
        looked = sample.compressibility(
            source, grains,
            lambda data: extent.length(extent.grain(codec, 0, data) or ()))
        if looked.estimate(-_BEYOND_DOUBT) > MAX_LENGTH:
            raise _too_long()
        if sampled and not looked.pays:
            codec = codecs.stored()
    # Any but the last two; they stand for "no parent" and "not yet".
    cid = (identity or Identity()).id.int % (extent.NO_PARENT - 1)
    return Vmdk(source.size, grains, codec, cid)


def _codec(compression: Compression) -> codecs.Codec:
    match compression.codec:
        case 'none':
            return codecs.stored()
        case 'auto':
            return codecs.get('zlib', compression.level)
        case 'zstd':
            return codecs.get('zlib')
        case name:
            return codecs.get(name, compression.level)


def _too_long() -> exception.TransferError:
    return exception.TransferError(
        reason=f'a vmdk image ends at {MAX_LENGTH} bytes (2 TiB), and the '
               'data of this volume takes more')
