# SPDX-License-Identifier: Apache-2.0
"""vhd: Microsoft's first disk format, as Virtual PC, Xen and Azure know it.

Names are those of "Virtual Hard Disk Image Format Specification" (Microsoft,
11 October 2006). All numbers are big-endian. A dynamic hard disk image::

    0       copy of the footer
    512     dynamic disk header
    1536    block allocation table (BAT): for each block of 2 MiB the sector
            of the file at which it begins, or ``UNUSED``
    then, from 64 KiB on and at multiples of 4 KiB, for each block with data:
      3584  bytes of nothing
      512   sector bitmap, all ones: every sector is here
      2 MiB data
    end     footer

Only the data decides about the length: it is known before the first byte.
Glance refuses fixed images (415), so there are none of these.

A volume that is no whole number of sectors is rounded up; the last sector
then ends with zeros. A volume that is no whole number of blocks ends with a
whole block all the same, as readers take a shorter file for a torn one.
"""

from collections.abc import Iterator
import datetime
import struct
import uuid

from volupload import exception
from volupload.transfer import blocks
from volupload.transfer import Compression
from volupload.transfer import Copy
from volupload.transfer import Identity
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import scan
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer import Zeros

SECTOR = 512
# "Overview of Virtual Hard Disk Image Types": a dynamic disk has at most
# 2040 GB. The sectors of the file are counted with 32 bits, and with all its
# bitmaps and paddings such an image still ends below 2 TiB.
MAX_SIZE = 2040 * 1024 ** 3

# "Hard Disk Footer Format"
COOKIE = b'conectix'
FEATURES = 0x00000002           # a reserved bit that is always set
FILE_FORMAT_VERSION = 0x00010000
# Who wrote it decides how long it is: readers take the size from the geometry,
# which is rounded, unless the creator is known to mean Current Size. This is
# QEMU's name for "Current Size is exact".
CREATOR_APPLICATION = b'qem2'
CREATOR_VERSION = 0x00010000
CREATOR_HOST_OS = b'Wi2k'       # the other one that is defined is "Mac "
DYNAMIC_HARD_DISK = 3
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
# Cookie, Features, File Format Version, Data Offset, Time Stamp, Creator
# Application, Creator Version, Creator Host OS, Original Size, Current Size,
# Disk Geometry (cylinders, heads, sectors per track), Disk Type, Checksum,
# Unique Id, Saved State, Reserved
_FOOTER = struct.Struct('>8sIIQI4sI4sQQHBBII16sB427x')
_FOOTER_CHECKSUM = 64

# "Dynamic Disk Header Format"
DYNAMIC_COOKIE = b'cxsparse'
DYNAMIC_HEADER_OFFSET = 512
NO_DATA_OFFSET = 0xFFFFFFFFFFFFFFFF
HEADER_VERSION = 0x00010000
BLOCK_SIZE = 2 * 1024 * 1024    # the specification's default
TABLE_OFFSET = 1536
# Cookie, Data Offset, Table Offset, Header Version, Max Table Entries, Block
# Size, Checksum; what follows is about parents, and there is none.
_DYNAMIC_HEADER = struct.Struct('>8sQQIIII984x')
_DYNAMIC_CHECKSUM = 36

