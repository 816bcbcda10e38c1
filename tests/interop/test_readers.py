# SPDX-License-Identifier: Apache-2.0
"""A guest's disk is read back by programs that have nothing of qemu's."""

from collections.abc import Callable
import functools
import os
from pathlib import Path
import subprocess
import tempfile

import testscenarios

from tests.interop import base
from tests.interop import judges
from tests.interop import readers
from tests.interop import variants
from tests.interop import volumes

load_tests = base.load_tests

_START = volumes.MIB   # of the partition
_SECTOR = 512

VARIANTS = [(variant.name, {'variant': variant}) for variant in (
    variants.QCOW2, variants.QCOW2_ZLIB, variants.VMDK, variants.VDI,
    variants.VHD, variants.VHDX)]
TABLES = [('mbr', {'label': 'dos'}), ('gpt', {'label': 'gpt'})]


@functools.cache
def guest_disk(label: str) -> Path:
    """A disk with a partition table, and ext4 in its only partition."""
    system = volumes.volume('ext4')
    disk = system.with_name(f'disk-{label}')
    length = system.stat().st_size
    with disk.open('wb') as file:
        file.truncate(_START + length + volumes.MIB)
    subprocess.run(
        ['sfdisk', '--quiet', '--no-reread', '--no-tell-kernel', disk],
        text=True, check=True, stdout=subprocess.DEVNULL,
        input=f'label: {label}\n'
              f'start={_START // _SECTOR}, size={length // _SECTOR}\n')
    with system.open('rb') as partition, disk.open('r+b') as file:
        file.seek(_START)
        while piece := partition.read(volumes.MIB):
            if any(piece):
                file.write(piece)
            else:
                file.seek(len(piece), os.SEEK_CUR)
    return disk


class TestGuestDisk(base.TestCase):

    scenarios = testscenarios.multiply_scenarios(VARIANTS, TABLES)
    variant: variants.Variant
    label: str

    def setUp(self) -> None:
        super().setUp()
        self.disk = guest_disk(self.label)
        with base.open_volume(self.disk) as source:
            self.image = self.convert(source, self.variant.make)

    def test_seven_zip_unpacks_the_same_disk(self) -> None:
        self.assertEqual(
            judges.digest(self.disk),
            readers.seven_zip_digest(self.variant.disk_format, self.image))

    def test_seven_zip_finds_the_files_of_the_guest(self) -> None:
        found, tree = Path(tempfile.mkdtemp()), volumes.real_files()
        readers.extract_files(self.image, found)
        names = [path.relative_to(tree)
                 for path in tree.rglob('*') if path.is_file()]
        self.assertGreater(len(names), 20)
        self.assertEqual(
            [], [name for name in names if (found / name).read_bytes()
                 != (tree / name).read_bytes()])


class TestForensicReaders(base.TestCase):
    """What libvmdk and libvhdi read of volumes with every kind of hole."""

    scenarios = testscenarios.multiply_scenarios(
        [('vmdk', {'variant': variants.VMDK,
                   'read': staticmethod(readers.libvmdk_digest)}),
         ('vhd', {'variant': variants.VHD,
                  'read': staticmethod(readers.libvhdi_digest)}),
         ('vhdx', {'variant': variants.VHDX,
                   'read': staticmethod(readers.libvhdi_digest)})],
        [(kind, {'kind': kind}) for kind in (
            'ext4', 'alternating', 'hollow-edges', 'random', 'one-sector')])
    variant: variants.Variant
    read: Callable[[str, Path], str]
    kind: str

    def test_the_disk_is_the_volume(self) -> None:
        volume = volumes.volume(self.kind)
        with base.open_volume(volume) as source:
            image = self.convert(source, self.variant.make)
        self.assertEqual(judges.digest(volume), self.read(
            self.variant.disk_format, image))
