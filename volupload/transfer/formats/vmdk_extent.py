# SPDX-License-Identifier: Apache-2.0
"""What a stream-optimized VMDK consists of, byte for byte.

Names are those of "Virtual Disk Format 5.0" (VMware, Technical Note), and
sections are named as in its edition 1.1, whose contents list more of them.
All numbers are little-endian, places and lengths are counted in sectors of
512 bytes. ``vmdk`` puts these pieces in their order.
"""

from array import array
from collections.abc import Sequence
import struct
import sys

from volupload.transfer import codecs

SECTOR = 512

# "Hosted Sparse Extents": SparseExtentHeader
MAGIC_NUMBER = 0x564d444b        # SPARSE_MAGICNUMBER, "KDMV" in the file
# The text says 1; 3 is what VMware, VirtualBox and QEMU write in extents that
# are compressed and have markers.
VERSION = 3
FLAG_NEWLINE_TEST = 1 << 0
FLAG_COMPRESSED = 1 << 16
FLAG_MARKERS = 1 << 17
FLAGS = FLAG_NEWLINE_TEST | FLAG_COMPRESSED | FLAG_MARKERS
GD_AT_END = 0xffff_ffff_ffff_ffff
COMPRESSION_DEFLATE = 1
# singleEndLineChar, nonEndLineChar, doubleEndLineChar1 and 2: a transfer as
# text, as of old with FTP, would have changed them.
NEWLINE_TEST = b'\n \r\n'
# magicNumber, version, flags, capacity, grainSize, descriptorOffset,
# descriptorSize, numGTEsPerGT, rgdOffset, gdOffset, overHead,
# uncleanShutdown, the newline test, compressAlgorithm, pad
HEADER = struct.Struct('<IIIQQQQIQQQB4sH433x')

GRAIN_SIZE = 128                 # sectors
GRAIN = GRAIN_SIZE * SECTOR
NUM_GTES_PER_GT = 512
DESCRIPTOR_OFFSET = 1
DESCRIPTOR_SIZE = 20
# What comes before the first grain, in whole grains as in a sparse extent.
# QEMU takes a file that is shorter for a torn one.
OVERHEAD = GRAIN_SIZE

# "Stream-Optimized Compressed Sparse Extents": what a marker announces
MARKER_EOS = 0
MARKER_GT = 1
MARKER_GD = 2
MARKER_FOOTER = 3
_MARKER = struct.Struct('<QII496x')       # val, size, type, pad
_GRAIN_MARKER = struct.Struct('<QI')      # lba, size; the data follows

# "The Descriptor File". CID ffffffff stands for "no parent".
NO_PARENT = 0xffff_ffff
# What SCSI controllers of PCs make of a disk above 1 GiB.
_HEADS = 255
_SECTORS_A_TRACK = 63
# RDONLY, because there is no writing into compressed grains. Hardware version
# 4 is the oldest one with this format, so every product takes it. 2147483647
# means: tools that VMware does not look after, if any.
_DESCRIPTOR = '''\
# Disk DescriptorFile
version=1
CID={cid:08x}
parentCID={parent_cid:08x}
createType="streamOptimized"

# Extent description
RDONLY {capacity} SPARSE "volume.vmdk"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "{cylinders}"
ddb.geometry.heads = "{heads}"
ddb.geometry.sectors = "{sectors}"
ddb.toolsVersion = "2147483647"
ddb.virtualHWVersion = "4"
'''

# A grain as it goes into the file: a whole number of sectors, in pieces that
# can be parts of the volume's data. With each of them joined, 512 MiB of
# random data take 1.45 CPU seconds instead of 1.08, sha512 included, and
# 105,000 page faults instead of 3,200 (medians of six, one run).
Grain = Sequence[bytes | memoryview]

_ZEROS = bytearray(GRAIN)
_PADDINGS = [bytes(-length % SECTOR) for length in range(SECTOR)]


def header(capacity: int, gd_offset: int) -> bytes:
    """The SparseExtentHeader; with the true ``gd_offset`` it is the footer."""
    return HEADER.pack(
        MAGIC_NUMBER, VERSION, FLAGS, capacity, GRAIN_SIZE,
        DESCRIPTOR_OFFSET, DESCRIPTOR_SIZE, NUM_GTES_PER_GT, 0, gd_offset,
        OVERHEAD, 0, NEWLINE_TEST, COMPRESSION_DEFLATE)


def descriptor(capacity: int, cid: int) -> bytes:
    """The descriptor file, padded to the room it has inside the extent."""
    text = _DESCRIPTOR.format(
        cid=cid, parent_cid=NO_PARENT, capacity=capacity,
        cylinders=max(1, capacity // (_HEADS * _SECTORS_A_TRACK)),
        heads=_HEADS, sectors=_SECTORS_A_TRACK)
    return text.encode('ascii').ljust(DESCRIPTOR_SIZE * SECTOR, b'\0')


def marker(kind: int, sectors: int) -> bytes:
    """Announces ``sectors`` of metadata of this kind."""
    return _MARKER.pack(sectors, 0, kind)


def grain(codec: codecs.Codec, lba: int,
          data: bytes | memoryview) -> Grain | None:
    """Marker, compressed data and padding; None if all is zero."""
    if len(data) < GRAIN:   # the volume's last; readers expect a whole one
        data = bytes(data).ljust(GRAIN, b'\0')
    if _ZEROS == data:   # type: ignore[comparison-overlap]
        return None
    stream = codec.pieces(data)
    size = length(stream)
    return (_GRAIN_MARKER.pack(lba, size), *stream,
            _PADDINGS[(_GRAIN_MARKER.size + size) % SECTOR])


def length(pieces: Grain) -> int:
    """Bytes of all of it."""
    return sum(map(len, pieces))


def entries(count: int) -> 'array[int]':
    """A table or directory that points nowhere yet."""
    return array('I', bytes(4 * count))


def in_sectors(table: 'array[int]') -> bytes:
    """In the file's byte order and in whole sectors."""
    if sys.byteorder == 'big':
        table = array('I', table)
        table.byteswap()
    data = table.tobytes()
    return data + bytes(-len(data) % SECTOR)
