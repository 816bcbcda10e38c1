# SPDX-License-Identifier: Apache-2.0
"""raw: the volume's bytes, each at its own place."""

from collections.abc import Iterator

from volupload.transfer import Compression
from volupload.transfer import Copy
from volupload.transfer import extents
from volupload.transfer import Identity
from volupload.transfer import Layout
from volupload.transfer import Segment
from volupload.transfer import Source
from volupload.transfer import Zeros

# A hole shorter than this is read. Handing one chunk through the threads
# costs as much CPU as reading some 100 KiB from the page cache, and a file
# with a hole after every block would else be sent in 4 KiB pieces.
MIN_HOLE = 128 * 1024


class Raw:
    """Every byte has to go over the wire; holes are not read for it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.image_size = source.size

    def segments(self) -> Iterator[Segment]:
        for extent in extents.merge(self._source.extents(),
                                    min_zero=MIN_HOLE):
            if extent.zero:
                yield Zeros(extent.length)
            else:
                yield Copy(extent.start, extent.length)


def make(source: Source, compression: Compression,
         identity: Identity | None = None) -> Layout:
    """Never compressed: a reader of raw takes every byte as it is."""
    return Raw(source)
