# SPDX-License-Identifier: Apache-2.0
"""A volume in a file that holds its bytes as they are.

Holes are the file system's. Nothing is read from the content to find out
what it is: a guest wrote it.
"""

from collections.abc import Iterator
import os
from types import TracebackType
from typing import Self

from volupload.transfer import Extent
from volupload.transfer import extents


class FileSource:
    """The first ``size`` bytes of an open file; closes it at the end."""

    def __init__(self, fd: int, size: int) -> None:
        self.size = size
        self._fd = fd
        # The kernel reads further ahead then, while the last block is sent.
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def extents(self) -> Iterator[Extent]:
        return extents.of_file(self._fd, self.size)

    def readinto(self, offset: int, buffer: memoryview) -> int:
        return os.preadv(self._fd, [buffer], offset)

    def fileno(self) -> int | None:
        return self._fd

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()
