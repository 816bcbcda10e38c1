# SPDX-License-Identifier: Apache-2.0
"""Readers of disk images that share no code with qemu, nor with each other.

7-Zip has parsers of its own for every format here, for partition tables and
for ext4; it opens one within the other. It does not know qcow2 with zstd.
libvmdk and libvhdi come from forensics, where nobody forgives a wrong byte.
"""

from collections.abc import Iterator
import hashlib
from pathlib import Path
import subprocess

import pyvhdi
import pyvmdk

from tests.interop import judges

_PIECE = 1024 * 1024
_SEVEN_ZIP = '7zz'
#: disk format -> 7-Zip's name of it
TYPES = {'qcow2': 'qcow', 'vmdk': 'vmdk', 'vdi': 'vdi', 'vhd': 'vhd',
         'vhdx': 'vhdx'}


def seven_zip_digest(disk_format: str, image: Path) -> str:
    """sha512 of the disk in an image, as 7-Zip unpacks it."""
    command = [_SEVEN_ZIP, 'x', '-so', f'-t{TYPES[disk_format]}', str(image)]
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        found = hashlib.sha512()
        while piece := running.stdout.read(_PIECE):
            found.update(piece)
        _, told = running.communicate()
    if running.returncode:
        raise judges.Verdict(f'{" ".join(command)}\n{told.decode()}')
    return found.hexdigest()


def extract_files(image: Path, directory: Path) -> None:
    """The files of the one file system in the one partition of the disk."""
    judges.run(_SEVEN_ZIP, 'x', '-y', '-bd', f'-o{directory}', image)


def libvhdi_digest(disk_format: str, image: Path) -> str:
    file = pyvhdi.file()
    file.open(str(image))
    try:
        return _digest(_pieces(file))
    finally:
        file.close()


def libvmdk_digest(disk_format: str, image: Path) -> str:
    handle = pyvmdk.handle()
    handle.open(str(image))
    try:
        handle.open_extent_data_files()
        return _digest(_pieces(handle))
    finally:
        handle.close()


def _pieces(file: pyvhdi.file | pyvmdk.handle) -> Iterator[bytes]:
    while piece := file.read_buffer(_PIECE):
        yield piece


def _digest(pieces: Iterator[bytes]) -> str:
    found = hashlib.sha512()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()
