# SPDX-License-Identifier: Apache-2.0
"""A volume in a file that holds its bytes as they are.

Holes are the file system's. Nothing is read from the content to find out
what it is: a guest wrote it.
"""

from collections.abc import Iterator

from volupload.transfer import Extent
from volupload.transfer import extents
from volupload.transfer.sources import descriptor


class FileSource(descriptor.DescriptorSource):
    """The first ``size`` bytes of an open file; closes it at the end."""

    def extents(self) -> Iterator[Extent]:
        """What the file system says, asked step by step.

        :raises SourceError: it failed; the offset is in it.
        :raises OSError: EBADF, the source was closed.
        """
        walk = extents.of_file(self._fd, self.size)
        while True:
            with self._use():
                extent = next(walk, None)
            if extent is None:
                return
            yield extent
