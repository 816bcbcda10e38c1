# SPDX-License-Identifier: Apache-2.0
"""vdi: VirtualBox's disk format, version 1.1, growing ("normal") images.

There is no specification but VirtualBox's own headers: names are those of
VDIPREHEADER and VDIHEADER1PLUS in VDICore.h. All numbers are
little-endian. In the file::

    0           preheader and header, 512 bytes
    offBlocks   block map: for each block of 1 MiB its number among the
                blocks of the file, or ``VDI_IMAGE_BLOCK_FREE``
    offData     the blocks that have data, in the volume's order

Both offsets are multiples of 1 MiB, as VirtualBox writes them, so that blocks
lie well on every store. The length is known before the first byte, and the
map of a huge volume is made piece by piece as it is sent.

A volume that is no whole number of sectors is rounded up, as QEMU does; the
last block is made whole with zeros. The limit is QEMU's: block numbers up to
``VDI_BLOCKS_IN_IMAGE_MAX``, below 512 TiB. The map, 4 MiB for each TiB, has
2 GiB then, so that ``offData`` still fits its 32 bits.
"""

from collections.abc import Iterator
import dataclasses
import struct
import uuid

from volupload import exception
from volupload.transfer import blocks
from volupload.transfer import Compression
from volupload.transfer import Identity
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import scan
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer import Zeros

SECTOR = 512
BLOCK_SIZE = 1024 * 1024
ALIGNMENT = 1024 * 1024

# VDIPREHEADER: szFileInfo, u32Signature, u32Version. The text is for people.
PREHEADER = struct.Struct('<64sII')
FILE_INFO = b'<<< volupload VirtualBox Disk Image >>>\n'
VDI_IMAGE_SIGNATURE = 0xbeda107f
VDI_IMAGE_VERSION = 0x00010001

# VDIHEADER1PLUS: cbHeader, u32Type, fFlags, szComment, offBlocks, offData,
# LegacyGeometry, u32Dummy, cbDisk, cbBlock, cbBlockExtra, cBlocks,
# cBlocksAllocated, uuidCreate, uuidModify, uuidLinkage, uuidParentModify,
# LCHSGeometry. A geometry is cCylinders, cHeads, cSectors, cbSector.
HEADER = struct.Struct('<III256sII4IIQIIII16s16s16s16s4I')
VDI_IMAGE_TYPE_NORMAL = 1
# Without cylinders it is the reader who chooses how to count them.
NO_GEOMETRY = (0, 0, 0, SECTOR)

VDI_IMAGE_BLOCK_FREE = 0xffff_ffff
_ENTRY_SIZE = 4

# QEMU's, block/vdi.c: a map of 2 GiB.
VDI_BLOCKS_IN_IMAGE_MAX = 0x1fff_ffff
MAX_SIZE = VDI_BLOCKS_IN_IMAGE_MAX * BLOCK_SIZE


@dataclasses.dataclass(frozen=True, slots=True)
class Ids:
    """VirtualBox knows a disk by ``create``, and its state by ``modify``."""

    create: uuid.UUID
    modify: uuid.UUID


class Vdi:

    def __init__(self, data: blocks.BlockMap, ids: Ids) -> None:
        self._data = data
        self._ids = ids
        self._off_blocks = ALIGNMENT
        self._off_data = _align(
            self._off_blocks + _ENTRY_SIZE * data.count, ALIGNMENT)
        self.image_size = self._off_data + data.used * BLOCK_SIZE

    def segments(self) -> Iterator[Segment]:
        header = self._header()
        yield Literal(header)
        yield Zeros(self._off_blocks - len(header))
        yield from self._block_map()
        map_end = self._off_blocks + _ENTRY_SIZE * self._data.count
        if map_end < self._off_data:
            yield Zeros(self._off_data - map_end)
        yield from self._data.copies()

    def _header(self) -> bytes:
        none = bytes(16)   # of a disk that has no parent
        return (PREHEADER.pack(FILE_INFO, VDI_IMAGE_SIGNATURE,
                               VDI_IMAGE_VERSION)
                + HEADER.pack(
                    HEADER.size, VDI_IMAGE_TYPE_NORMAL, 0, b'',
                    self._off_blocks, self._off_data, *NO_GEOMETRY, 0,
                    _align(self._data.size, SECTOR), BLOCK_SIZE, 0,
                    self._data.count, self._data.used,
                    self._ids.create.bytes_le, self._ids.modify.bytes_le,
                    none, none, *NO_GEOMETRY)).ljust(SECTOR, b'\0')

    def _block_map(self) -> Iterator[Segment]:
        for entries in self._data.tables(VDI_IMAGE_BLOCK_FREE, 0, 1):
            yield Literal(struct.pack(f'<{len(entries)}I', *entries))


def _align(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def make(source: Source, compression: Compression,
         identity: Identity | None = None) -> Layout:
    """Never compressed: the format knows nothing of it.

    :raises TransferError: the volume is larger than ``MAX_SIZE``.
    :raises SourceError, ShortRead: it cannot be read.
    """
    if source.size > MAX_SIZE:
        raise exception.TransferError(
            reason=f'a vdi image holds at most {MAX_SIZE} bytes (below '
                   f'512 TiB), and the volume has {source.size}')
    create = (identity or Identity()).id
    return Vdi(scan.map_blocks(source, BLOCK_SIZE),
               Ids(create, uuid.uuid5(create, 'modify')))
