# SPDX-License-Identifier: Apache-2.0
"""What becomes of a volume in each format: laid out by the real formats."""

from collections.abc import Iterator
import dataclasses
import random

import svg

from volupload.transfer import Barrier
from volupload.transfer import Compression
from volupload.transfer import Copy
from volupload.transfer import Extent
from volupload.transfer import formats
from volupload.transfer import Layout
from volupload.transfer import Literal
from volupload.transfer import Packed
from volupload.transfer import Segment

MI = 2 ** 20
BLOCK = 4 * MI
# A volume of eight blocks, four of which hold data.
DATA = (0, 2, 3, 6)
SIZE = 8 * BLOCK

_ROWS = (('raw', 'none', 'raw'),
         ('qcow2', 'none', 'qcow2, plain'),
         ('vdi', 'none', 'vdi'), ('vhd', 'none', 'vhd'),
         ('vhdx', 'none', 'vhdx'),
         ('qcow2', 'zlib', 'qcow2, compressed'), ('vmdk', 'zlib', 'vmdk'))
_LEFT, _TOP, _STEP, _HEIGHT = 168, 92, 40, 24
_SCALE = 640 / SIZE   # pixels of a byte
_LEAST = 3.0          # pixels of a part, so that tables are seen


@dataclasses.dataclass(frozen=True)
class Part:
    """Bytes of the image that are of one kind.

    :param kind: ``table``, ``zero``, ``data`` or ``packed``.
    :param block: of the volume that it comes from.
    """

    kind: str
    length: int
    block: int | None = None


class Volume:
    """The source: text-like data, which becomes a third when compressed."""

    size = SIZE

    def __init__(self) -> None:
        dice = random.Random(1)  # noqa: S311  the same each time
        words = [dice.randbytes(12) for _ in range(200)]
        piece = b' '.join(dice.choice(words) for _ in range(6000))
        self._block = (piece * (BLOCK // len(piece) + 1))[:BLOCK]

    def extents(self) -> Iterator[Extent]:
        for number in range(SIZE // BLOCK):
            yield Extent(number * BLOCK, BLOCK, zero=number not in DATA)

    def readinto(self, offset: int, buffer: memoryview) -> int:
        number, within = divmod(offset, BLOCK)
        count = min(len(buffer), BLOCK - within, self.size - offset)
        buffer[:count] = (self._block[within:within + count]
                          if number in DATA else bytes(count))
        return count

    def fileno(self) -> None:
        return None

    def close(self) -> None:
        pass


def layouts() -> svg.Picture:
    volume = Volume()
    rows = [(label, merged(parts(volume, formats.FORMATS[name](
        volume, Compression(codec))))) for name, codec, label in _ROWS]
    picture = svg.Picture(
        930, _TOP + _STEP * (len(rows) + 1) + 18,
        'The same volume in each format', _told(rows))
    picture.text((18, 30), picture.title, size=17, weight='bold',
                 anchor='start')
    _legend(picture)
    _row(picture, 0, 'the volume', [
        Part('data' if number in DATA else 'hole', BLOCK, number)
        for number in range(SIZE // BLOCK)])
    for number, (label, row) in enumerate(rows, 1):
        _row(picture, number, label, row)
    return picture


def parts(volume: Volume, layout: Layout) -> Iterator[Part]:
    for segment in layout.segments():
        yield from _parts(volume, segment)


def _parts(volume: Volume, segment: Segment) -> Iterator[Part]:
    match segment:
        case Barrier():
            pass
        case Literal():
            yield Part('table', segment.length)
        case Copy():
            for offset in range(segment.offset,
                                segment.offset + segment.length, BLOCK):
                end = min(offset + BLOCK, segment.offset + segment.length)
                yield Part('data', end - offset, offset // BLOCK)
        case Packed():
            buffer = memoryview(bytearray(segment.length))
            volume.readinto(segment.offset, buffer)
            sent = sum(map(len, segment.place(segment.encode(buffer))))
            yield Part('packed', sent, segment.offset // BLOCK)
        case _:
            yield Part('zero', segment.length)


def merged(found: Iterator[Part]) -> list[Part]:
    """Neighbours of one kind and one block are one part."""
    row: list[Part] = []
    for part in found:
        last = row[-1] if row else None
        if last and (last.kind, last.block) == (part.kind, part.block):
            row[-1] = dataclasses.replace(
                last, length=last.length + part.length)
        elif part.length:
            row.append(part)
    return row


_COLORS = {'table': svg.GREY, 'zero': svg.GROUND, 'hole': svg.GROUND,
           'data': '#7db3e8', 'packed': svg.BLUE}
_LEGEND = (('data', 'data of the volume'), ('packed', 'data, compressed'),
           ('table', 'headers and tables'), ('zero', 'zeros'))


def _legend(picture: svg.Picture) -> None:
    left = 18.0
    for kind, words in _LEGEND:
        picture.rectangle(svg.Box(left, 48, left + 16, 62), _COLORS[kind],
                          svg.INK, 2)
        picture.text((left + 24, 60), words, anchor='start', size=13)
        left += 54 + 8 * len(words)


def _row(picture: svg.Picture, number: int, label: str,
         row: list[Part]) -> None:
    top = _TOP + _STEP * number + (14 if number else 0)
    picture.text((_LEFT - 12, top + 17), label, anchor='end', size=13,
                 weight='normal' if number else 'bold')
    left = float(_LEFT)
    for part in row:
        width = max(part.length * _SCALE, _LEAST)
        _part(picture, part, svg.Box(left, top, left + width, top + _HEIGHT))
        left += width
    size = sum(part.length for part in row) / MI
    picture.text((left + 8, top + 17), f'{size:.1f} MiB', anchor='start',
                 size=13, ink=svg.FAINT)


def _part(picture: svg.Picture, part: Part, box: svg.Box) -> None:
    edge = svg.INK if box.right - box.left > 2 * _LEAST else (
        _COLORS[part.kind])
    picture.rectangle(box, _COLORS[part.kind], edge)
    if part.block is not None and box.right - box.left > 12:
        ink = svg.GROUND if part.kind == 'packed' else svg.INK
        picture.text(((box.left + box.right) / 2, box.top + 17),
                     str(part.block) if part.kind != 'hole' else 'hole',
                     size=13, ink=ink if part.kind != 'hole' else svg.FAINT)


def _told(rows: list[tuple[str, list[Part]]]) -> str:
    blocks = ', '.join(map(str, DATA))
    images = '; '.join(
        f'{label}: {sum(part.length for part in row) / MI:.1f} MiB, '
        + ('compressed data' if any(part.kind == 'packed' for part in row)
           else 'data as it is')
        + (', holes as zeros' if _zeros(row) >= BLOCK else ', no holes')
        for label, row in rows)
    return (f'A volume of {SIZE // MI} MiB, of which the blocks {blocks} of '
            f'{BLOCK // MI} MiB hold data, and its images. {images}.')


def _zeros(row: list[Part]) -> int:
    return sum(part.length for part in row if part.kind == 'zero')
