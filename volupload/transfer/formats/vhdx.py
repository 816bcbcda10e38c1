# SPDX-License-Identifier: Apache-2.0
"""vhdx: Hyper-V's disk format.

Names and sections are those of [MS-VHDX], "Virtual Hard Disk v2 (VHDX) File
Format". All numbers are little-endian, every region begins at a whole MiB::

    0         file type identifier
    64 KiB    header 1
    128 KiB   header 2
    192 KiB   region table 1
    256 KiB   region table 2
    1 MiB     log, empty
    2 MiB     metadata: five items, one of them the size
    3 MiB     block allocation table (BAT)
    then      the blocks with data, nothing between them

Only the data decides about the length: it is known before the first byte.
A volume that is no whole number of sectors of 512 bytes is rounded up, and an
empty one has one sector. The last block is written whole, as the format
wants it.
"""

from collections.abc import Iterator
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
from volupload.transfer.formats.crc32c import crc32c

_KI = 1024
_MI = 1024 * _KI

# Where the specification leaves the choice to us.
LOG_OFFSET, LOG_LENGTH = 1 * _MI, 1 * _MI
METADATA_OFFSET, METADATA_LENGTH = 2 * _MI, 1 * _MI
BAT_OFFSET = 3 * _MI
# Bytes sent beyond the data of an 8 GiB ext4, half full: 0.9 % with 1 MiB,
# 1.7 % with 2 MiB, 2.9 % with 4 MiB, 4.2 % with 8 MiB. Against that, the BAT
# has 4 MiB for each TiB of the volume, used or not.
BLOCK_SIZE = 2 * _MI
LOGICAL_SECTOR_SIZE = 512
PHYSICAL_SECTOR_SIZE = 4096

# 2.6.2.2
MAX_SIZE = 64 * 1024 ** 4

# 2.2.1 File Type Identifier
FILE_TYPE_SIGNATURE = b'vhdxfile'
CREATOR = 'volupload'

# 2.2.2 Headers: Signature, Checksum, SequenceNumber, FileWriteGuid,
# DataWriteGuid, LogGuid, LogVersion, Version, LogLength, LogOffset, Reserved
HEADER_SIGNATURE = b'head'
VERSION = 1
_HEADER = struct.Struct('<4sIQ16s16s16sHHIQ4016x')
_NO_LOG = uuid.UUID(int=0)      # LogGuid: there is nothing to replay

# 2.2.3 Region Table, and its entries: Guid, FileOffset, Length, Required
REGION_TABLE_SIGNATURE = b'regi'
_REGION_TABLE_HEADER = struct.Struct('<4sIII')
_REGION_TABLE_ENTRY = struct.Struct('<16sQII')
BAT_REGION = uuid.UUID('2DC27766-F623-4200-9D64-115E9BFD4A08')
METADATA_REGION = uuid.UUID('8B7CA206-4790-4B9A-B8FE-575F050F886E')

# 2.6.1 Metadata Table, and its entries: ItemId, Offset, Length, flags
METADATA_SIGNATURE = b'metadata'
METADATA_TABLE_SIZE = 64 * _KI
_METADATA_TABLE_HEADER = struct.Struct('<8s2xH20x')
_METADATA_TABLE_ENTRY = struct.Struct('<16sIII4x')
IS_VIRTUAL_DISK, IS_REQUIRED = 1 << 1, 1 << 2
# 2.6.2 Known Metadata Items
FILE_PARAMETERS = uuid.UUID('CAA16737-FA36-4D43-B3B6-33F0AA44E76B')
VIRTUAL_DISK_SIZE = uuid.UUID('2FA54224-CD1B-4876-B211-5DBED83BF4B8')
VIRTUAL_DISK_ID = uuid.UUID('BECA12AB-B2E6-4523-93EF-C309E000C746')
LOGICAL_SECTOR_SIZE_ITEM = uuid.UUID('8141BF1D-A96F-4709-BA47-F233A8FAAB5F')
PHYSICAL_SECTOR_SIZE_ITEM = uuid.UUID('CDA348C7-445D-4471-9CC9-E9885251C556')

# 2.5.1 BAT Entry: the state in the lowest 3 bits, FileOffsetMB from bit 20 on,
# so the offset in bytes can be written as it is. Of blocks that are "not
# present" (0) a reader may return what it likes; these are zeros.
PAYLOAD_BLOCK_ZERO = 2
PAYLOAD_BLOCK_FULLY_PRESENT = 6
SB_BLOCK_NOT_PRESENT = struct.pack('<Q', 0)
# 2.3: sector bitmaps are for images with a parent, but their entries are
# always there, one after so many blocks.
CHUNK_RATIO = (1 << 23) * LOGICAL_SECTOR_SIZE // BLOCK_SIZE


