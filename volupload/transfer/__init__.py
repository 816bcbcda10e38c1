# SPDX-License-Identifier: Apache-2.0
"""Moves a volume's bytes into an image, in memory only.

Three things meet here, each behind a small protocol::

    Source   a volume, open for reading: its size, where data and holes are
    Layout   an image file as a list of segments; ``formats`` has one or two
             for each disk format
    sink     whoever takes the bytes, a function that iterates over them

``pipeline.stream`` joins them. The package knows no database, no message bus
and no configuration: sizes and limits come as arguments, so it can be used
as a library. Its errors are the ``TransferError`` branch of
``volupload.exception``.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
from typing import Any
from typing import Generic
from typing import Protocol
from typing import TypeVar
import uuid


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

    def fileno(self) -> int | None:
        """A descriptor with the volume's bytes at their own offsets.

        For ``sendfile``. None: there is none.
        """

    def close(self) -> None:
        """Give the resources back; again is harmless.

        A thread may still be inside a read that hangs, left behind by a
        transfer that was called off. Then the end of that read gives them
        back: the number of a descriptor must not come to mean another file
        while it is in use.
        """


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


Encoded = TypeVar('Encoded')


@dataclasses.dataclass(frozen=True, slots=True)
class Packed(Generic[Encoded]):
    """``length`` bytes of the volume from ``offset``, encoded on their way.

    No longer than ``MAX_PACKED``. ``encode`` runs in a pool of threads,
    several at once and in any order. ``place`` gets its result in the
    order of the segments, writes down for the layout where it went, and
    returns what is to be sent: paddings and tables can be among it.

    What is handed from one to the other is the layout's own affair. It may
    have parts of the memory that was encoded in it, as what is sent may.
    """

    offset: int
    length: int
    encode: Callable[[memoryview], Encoded]
    place: Callable[[Encoded], Iterable[bytes | memoryview]]


MAX_PACKED = 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Barrier:
    """Sends nothing. The layout goes on when all before it was sent.

    Then every ``place`` has been called, and tables can be written.
    """


Segment = Literal | Copy | Zeros | Packed[Any] | Barrier


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


@dataclasses.dataclass(frozen=True, slots=True)
class Compression:
    """What is wished for; a format does of it what it can.

    :ivar codec: ``auto`` (zlib if a sample of the volume says that it pays),
        ``none``, ``zlib`` or ``zstd``.
    :ivar level: of the codec's own scale; None: a fast one.
    """

    codec: str = 'auto'
    level: int | None = None


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """What a format writes into an image that is not of the volume.

    A new one each time, unless it is given: programs refuse to attach two
    disks with one id, and two images of one volume are two disks. Who lays
    out the same image again gives the same, and gets the same bytes.
    """

    id: uuid.UUID = dataclasses.field(default_factory=uuid.uuid4)
    created: datetime.datetime = dataclasses.field(default_factory=_now)


class MakeLayout(Protocol):
    """Every format is a function of the source.

    It may read: a sample, to learn whether compression pays, or all data, to
    find the zeros in it.
    """

    def __call__(self, source: Source, compression: Compression,
                 identity: Identity | None = None) -> Layout: ...


@dataclasses.dataclass(frozen=True, slots=True)
class FileRange:
    """A chunk that was not read: ``length`` bytes of a file, for sendfile."""

    fd: int
    offset: int
    length: int


# What a sink gets, one after the other, and the image's size (None: not known
# beforehand). A chunk is the sink's until it asks for the next one, then its
# memory is used again. The sink takes them all or raises.
Chunk = memoryview | FileRange
Sink = Callable[[Iterator[Chunk], int | None], None]
