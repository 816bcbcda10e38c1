# SPDX-License-Identifier: Apache-2.0
"""A source that tells how far it was read, while it is."""

from collections.abc import Callable
from collections.abc import Iterator

from volupload.transfer import Extent
from volupload.transfer import Source


class Metered:
    """
    :param read: called after every read with the bytes of all of them, in
        the reading thread. What the kernel copies by itself is not in it.
    """

    def __init__(self, source: Source, read: Callable[[int], None]) -> None:
        self._source = source
        self._read = read
        self._count = 0
        self.size = source.size

    def extents(self) -> Iterator[Extent]:
        return self._source.extents()

    def readinto(self, offset: int, buffer: memoryview) -> int:
        count = self._source.readinto(offset, buffer)
        self._count += count
        self._read(self._count)
        return count

    def fileno(self) -> int | None:
        return self._source.fileno()

    def close(self) -> None:
        self._source.close()
