# SPDX-License-Identifier: Apache-2.0
"""Moves a volume's bytes into an image, in memory only.

Three things meet here, each behind a small protocol::

    Source   a volume, open for reading: its size, where data and holes are
    Layout   an image file as a list of segments, written down before the
             first byte is sent; ``formats`` has one for each disk format
    sink     whoever takes the bytes, a function that iterates over them

``pipeline.stream`` joins them. The package knows no database, no message bus
and no configuration: sizes and limits come as arguments, so it can be used
as a library. Its errors are the ``TransferError`` branch of
``volupload.exception``.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
from typing import Protocol


@dataclasses.dataclass(frozen=True, slots=True)
class Extent:
    """``length`` bytes of a volume from ``start``; ``zero`` if all are 0."""

    start: int
    length: int
    zero: bool

    @property
    def end(self) -> int:
        return self.start + self.length


class Source(Protocol):
    """A volume, open for reading. All numbers are bytes.

    One thread reads at a time, but not always the one that opened it.
    """

    @property
    def size(self) -> int:
        """The virtual size: what a guest sees."""

    def extents(self) -> Iterator[Extent]:
        """The whole volume from 0 to ``size``, in order and without gaps.

        An extent may be called data and hold zeros all the same, never the
        other way round.
        """

    def readinto(self, offset: int, buffer: memoryview) -> int:
        """Read from ``offset``; fewer bytes than asked for are allowed.

        :returns: the number of bytes read, 0 only behind the volume's end.
        :raises OSError: as the system reports it; the pipeline adds the
            offset.
        """

    def close(self) -> None:
        """Give the resources back; again is harmless."""


@dataclasses.dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that the format itself writes: headers and tables."""

    data: bytes

    @property
    def length(self) -> int:
        return len(self.data)


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """``length`` bytes of the volume from ``offset``, as they are."""

    offset: int
    length: int


@dataclasses.dataclass(frozen=True, slots=True)
class Zeros:
    """``length`` zero bytes; nothing is read for them."""

    length: int


Segment = Literal | Copy | Zeros


class Layout(Protocol):
    """An image file, from its first byte to its last."""

    @property
    def image_size(self) -> int | None:
        """The sum of all segments, None where only the end tells it."""

    def segments(self) -> Iterator[Segment]:
        """The image in order.

        Computed lazily: the tables of a huge volume never stand in memory as
        a whole.
        """


# Every format is a function of the source's extents.
MakeLayout = Callable[[Source], Layout]

# A sink gets the chunks and the image's size (None: not known beforehand).
# A chunk is the sink's until it asks for the next one, then its memory is
# used again. The sink takes them all or raises.
Sink = Callable[[Iterator[memoryview], int | None], None]
