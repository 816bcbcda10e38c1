# SPDX-License-Identifier: Apache-2.0
"""A little SVG, for the pictures of the documentation.

A picture brings its own light ground, so it can be read on any page, light
or dark. Kinds differ in brightness and words and not only in hue, no text is
smaller than 12 pixels, and a title and a description go along for those who
do not see it.
"""

from collections.abc import Sequence
import dataclasses
import math
from xml.sax import saxutils

INK, FAINT, GROUND = '#1b1f24', '#57606a', '#ffffff'
BLUE, PALE_BLUE = '#0b5cad', '#dcebfa'
GREEN, PALE_GREEN = '#1a6b33', '#dcf3e2'
RED, PALE_RED = '#a31f15', '#fbe3e0'
BROWN, PALE_BROWN = '#7a4d05', '#fbeecb'
GREY, PALE_GREY = '#6a737d', '#edf0f3'

SANS = 'DejaVu Sans, Verdana, sans-serif'
MONO = 'DejaVu Sans Mono, Menlo, Consolas, monospace'
# Of the size, a letter's width: the widest of the fonts above, on average.
_WIDE = {SANS: 0.61, MONO: 0.603}

Point = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle by its edges."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: 'Box') -> bool:
        return (self.left < other.right and other.left < self.right
                and self.top < other.bottom and other.top < self.bottom)


class Picture:
    """
    :ivar words: the boxes of all texts, with the texts.
    """

    def __init__(self, width: int, height: int, title: str,
                 description: str) -> None:
        self.width = width
        self.height = height
        self.title = title
        self.description = description
        self.words: list[tuple[Box, str]] = []
        # What is drawn first, and lies below all that follows.
        self._behind: list[str] = []
        self._lines: list[str] = []
        self._grounds: list[str] = []
        self._shapes: list[str] = []
        self._texts: list[str] = []

    def text(self, at: Point, said: str, *, size: int = 13, ink: str = INK,
             anchor: str = 'middle', weight: str = 'normal',
             font: str = SANS, ground: str = '') -> None:
        """One line; `at` is on its base line.

        :param ground: of a box behind it, which hides lines.
        """
        box = _box(at, said, size, anchor, font)
        self.words.append((box, said))
        if ground:
            self._grounds.append(_rectangle(box, ground, ground, 2))
        family = '' if font == SANS else f' font-family="{font}"'
        self._texts.append(
            f'<text x="{at[0]:g}" y="{at[1]:g}" font-size="{size}" '
            f'fill="{ink}" text-anchor="{anchor}" font-weight="{weight}"'
            f'{family} xml:space="preserve">{saxutils.escape(said)}</text>')

    def rectangle(self, box: Box, fill: str, stroke: str = 'none',
                  radius: float = 0, *, behind: bool = False) -> None:
        """:param behind: below the lines."""
        layer = self._behind if behind else self._shapes
        layer.append(_rectangle(box, fill, stroke, radius))

    def line(self, points: Sequence[Point], *, ink: str = FAINT,
             dashed: bool = False, arrow: bool = False,
             width: float = 1.5) -> None:
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        dash = ' stroke-dasharray="5 4"' if dashed else ''
        self._lines.append(
            f'<polyline points="{path}" fill="none" stroke="{ink}" '
            f'stroke-width="{width}" stroke-linejoin="round"{dash}/>')
        if arrow:
            self._head(points[-2], points[-1], ink)

    def _head(self, before: Point, tip: Point, ink: str) -> None:
        angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
        corners = [tip, *((tip[0] - 10 * math.cos(angle + turn),
                           tip[1] - 10 * math.sin(angle + turn))
                          for turn in (0.42, -0.42))]
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in corners)
        self._lines.append(f'<polygon points="{path}" fill="{ink}"/>')

    def svg(self) -> str:
        """All of it; nothing lies on a text."""
        return '\n'.join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
            f'height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
            f' role="img" aria-labelledby="title desc" font-family="{SANS}">',
            f'<title id="title">{saxutils.escape(self.title)}</title>',
            f'<desc id="desc">{saxutils.escape(self.description)}</desc>',
            _rectangle(Box(0.5, 0.5, self.width - 0.5, self.height - 0.5),
                       GROUND, '#d5dae0', 8),
            *self._behind, *self._lines, *self._grounds, *self._shapes,
            *self._texts, '</svg>', ''])


def _rectangle(box: Box, fill: str, stroke: str, radius: float) -> str:
    return (f'<rect x="{box.left:.1f}" y="{box.top:.1f}" '
            f'width="{box.right - box.left:.1f}" '
            f'height="{box.bottom - box.top:.1f}" rx="{radius:g}" '
            f'fill="{fill}" stroke="{stroke}"/>')


def _box(at: Point, said: str, size: int, anchor: str, font: str) -> Box:
    wide = len(said) * size * _WIDE[font]
    left = at[0] - {'start': 0, 'middle': wide / 2, 'end': wide}[anchor]
    return Box(left, at[1] - 0.8 * size, left + wide, at[1] + 0.25 * size)
