# SPDX-License-Identifier: Apache-2.0
"""Where a volume has data and where it has none.

Functions over iterators of ``Extent``. All are lazy: a fragmented volume of
many TiB has millions of extents, of which only a few are ever in memory.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import errno
import os

from volupload import exception
from volupload.transfer import Extent


def merge(extents: Iterable[Extent], *, min_zero: int = 0) -> Iterator[Extent]:
    """Join neighbours of the same kind.

    :param min_zero: zero extents shorter than this many bytes are taken for
        data. Reading a short hole costs less than a chunk of its own.
    """
    last: Extent | None = None
    for extent in extents:
        if not extent.length:
            continue
        zero = extent.zero and extent.length >= min_zero
        if last and last.zero == zero:
            last = Extent(last.start, last.length + extent.length, zero)
            continue
        if last:
            yield last
        last = Extent(extent.start, extent.length, zero)
    if last:
        yield last


def clip(extents: Iterable[Extent], start: int, end: int) -> Iterator[Extent]:
    """The part of the extents that lies in ``[start, end)``."""
    for extent in extents:
        if extent.start >= end:
            return
        first, last = max(extent.start, start), min(extent.end, end)
        if first < last:
            yield Extent(first, last - first, extent.zero)


def of_file(fd: int, size: int) -> Iterator[Extent]:
    """Ask the file system where the first ``size`` bytes of a file have data.

    Where it cannot tell (a block device, some network file systems) all is
    data. What the file system says is a snapshot of the moment: a writer may
    fill a hole right after. A file that has become shorter than ``size`` is
    data beyond its end, not a hole, so that reading it fails.

    :raises SourceError: the file system failed; the offset is in it.
    """
    offset = 0
    while offset < size:
        data = _next_data(fd, offset, size)
        if data > offset:
            yield Extent(offset, data - offset, True)
        if data < size:
            offset = _next_hole(fd, data, size)
            yield Extent(data, offset - data, False)
        else:
            offset = size


def _next_data(fd: int, offset: int, size: int) -> int:
    try:
        return min(max(_seek(fd, offset, os.SEEK_DATA), offset), size)
    except _NoAnswer as error:
        behind = error.code == errno.ENXIO and os.fstat(fd).st_size >= size
        return size if behind else offset


def _next_hole(fd: int, offset: int, size: int) -> int:
    try:
        hole = _seek(fd, offset, os.SEEK_HOLE)
    except _NoAnswer:
        return size
    # A hole right where data began a moment ago: somebody is at work in the
    # file, or a device says 0 to everything. Data is never wrong.
    return min(hole, size) if hole > offset else size


class _NoAnswer(Exception):
    """The file system knows no holes, or the offset is behind the file."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _seek(fd: int, offset: int, whence: int) -> int:
    try:
        return os.lseek(fd, offset, whence)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EINVAL, errno.EOPNOTSUPP):
            raise _NoAnswer(error.errno) from error
        raise exception.SourceError(
            offset=offset, reason=error.strerror or str(error)) from error
