# SPDX-License-Identifier: Apache-2.0
"""The volumes of bench/upload: files named by volume id, sparse.

=======  ===================================================================
kind     what is in it
=======  ===================================================================
real     ext4, a quarter of its size copies of files of this machine's system
random   an eighth of the size, all of it bytes that do not compress
empty    one hole
=======  ===================================================================

The files are what every Debian has below /usr: programs, libraries and what
they share. Where there are more than fit, the checksums of their names decide:
the same files every time, and of all kinds.
"""

from collections.abc import Iterator
import dataclasses
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
from typing import BinaryIO
import uuid

from tools.cloud import programs

GIB = 2 ** 30
_MIB = 2 ** 20
_FILES = ('bin', 'sbin', 'libexec', 'share', 'lib/*-linux-gnu')


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
        buffer = memoryview(bytearray(_MIB))
        with self.path.open('rb', buffering=0) as volume:
            for offset, length in data_extents(self.path):
                volume.seek(offset)
                while length:
                    length -= volume.readinto(buffer[:length]) or length


def make(kind: str, size: int, directory: Path) -> Volume:
    """
    :param size: bytes; the size of a `random` one is an eighth of it
    """
    volume_id = str(uuid.uuid4())
    path = directory / volume_id
    if kind == 'random':
        size //= 8
    with path.open('wb') as file:
        if kind == 'random':
            for _ in range(size // _MIB):
                file.write(os.urandom(_MIB))
        file.truncate(size)
        if kind == 'real':
            _fill(file, size // 4)
        os.fsync(file)
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


def _fill(volume: BinaryIO, room: int) -> None:
    """Make an ext4 of the file, with `room` bytes of files."""
    directory = Path(volume.name).parent
    with (tempfile.TemporaryDirectory(dir=directory) as name,
          tempfile.NamedTemporaryFile(dir=directory) as made):
        for number, source in enumerate(_choose(room)):
            folder = Path(name) / str(number // 500)
            folder.mkdir(exist_ok=True)
            # Links in one folder must not meet.
            _link(source, folder / f'{number}-{source.name}')
        made.truncate(os.fstat(volume.fileno()).st_size)
        mkfs = programs.of_debian('mkfs.ext4', 'e2fsprogs')
        subprocess.run([mkfs, '-q', '-F', '-d', name, made.name], check=True)
        # The journal is room without data in that file. Whether the system
        # calls it data depends on what was read of it: it has to be a hole.
        for offset, length in data_extents(made.name):
            volume.seek(offset)
            while length:
                length -= os.sendfile(volume.fileno(), made.fileno(), offset,
                                      length)
                offset = volume.tell()


def _choose(room: int) -> Iterator[Path]:
    found = sorted(_regular_files(), key=lambda entry: hashlib.md5(
        os.fsencode(entry[0]), usedforsecurity=False).digest())
    for name, size in found:
        if size <= room:
            room -= size
            yield Path(name)


def _regular_files() -> Iterator[tuple[str, int]]:
    for root in (each for name in _FILES for each in Path('/usr').glob(name)):
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path, os.path.getsize(path)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:   # another file system, or not ours to link to
        shutil.copyfile(source, target)
