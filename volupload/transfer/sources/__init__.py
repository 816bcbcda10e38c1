# SPDX-License-Identifier: Apache-2.0
"""Volumes open for reading, a module for each kind of place they live in.

What a path is, a file or a device, the system says. The bytes in it are never
asked: a guest wrote them, and a volume that begins like a qcow2 image with a
backing file has to remain a volume that begins like that.
"""

import os
import stat

from volupload import exception
from volupload.transfer.sources.block import BlockSource
from volupload.transfer.sources.block import size_of_device
from volupload.transfer.sources.file import FileSource


def open_path(path: str | os.PathLike[str], size: int | None = None, *,
              direct: bool = True) -> FileSource | BlockSource:
    """Open the volume at ``path``, a regular file or a block device.

    Symbolic links are followed, as those of LVM and udev are meant to be: the
    path has to come from the operator.

    :param size: bytes of the volume, from the start; None: all there are.
    :param direct: False: through the page cache, ``sendfile`` can be used.
    :raises ShortRead: there are less than ``size`` bytes.
    :raises TransferError: it cannot be opened or is something else.
    """
    try:
        # Without O_NONBLOCK, opening a fifo would wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise exception.TransferError(
            reason=f'{path}: {error.strerror}') from error
    try:
        found = _size(fd, path)
        if size is not None and found < size:
            raise exception.ShortRead(
                offset=found, expected=size - found, actual=0)
        kind = (BlockSource if stat.S_ISBLK(os.fstat(fd).st_mode)
                else FileSource)
        return kind(fd, found if size is None else size, direct=direct)
    except BaseException:
        os.close(fd)
        raise


def _size(fd: int, path: str | os.PathLike[str]) -> int:
    status = os.fstat(fd)
    if stat.S_ISBLK(status.st_mode):
        return size_of_device(fd)
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    raise exception.TransferError(
        reason=f'{path} is neither a file nor a block device')
