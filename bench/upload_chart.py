# SPDX-License-Identifier: Apache-2.0
"""The picture of bench/upload: seconds as horizontal bars, in SVG.

For each format there is a bar of Cinder's way, split into the conversion and
the sending, and one of volupload's. A line stands where the raw PUT of the
data ends. The picture brings its own light ground, so it can be read on any;
the two ways differ in brightness and not only in hue, and all numbers are
there as text.
"""

from collections.abc import Iterator
from xml.sax import saxutils

from bench.upload_figures import Figures
from bench.upload_figures import Group
from bench.upload_ways import CEILING
from bench.upload_ways import OURS
from bench.upload_ways import Outcome
from bench.upload_ways import STREAM_OPTIMIZED
from bench.upload_ways import WITH_CINDER

_WIDTH, _LEFT, _RIGHT, _TOP = 760, 236, 60, 84
_BAR, _GAP, _STEP = 15, 2, 12   # of a bar, between bars, between formats
_INK, _FAINT, _GROUND = '#1b1f24', '#57606a', '#ffffff'
_OURS, _CONVERT, _SEND = '#0b5cad', '#a8541c', '#e8b48a'

_LABELS = {OURS: 'volupload', WITH_CINDER: "Cinder's way",
           STREAM_OPTIMIZED: 'streamOptimized'}
_LEGEND = ((_OURS, 'volupload'), (_CONVERT, 'qemu-img convert'),
           (_SEND, 'then python-glanceclient'))


def svg(figures: Figures) -> str:
    """Of the first volume of kind `real`.

    :raises SystemExit: none was measured
    """
    group = next((each for each in figures.outcomes if each.kind == 'real'),
                 None)
    if group is None:
        raise SystemExit('The chart needs a volume of kind real')
    return _Chart(figures, group).text()


class _Chart:

    def __init__(self, figures: Figures, group: Group) -> None:
        self._rounds = figures.rounds
        self._group = group
        self._ceiling = figures.median(group, '', CEILING)
        self._bars = [
            (case, [(way, outcome) for way in _LABELS
                    if (outcome := figures.median(group, case, way))])
            for case in figures.cases(group)]
        longest = max(outcome.seconds for _, ways in self._bars
                      for _, outcome in ways)
        self._scale = (_WIDTH - _LEFT - _RIGHT) / longest

    def text(self) -> str:
        body = list(self._body())
        height = self._height()
        return '\n'.join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" '
            f'height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img" '
            'aria-labelledby="title desc" font-family="sans-serif" '
            'font-size="12">',
            '<title id="title">Seconds to upload a volume to Glance</title>',
            f'<desc id="desc">{saxutils.escape(self._description())}</desc>',
            f'<rect width="{_WIDTH}" height="{height}" rx="6" '
            f'fill="{_GROUND}"/>', *body, '</svg>', ''])

    def _body(self) -> Iterator[str]:
        yield _words(16, 26, 'Seconds to upload a volume to Glance',
                     size=16, weight='bold')
        yield _words(16, 46, f'{self._group}; medians of {self._rounds} runs; '
                     'shorter is better', ink=_FAINT)
        yield from self._legend()
        top = _TOP
        for case, ways in self._bars:
            middle = top + (len(ways) * (_BAR + _GAP)) / 2
            yield _words(16, middle + 3, case, weight='bold')
            for way, outcome in ways:
                yield from self._bar(top, way, outcome)
                top += _BAR + _GAP
            top += _STEP
        yield from self._line(top)

    def _legend(self) -> Iterator[str]:
        left = 16
        for color, label in _LEGEND:
            yield _box(left, 58, 12, color, 12)
            yield _words(left + 17, 68, label)
            left += 32 + 7 * len(label)
        if self._ceiling:
            yield (f'<path d="M{left + 6} 58v12" stroke="{_INK}" '
                   'stroke-dasharray="3 2"/>')
            yield _words(left + 15, 68, 'raw PUT of the data')

    def _bar(self, top: float, way: str,
             outcome: Outcome) -> Iterator[str]:
        yield _words(_LEFT - 6, top + 12, _LABELS[way], ink=_FAINT,
                     anchor='end', size=11)
        whole = outcome.seconds * self._scale
        if way == OURS:
            yield _box(_LEFT, top, whole, _OURS)
        else:
            part = outcome.convert_seconds * self._scale
            yield _box(_LEFT, top, part, _CONVERT)
            yield _box(_LEFT + part, top, whole - part, _SEND)
        yield _words(_LEFT + whole + 5, top + 12, f'{outcome.seconds:.1f}')

    def _line(self, bottom: float) -> Iterator[str]:
        if self._ceiling:
            left = _LEFT + self._ceiling.seconds * self._scale
            yield (f'<path d="M{left:.1f} {_TOP - 6}V{bottom - 4}" '
                   f'stroke="{_INK}" stroke-dasharray="3 2"/>')

    def _height(self) -> int:
        return _TOP + sum(len(ways) * (_BAR + _GAP) + _STEP
                          for _, ways in self._bars) + 4

    def _description(self) -> str:
        parts = [f'{case}: ' + ', '.join(
            f'{_LABELS[way]} {outcome.seconds:.1f}' for way, outcome in ways)
            for case, ways in self._bars]
        if self._ceiling:
            parts.append('raw PUT of the data: '
                         f'{self._ceiling.seconds:.1f}')
        return f'Horizontal bars. {self._group}. ' + '; '.join(parts) + '.'


def _box(left: float, top: float, width: float, color: str,
         height: float = _BAR) -> str:
    return (f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(width, 0):.1f}" '
            f'height="{height}" fill="{color}"/>')


def _words(left: float, top: float, text: str, *, ink: str = _INK,
           size: int = 12, weight: str = 'normal',
           anchor: str = 'start') -> str:
    return (f'<text x="{left:.1f}" y="{top:.1f}" fill="{ink}" '
            f'font-size="{size}" font-weight="{weight}" '
            f'text-anchor="{anchor}">{saxutils.escape(text)}</text>')
