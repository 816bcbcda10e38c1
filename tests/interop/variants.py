# SPDX-License-Identifier: Apache-2.0
"""Every kind of image that volupload makes, and how qemu-img calls it."""

import dataclasses

from volupload.transfer import Compression
from volupload.transfer import formats
from volupload.transfer import Layout
from volupload.transfer import Source


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """A disk format with a compression.

    :ivar driver: qemu's name of the format.
    :ivar is_checked: whether ``qemu-img check`` knows it.
    :ivar least: bytes of the smallest disk that the format has.
    """

    name: str
    disk_format: str
    driver: str
    codec: str = 'none'
    is_checked: bool = True
    least: int = 0

    def make(self, source: Source) -> Layout:
        return formats.FORMATS[self.disk_format](
            source, Compression(codec=self.codec))


RAW = Variant('raw', 'raw', 'raw', is_checked=False)
QCOW2 = Variant('qcow2', 'qcow2', 'qcow2')
QCOW2_ZLIB = Variant('qcow2-zlib', 'qcow2', 'qcow2', codec='zlib')
QCOW2_ZSTD = Variant('qcow2-zstd', 'qcow2', 'qcow2', codec='zstd')
# streamOptimized is never without compression.
VMDK = Variant('vmdk', 'vmdk', 'vmdk', codec='auto', least=512)
VDI = Variant('vdi', 'vdi', 'vdi')
VHD = Variant('vhd', 'vhd', 'vpc', is_checked=False)
VHDX = Variant('vhdx', 'vhdx', 'vhdx', least=512)

ALL = (RAW, QCOW2, QCOW2_ZLIB, QCOW2_ZSTD, VMDK, VDI, VHD, VHDX)
SCENARIOS = [(variant.name, {'variant': variant}) for variant in ALL]