class Vhdx:
    """The layout of one image. The same one each time it is asked for.

    :param identity: FileWriteGuid, DataWriteGuid and Virtual Disk ID; three
        names for three things, each of which is new.
    """

    def __init__(self, data: blocks.BlockMap, identity: uuid.UUID) -> None:
        # A disk has at least one sector: QEMU opens no image of an empty one.
        self._blocks = (data if data.size else
                        blocks.BlockMap(LOGICAL_SECTOR_SIZE, BLOCK_SIZE))
        self._identity = identity
        count = self._blocks.count
        entries = count + (count - 1) // CHUNK_RATIO
        self._bat_padding = -(8 * entries) % _MI
        self._bat_length = 8 * entries + self._bat_padding
        self._data_offset = BAT_OFFSET + self._bat_length
        self.image_size = self._data_offset + data.used * BLOCK_SIZE

    def segments(self) -> Iterator[Segment]:
        front = header_section(self._identity, self._bat_length)
        yield Literal(front)
        yield Zeros(LOG_OFFSET - len(front) + LOG_LENGTH)
        metadata = metadata_region(self._blocks.size, self._identity)
        yield Literal(metadata)
        yield Zeros(METADATA_LENGTH - len(metadata))
        yield from self._block_allocation_table()
        yield Zeros(self._bat_padding)
        yield from self._blocks.copies()

    def _block_allocation_table(self) -> Iterator[Segment]:
        """256 MiB for the largest volume, in pieces of 64 KiB."""
        tables = self._blocks.tables(
            PAYLOAD_BLOCK_ZERO,
            self._data_offset | PAYLOAD_BLOCK_FULLY_PRESENT, BLOCK_SIZE)
        skipped = 8   # before the first chunk there is no bitmap
        for entries in tables:
            table = b''.join(
                SB_BLOCK_NOT_PRESENT + struct.pack(f'<{len(chunk)}Q', *chunk)
                for chunk in _chunks(entries))
            # The bitmap's entry stands between two chunks, 2.5.
            yield Literal(table[skipped:])
            skipped = 0


def make(source: Source, compression: Compression,
         identity: Identity | None = None) -> Layout:
    """Never compressed: the format has no such thing.

    Each image has an identity of its own, as the specification wants it.

    :raises TransferError: the volume is larger than ``MAX_SIZE``.
    :raises SourceError, ShortRead: it cannot be read.
    """
    if source.size > MAX_SIZE:
        raise exception.TransferError(
            reason=f'a vhdx image holds at most {MAX_SIZE} bytes (64 TiB), '
                   f'and the volume has {source.size}')
    return Vhdx(scan.map_blocks(source, BLOCK_SIZE),
                (identity or Identity()).id)


def header_section(identity: uuid.UUID, bat_length: int) -> bytes:
    """The first 320 KiB (2.2): who we are and where the regions are."""
    identifier = FILE_TYPE_SIGNATURE + CREATOR.encode('utf-16-le')
    regions = region_table(bat_length)
    return b''.join(part.ljust(64 * _KI, b'\0') for part in (
        identifier, header(0, identity), header(1, identity),
        regions, regions))


def header(sequence_number: int, identity: uuid.UUID) -> bytes:
    """4 KiB. Of the two, the one with the greater number is current."""
    guid = identity.bytes_le
    return _with_checksum(_HEADER.pack(
        HEADER_SIGNATURE, 0, sequence_number, guid, guid, _NO_LOG.bytes_le,
        0, VERSION, LOG_LENGTH, LOG_OFFSET))


def region_table(bat_length: int) -> bytes:
    """64 KiB, all of which the checksum is about."""
    table = _REGION_TABLE_HEADER.pack(REGION_TABLE_SIGNATURE, 0, 2, 0)
    for guid, offset, length in (
            (BAT_REGION, BAT_OFFSET, bat_length),
            (METADATA_REGION, METADATA_OFFSET, METADATA_LENGTH)):
        table += _REGION_TABLE_ENTRY.pack(guid.bytes_le, offset, length, 1)
    return _with_checksum(table.ljust(64 * _KI, b'\0'))


def metadata_region(size: int, identity: uuid.UUID) -> bytes:
    """What the region holds: a table of 64 KiB and the items behind it."""
    sectors = -(-size // LOGICAL_SECTOR_SIZE)
    disk = IS_REQUIRED | IS_VIRTUAL_DISK
    items = (
        (FILE_PARAMETERS, IS_REQUIRED, struct.pack('<II', BLOCK_SIZE, 0)),
        (VIRTUAL_DISK_SIZE, disk,
         struct.pack('<Q', sectors * LOGICAL_SECTOR_SIZE)),
        (VIRTUAL_DISK_ID, disk, identity.bytes_le),
        (LOGICAL_SECTOR_SIZE_ITEM, disk,
         struct.pack('<I', LOGICAL_SECTOR_SIZE)),
        (PHYSICAL_SECTOR_SIZE_ITEM, disk,
         struct.pack('<I', PHYSICAL_SECTOR_SIZE)))
    table = _METADATA_TABLE_HEADER.pack(METADATA_SIGNATURE, len(items))
    values = b''
    for guid, flags, value in items:
        table += _METADATA_TABLE_ENTRY.pack(
            guid.bytes_le, METADATA_TABLE_SIZE + len(values), len(value),
            flags)
        values += value
    return table.ljust(METADATA_TABLE_SIZE, b'\0') + values


def _chunks(entries: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(entries), CHUNK_RATIO):
        yield entries[start:start + CHUNK_RATIO]


def _with_checksum(structure: bytes) -> bytes:
    """Put the CRC-32C of the whole in at offset 4, where it counts as 0."""
    return (structure[:4] + struct.pack('<I', crc32c(structure))
            + structure[8:])