# "Block Allocation Table and Data Blocks"
UNUSED = 0xFFFFFFFF
_ALIGNMENT = 4096
# A block begins with its bitmap. We place the bitmap at the end of a page, so
# that the data behind it is aligned for disks with 4 KiB sectors: a reader
# finds blocks by the table only, and does not mind what is between them.
_BITMAP = bytes(_ALIGNMENT - SECTOR) + b'\xff' * (BLOCK_SIZE // SECTOR // 8)
_STRIDE = len(_BITMAP) + BLOCK_SIZE
# A guest must not write where the marks of other formats are looked for: the
# farthest are those of ISO 9660, at 32 KiB. Glance refuses an image that looks
# like two formats, and does so after the last byte.
_FIRST_BLOCK = 64 * 1024


class Vhd:
    """The layout of one image. The same one each time it is asked for.

    :param unique_id: the Unique Id of the footer.
    :param created: its Time Stamp.
    """

    def __init__(self, data: blocks.BlockMap, unique_id: uuid.UUID,
                 created: datetime.datetime) -> None:
        self._blocks = data
        self._table_end = max(_FIRST_BLOCK, _round_up(
            TABLE_OFFSET + 4 * data.count, _ALIGNMENT))
        self._footer = footer(_round_up(data.size, SECTOR), unique_id, created)
        self.image_size = (
            self._table_end + data.used * _STRIDE + len(self._footer))

    def segments(self) -> Iterator[Segment]:
        yield Literal(self._footer + dynamic_header(self._blocks.count))
        yield from self._block_allocation_table()
        for run in self._blocks.runs():
            for block in range(run.start, run.end):
                yield Literal(_BITMAP)
                yield from self._data(block * BLOCK_SIZE)
        yield Literal(self._footer)

    def _data(self, offset: int) -> Iterator[Segment]:
        length = min(BLOCK_SIZE, self._blocks.size - offset)
        yield Copy(offset, length)
        if length < BLOCK_SIZE:
            yield Zeros(BLOCK_SIZE - length)

    def _block_allocation_table(self) -> Iterator[Segment]:
        """4 MiB for the largest volume, in pieces of 32 KiB."""
        sector = (self._table_end + _ALIGNMENT) // SECTOR - 1
        for entries in self._blocks.tables(UNUSED, sector, _STRIDE // SECTOR):
            yield Literal(struct.pack(f'>{len(entries)}I', *entries))
        # The table fills its last sector; we go on to where the blocks begin.
        yield Literal(b'\xff' * (
            self._table_end - TABLE_OFFSET - 4 * self._blocks.count))


def make(source: Source, compression: Compression,
         identity: Identity | None = None) -> Layout:
    """Never compressed: the format has no such thing.

    Unique Id and Time Stamp are the identity's: VirtualBox and Hyper-V refuse
    to attach two disks with one id.

    :raises TransferError: the volume is larger than ``MAX_SIZE``.
    :raises SourceError, ShortRead: it cannot be read.
    """
    if source.size > MAX_SIZE:
        raise exception.TransferError(
            reason=f'a vhd image holds at most {MAX_SIZE} bytes (2040 GiB), '
                   f'and the volume has {source.size}')
    identity = identity or Identity()
    return Vhd(scan.map_blocks(source, BLOCK_SIZE), identity.id,
               identity.created)


def footer(size: int, unique_id: uuid.UUID,
           created: datetime.datetime) -> bytes:
    """The last 512 bytes of the image, and its first ones.

    :param size: what a guest sees, a multiple of ``SECTOR``.
    """
    return _with_checksum(_FOOTER.pack(
        COOKIE, FEATURES, FILE_FORMAT_VERSION, DYNAMIC_HEADER_OFFSET,
        int((created - EPOCH).total_seconds()),
        CREATOR_APPLICATION, CREATOR_VERSION, CREATOR_HOST_OS,
        size, size, *disk_geometry(size // SECTOR),
        DYNAMIC_HARD_DISK, 0, unique_id.bytes, 0), _FOOTER_CHECKSUM)


def dynamic_header(max_table_entries: int) -> bytes:
    """1024 bytes: where the table is, and how long it and the blocks are."""
    return _with_checksum(_DYNAMIC_HEADER.pack(
        DYNAMIC_COOKIE, NO_DATA_OFFSET, TABLE_OFFSET, HEADER_VERSION,
        max_table_entries, BLOCK_SIZE, 0), _DYNAMIC_CHECKSUM)


def disk_geometry(sectors: int) -> tuple[int, int, int]:
    """Cylinders, heads and sectors per track ("Appendix: CHS Calculation").

    Their product is at most ``sectors``, often a little less.
    """
    if sectors >= 65535 * 16 * 63:
        return min(sectors // 255 // 16, 65535), 16, 255
    tracks = sectors // 17
    heads = max(4, -(-tracks // 1024))
    if heads <= 16 and tracks < heads * 1024:
        return tracks // heads, heads, 17
    per_track = 31 if sectors // 31 < 16 * 1024 else 63
    return sectors // per_track // 16, 16, per_track


def _with_checksum(structure: bytes, offset: int) -> bytes:
    """The one's complement of the sum of all bytes, put in at ``offset``."""
    checksum = struct.pack('>I', ~sum(structure) & 0xFFFFFFFF)
    return structure[:offset] + checksum + structure[offset + 4:]


def _round_up(number: int, unit: int) -> int:
    return -(-number // unit) * unit
