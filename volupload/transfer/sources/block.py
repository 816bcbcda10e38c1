# SPDX-License-Identifier: Apache-2.0
"""A volume on a block device: a logical volume, a disk, a loop device.

A device does not tell where it has data (SEEK_DATA gives EINVAL), so all is
data, and a format that leaves zeros out has to look for them. Its size comes
from the kernel. A volume may be smaller than its device, since LVM rounds up
to whole extents; what lies behind the volume belongs to nobody and is not
read. Sectors of 512 and of 4096 bytes are alike here: direct reads are
multiples of 4096, and a device with larger sectors refuses them, is read in
the ordinary way, and fills the page cache.
"""

from collections.abc import Iterator
import os

from volupload import exception
from volupload.transfer import Extent
from volupload.transfer.sources import descriptor


class BlockSource(descriptor.DescriptorSource):
    """The first ``size`` bytes of an open device; closes it at the end."""

    def __init__(self, fd: int, size: int, *, direct: bool = True) -> None:
        """
        :raises ShortRead: the device is smaller; ``fd`` remains open.
        """
        device_size = size_of_device(fd)
        if device_size < size:
            raise exception.ShortRead(
                offset=device_size, expected=size - device_size, actual=0)
        super().__init__(fd, size, direct=direct)

    def extents(self) -> Iterator[Extent]:
        if self.size:
            yield Extent(0, self.size, False)


def size_of_device(fd: int) -> int:
    """Bytes; what ``BLKGETSIZE64`` gives, without its number per platform."""
    return os.lseek(fd, 0, os.SEEK_END)
