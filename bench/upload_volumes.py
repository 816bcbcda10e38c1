# SPDX-License-Identifier: Apache-2.0
"""The volumes of bench/upload: files named by volume id, sparse.

=======  ===================================================================
kind     what is in it
=======  ===================================================================
real     ext4, a quarter of its size copies of files below /usr
random   an eighth of the size, all of it bytes that do not compress
empty    one hole
=======  ===================================================================

Which files of /usr is a matter of their names' checksums, so it is the same
on machines that have the same packages, and of all kinds.
"""

from collections.abc import Iterator
import dataclasses
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
import uuid

from tools.cloud import programs

GIB = 2 ** 30
_MIB = 2 ** 20
_FILES = Path('/usr')


@dataclasses.dataclass(frozen=True, slots=True)
class Volume:
    """
    :ivar size: what a guest sees
    :ivar data: bytes that the file system calls data
    """

    kind: str
    id: str
    path: Path
    size: int
    data: int

    def read(self) -> None:
        """Have all its data in the page cache."""
        buffer = bytearray(_MIB)
        with self.path.open('rb', buffering=0) as volume:
            for offset, length in data_extents(self.path):
                volume.seek(offset)
                end = offset + length
                while volume.tell() < end and volume.readinto(buffer):
                    pass


def make(kind: str, size: int, directory: Path) -> Volume:
    """
    :param size: bytes; the size of a `random` one is an eighth of it
    """
    volume_id = str(uuid.uuid4())
    path = directory / volume_id
    with path.open('wb') as file:
        if kind == 'random':
            size //= 8
            for _ in range(size // _MIB):
                file.write(os.urandom(_MIB))
        else:
            file.truncate(size)
    if kind == 'real':
        _fill(path, size // 4)
    with path.open('rb') as written:
        os.fsync(written)
    return Volume(kind, volume_id, path, path.stat().st_size,
                  sum(length for _, length in data_extents(path)))


def data_extents(path: str | Path) -> Iterator[tuple[int, int]]:
    """Offset and length of what the file system calls data."""
    with open(path, 'rb', buffering=0) as volume:
        end, size = 0, os.fstat(volume.fileno()).st_size
        while end < size:
            try:
                start = os.lseek(volume.fileno(), end, os.SEEK_DATA)
            except OSError:   # ENXIO: nothing but a hole
                return
            end = os.lseek(volume.fileno(), start, os.SEEK_HOLE)
            yield start, end - start


def _fill(path: Path, room: int) -> None:
    """Make an ext4 of the file, with `room` bytes of files."""
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        for number, source in enumerate(_choose(room)):
            folder = Path(name) / str(number // 500)
            folder.mkdir(exist_ok=True)
            # Links in one folder must not meet.
            _link(source, folder / f'{number}-{source.name}')
        mkfs = programs.of_debian('mkfs.ext4', 'e2fsprogs')
        subprocess.run([mkfs, '-q', '-F', '-d', name, path], check=True)


def _choose(room: int) -> Iterator[Path]:
    found = sorted(_regular_files(), key=lambda entry: hashlib.md5(
        os.fsencode(entry[0]), usedforsecurity=False).digest())
    for name, size in found:
        if size <= room:
            room -= size
            yield Path(name)


def _regular_files() -> Iterator[tuple[str, int]]:
    for folder, _, names in os.walk(_FILES):
        for name in names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path, status.st_size


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:   # another file system, or not ours to link to
        shutil.copyfile(source, target)
