# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows while an upload is waited for: by the real command.

The service that it asks is a list of answers, and the clock one that goes by
those; everything that is drawn is what `volupload.osc` writes.
"""

import argparse
import io
from typing import Any

from cliff.formatters import table
import svg

from volupload.osc import cells
from volupload.osc import progress

GIB = 2 ** 30
COMMAND = ('openstack volume upload create --name my-image '
           '--disk-format qcow2 --wait my-volume')
SHOWN = ('id', 'image_id', 'image_name', 'image_size', 'status')
_GROUND, _TEXT, _DIM, _PROMPT = '#14181d', '#e8edf2', '#9fb0c0', '#7fd18b'
_LINE, _LEFT, _TOP = 21, 22, 62

_UPLOAD = {
    'id': '2f6b4c0e-51f3-4f0a-9a3d-0c6d7be1f0a2', 'status': 'queued',
    'image_id': 'f43d5555-1ac9-4c12-9485-8a72cbc5ba5a',
    'image_name': 'my-image', 'image_size': None, 'size': 20,
    'bytes_read': 0, 'bytes_sent': 0, 'rate': None}
# Second -> what has changed by then.
_ANSWERS: dict[int, dict[str, Any]] = {
    0: {},
    2: {'status': 'running', 'bytes_read': GIB // 5, 'bytes_sent': GIB // 15,
        'rate': 140 * 2 ** 20},
    14: {'bytes_read': 5 * GIB, 'bytes_sent': int(1.7 * GIB),
         'rate': 138 * 2 ** 20},
    39: {'bytes_read': 15 * GIB, 'bytes_sent': int(5.1 * GIB),
         'rate': 141 * 2 ** 20},
    54: {'status': 'succeeded', 'image_size': int(6.8 * GIB)},
}


class _Terminal(io.StringIO):

    def isatty(self) -> bool:
        return True


def lines() -> list[str]:
    """What is written over and over, as it is at each of the answers."""
    times, said = list(_ANSWERS), _Terminal()
    upload, asked = dict(_UPLOAD), iter(times)
    now = [0.0]

    def get(upload_id: str) -> dict[str, Any]:
        now[0] = next(asked)
        upload.update(_ANSWERS[int(now[0])])
        return upload

    progress.Watch(str(_UPLOAD['id']), get, said, clock=lambda: now[0],
                   sleep=lambda seconds: None).finish()
    return [line.rstrip() for line in said.getvalue().strip('\r\n').split(
        '\r')]


def result() -> list[str]:
    """The table at the end, of those columns that `SHOWN` names."""
    upload = dict(_UPLOAD)
    for changes in _ANSWERS.values():
        upload.update(changes)
    names, values = cells.shown(upload, 'table')
    row = dict(zip(names, values, strict=True))
    told = io.StringIO()
    table.TableFormatter().emit_one(
        SHOWN, [row[name] for name in SHOWN], told, argparse.Namespace(
            max_width=0, fit_width=False, print_empty=False))
    return told.getvalue().splitlines()


def terminal() -> svg.Picture:
    shown, ending = lines(), result()
    height = _TOP + _LINE * (len(shown) + len(ending) + 3)
    picture = svg.Picture(
        930, height, 'Waiting for an upload',
        f'A terminal. {COMMAND}. One line changes: '
        + '; '.join(' '.join(line.split()) for line in shown)
        + f'. Then a table with {", ".join(SHOWN)}.')
    picture.rectangle(svg.Box(8, 8, 922, height - 8), _GROUND, _GROUND, 8,
                      behind=True)
    for number, color in enumerate(('#e5675c', '#e0b04a', '#6cbf6a')):
        left = 22 + 20 * number
        picture.rectangle(svg.Box(left, 20, left + 12, 32), color, 'none', 6)
    options = ' '.join(f'-c {name}' for name in SHOWN)
    top = _write(picture, _TOP, [f'$ {COMMAND} \\', f'      {options}'],
                 _PROMPT)
    end = _write(picture, top + 8, shown, _TEXT)
    _bracket(picture, top - 6, end - 14)
    _write(picture, end + 8, ending, _TEXT)
    return picture


def _write(picture: svg.Picture, top: float, said: list[str],
           ink: str) -> float:
    for line in said:
        picture.text((_LEFT, top), line, anchor='start', size=14, ink=ink,
                     font=svg.MONO)
        top += _LINE
    return top


def _bracket(picture: svg.Picture, top: float, bottom: float) -> None:
    """Says that these lines are one."""
    picture.line([(700, top), (708, top), (708, bottom), (700, bottom)],
                 ink=_DIM)
    middle = (top + bottom) / 2
    for number, words in enumerate((
            'one line, which is', 'written over each', 'second')):
        picture.text((720, middle - 12 + 18 * number), words, size=13,
                     ink=_DIM, anchor='start')
