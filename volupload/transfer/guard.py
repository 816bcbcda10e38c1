# SPDX-License-Identifier: Apache-2.0
"""A source that is checked at every call, and that can be called off.

The layout and the reading thread see the volume through it only. So whatever
a source does wrong is an error that says the offset, also while a sample is
read or a volume is scanned; and a thread that would read for hours ends with
its next read once the transfer is over.

A read can hang in the kernel, on NFS for ever. Then ``stream`` leaves without
the thread, and the caller closes the source while it is still inside. The
thread comes back from that one call to find ``Closed`` and touches nothing
more; what it still holds is its own stack, the buffer that it reads into,
and the other buffers are freed. That one call is the source's to protect: see
``Source.close``.
"""

from collections.abc import Iterator

from volupload import exception
from volupload.transfer import buffers
from volupload.transfer import Extent
from volupload.transfer import Source


class Guard:
    """``source`` until ``close`` is called; counts the bytes read."""

    def __init__(self, source: Source) -> None:
        self.size = source.size
        self.bytes_read = 0
        self._source = source
        self._closed = False

    def extents(self) -> Iterator[Extent]:
        """The source's, which have to cover it without a gap.

        :raises SourceError: they do not, or cannot be found out.
        """
        end = 0
        try:
            for extent in self._source.extents():
                self.check_open()
                if extent.start != end or extent.length < 0:
                    raise _failed(end, f'the next extent is {extent}')
                end = extent.end
                yield extent
        except OSError as error:
            raise _failed(end, error.strerror or str(error)) from error
        if end != self.size:
            raise _failed(end, f'the extents end here, not at {self.size}')

    def readinto(self, offset: int, buffer: memoryview) -> int:
        """Read some bytes.

        :raises SourceError: reading failed or gave a senseless number.
        """
        self.check_open()
        count = read_some(self._source, offset, buffer)
        self.check_open()
        self.bytes_read += count
        return count

    def fileno(self) -> int | None:
        return self._source.fileno()

    def close(self) -> None:
        """Raise ``Closed`` from now on; the source remains open."""
        self._closed = True

    def check_open(self) -> None:
        if self._closed:
            raise buffers.Closed()


def read_exactly(source: Source, offset: int, buffer: memoryview) -> None:
    """Fill the buffer from ``offset``, in as many reads as that takes.

    :raises ShortRead: when the volume ends before.
    :raises SourceError: when reading fails; both say the offset.
    """
    done = 0
    while done < len(buffer):
        count = read_some(source, offset + done, buffer[done:])
        if not count:
            raise exception.ShortRead(
                offset=offset + done, expected=len(buffer) - done, actual=0)
        done += count


def read_some(source: Source, offset: int, buffer: memoryview) -> int:
    """Read what there is, at most a buffer; errors as above."""
    try:
        count = source.readinto(offset, buffer)
    except OSError as error:
        raise _failed(offset, error.strerror or str(error)) from error
    if not 0 <= count <= len(buffer):
        raise _failed(offset,
                      f'{count} bytes were returned for {len(buffer)}')
    return count


def _failed(offset: int, reason: str) -> exception.SourceError:
    return exception.SourceError(offset=offset, reason=reason)
