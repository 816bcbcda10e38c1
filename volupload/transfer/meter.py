# SPDX-License-Identifier: Apache-2.0
"""How far a transfer is, as a line on a terminal.

The share done is that of the image where its size is known beforehand, and
else that of the volume. So the meter stands on both sides of the pipeline:
the volume is read, and the chunks are written, through it.
"""

from collections.abc import Iterator
import time
from types import TracebackType
from typing import Self
from typing import TextIO

from volupload import transfer
from volupload.transfer import Extent
from volupload.transfer import FileRange
from volupload.transfer import Source

_EVERY = 0.2   # seconds
_WIDTH = 30


class Meter:
    """A source that tells how far it is read; shows nothing on no terminal.

    ``with`` removes the line at the end.
    """

    def __init__(self, source: Source, terminal: TextIO) -> None:
        self.size = source.size
        self._source = source
        self._terminal = terminal
        self._visible = terminal.isatty()
        self._position = 0
        self._sent = 0
        self._image_size: int | None = None
        self._began: float | None = None   # to send
        self._shown = time.monotonic()

    def extents(self) -> Iterator[Extent]:
        return self._source.extents()

    def readinto(self, offset: int, buffer: memoryview) -> int:
        count = self._source.readinto(offset, buffer)
        self._position = offset + count
        return count

    def fileno(self) -> int | None:
        return self._source.fileno()

    def close(self) -> None:
        self._source.close()

    def of(self, chunks: Iterator[transfer.Chunk],
           image_size: int | None) -> Iterator[transfer.Chunk]:
        """Count what is written."""
        self._began = time.monotonic()
        self._position = 0
        self._image_size = image_size
        for chunk in chunks:
            yield chunk
            self._sent += (chunk.length if isinstance(chunk, FileRange)
                           else len(chunk))

    def show(self) -> bool:
        """Show the line anew, a few times a second at most.

        :returns: False, so that ``stream`` can call it as ``cancelled``.
        """
        now = time.monotonic()
        if self._visible and now - self._shown >= _EVERY:
            self._shown = now
            self._terminal.write(f'\r{self.line(now)}\x1b[K')
            self._terminal.flush()
        return False

    def line(self, now: float) -> str:
        share = self._share()
        done = round(share * _WIDTH)
        bar = f'[{"#" * done:{_WIDTH}}] {share:4.0%}'
        if self._began is None:
            return f'{bar}  looking for zeros'
        seconds = max(now - self._began, 1e-3)
        left = f'{seconds / share - seconds:.0f} s left' if share else ''
        return (f'{bar}  {self._sent / 1e6:.0f} MB  '
                f'{self._sent / seconds / 1e6:.0f} MB/s  {left}')

    def _share(self) -> float:
        if self._began is not None and self._image_size is not None:
            return self._sent / (self._image_size or 1)
        return self._position / (self.size or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if self._visible:
            self._terminal.write('\r\x1b[K')
            self._terminal.flush()
