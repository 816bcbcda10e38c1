# SPDX-License-Identifier: Apache-2.0
"""Volumes to make images of, as sparse files.

Each function of ``KINDS`` writes one into an open file. The second argument is
the unit in which the volume can be long: 1 for a file, the sector of a block
device. Data tells where it belongs: `pattern` is different at every 16 bytes
of a volume, so what is put to a wrong place is seen, and it compresses.
"""

import atexit
from collections.abc import Callable
import functools
from pathlib import Path
import random
import shutil
import subprocess
import tempfile
from typing import BinaryIO

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
TIB = 1024 * GIB

_PAGE = 4096
_LINES = b''.join(b'%07d\n' % number for number in range(_PAGE // 8))

# Asked for now: while a test runs, its temporary directory is another.
_TEMPORARY = tempfile.gettempdir()

# Of the guest's files no more than this: an image of them takes a second.
_TREE_SIZE = 20 * MIB


def pattern(offset: int, length: int) -> bytes:
    """The data of a volume at an offset."""
    first, last = offset // _PAGE, -(-(offset + length) // _PAGE)
    pages = b''.join(b'%015x\n' % page + _LINES[16:]
                     for page in range(first, last))
    start = offset - first * _PAGE
    return pages[start:start + length]


def write_pattern(volume: BinaryIO, offset: int, length: int) -> None:
    for start in range(offset, offset + length, MIB):
        volume.seek(start)
        volume.write(pattern(start, min(MIB, offset + length - start)))


def no_bytes(volume: BinaryIO, unit: int) -> None:
    volume.truncate(0)


def empty(volume: BinaryIO, unit: int) -> None:
    """Never written to."""
    volume.truncate(GIB)


def one_sector(volume: BinaryIO, unit: int) -> None:
    write_pattern(volume, 0, max(unit, 512))


def odd_size(volume: BinaryIO, unit: int) -> None:
    """No multiple of any block; as a file not even of a sector."""
    size = 5 * MIB + {1: 1001, 512: 3 * 512}.get(unit, unit)
    write_pattern(volume, 0, MIB + 700)
    write_pattern(volume, size - 900, 900)


def all_data(volume: BinaryIO, unit: int) -> None:
    write_pattern(volume, 0, 17 * MIB)


def all_zero(volume: BinaryIO, unit: int) -> None:
    """Zeros that were written: the file system calls them data."""
    volume.write(bytes(17 * MIB))


def alternating(volume: BinaryIO, unit: int) -> None:
    """Every other block is a hole, in each size that a block has."""
    start = 0
    for block, end in ((64 * KIB, 4 * MIB), (MIB, 16 * MIB),
                       (2 * MIB, 32 * MIB), (8 * MIB, 96 * MIB)):
        for offset in range(start, end, 2 * block):
            write_pattern(volume, offset, 4 * KIB)
            write_pattern(volume, offset + block - 8 * KIB, 8 * KIB)
        start = end
    volume.truncate(start)


def hollow_edges(volume: BinaryIO, unit: int) -> None:
    """Holes at both ends that no block ends with."""
    write_pattern(volume, 17 * MIB + 20 * KIB, 2 * MIB)
    volume.truncate(40 * MIB + 8 * KIB)


def ext4(volume: BinaryIO, unit: int) -> None:
    """A file system, with files of this machine."""
    volume.truncate(64 * MIB)
    subprocess.run(
        ['mkfs.ext4', '-q', '-F', '-b', '4096', '-d', real_files(),
         volume.name], check=True)


def incompressible(volume: BinaryIO, unit: int) -> None:
    volume.write(random.Random(3).randbytes(17 * MIB))


def beyond_4_gib(volume: BinaryIO, unit: int) -> None:
    """Data on both sides of what 32 bits can count."""
    volume.truncate(5 * GIB)
    write_pattern(volume, 0, 64 * KIB)
    write_pattern(volume, 4 * GIB - 68 * KIB, 200 * KIB)
    write_pattern(volume, 5 * GIB - 4 * KIB, 4 * KIB)


def three_tib(volume: BinaryIO, unit: int) -> None:
    """A few clusters in 3 TiB of nothing."""
    volume.truncate(3 * TIB)
    for offset in FAR_OFFSETS:
        write_pattern(volume, offset, 76 * KIB)


FAR_OFFSETS = (0, TIB - 4 * KIB, 2 * TIB + 9 * MIB + 4 * KIB,
               3 * TIB - 76 * KIB)


KINDS: dict[str, Callable[[BinaryIO, int], None]] = {
    'no-bytes': no_bytes, 'empty': empty, 'one-sector': one_sector,
    'odd-size': odd_size, 'all-data': all_data, 'all-zero': all_zero,
    'alternating': alternating, 'hollow-edges': hollow_edges, 'ext4': ext4,
    'random': incompressible, 'beyond-4-gib': beyond_4_gib,
    '3-tib': three_tib}


@functools.cache
def volume(kind: str, unit: int = 1) -> Path:
    """A file with a volume, the same for all tests of the process."""
    path = _directory() / f'{kind}-{unit}'
    with path.open('wb') as file:
        KINDS[kind](file, unit)
    return path


@functools.cache
def real_files() -> Path:
    """A directory with files of this machine, the largest left out."""
    tree = _directory() / 'tree'
    (tree / 'bin').mkdir(parents=True)
    left = _TREE_SIZE
    for path in sorted(Path('/usr/bin').iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        size = path.stat().st_size
        if size < min(left, 2 * MIB):
            shutil.copyfile(path, tree / 'bin' / path.name)
            left -= size
    (tree / 'etc').mkdir()
    (tree / 'etc' / 'motd').write_text('volupload was here\n')
    return tree


@functools.cache
def _directory() -> Path:
    path = Path(tempfile.mkdtemp(prefix='volupload-interop-',
                                 dir=_TEMPORARY))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path
