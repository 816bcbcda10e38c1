# SPDX-License-Identifier: Apache-2.0
"""The states of an upload and of a volume, from volupload/volume/status.py."""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
from typing import Any

import graph
from graph import Move
from graph import State
import svg

from volupload.volume.status import FORCIBLY_DELETABLE
from volupload.volume.status import UPLOAD_TRANSITIONS
from volupload.volume.status import VOLUME_TRANSITIONS

_QUIET = (svg.INK, svg.PALE_GREY)
_BUSY = (svg.BLUE, svg.PALE_BLUE)
_GOOD = (svg.GREEN, svg.PALE_GREEN)
_BAD = (svg.RED, svg.PALE_RED)
_ODD = (svg.BROWN, svg.PALE_BROWN)

_UPLOAD_STATES = {
    'creating': State((92, 210), *_QUIET),
    'queued': State((345, 210), *_QUIET),
    'running': State((620, 210), *_BUSY),
    'cancelling': State((620, 350), *_ODD),
    'succeeded': State((890, 210), *_GOOD),
    'cancelled': State((890, 350), *_ODD),
    'failed': State((475, 84), *_BAD),
}
_UPLOAD_MOVES = {
    ('creating', 'queued'): Move('image is made', (218, 202)),
    ('creating', 'failed'): Move(
        'image is refused', (260, 109), start=(22, 0), end=(0, 8),
        via=((114, 92),)),
    ('failed', 'creating'): Move(
        'done again', (260, 66), start=(0, -8), end=(-22, 0),
        via=((70, 76),), rare=True),
    ('queued', 'running'): Move(
        'claimed', (480, 193), start=(0, -9), end=(0, -9)),
    ('running', 'queued'): Move(
        'another attempt', (474, 235), start=(0, 9), end=(0, 9)),
    ('queued', 'failed'): Move(
        'reset', (388, 156), 'end', start=(20, 0), end=(-40, 0), rare=True),
    ('queued', 'cancelling'): Move(
        'told to stop', (440, 290), 'end', start=(20, 0), end=(-40, 0)),
    ('queued', 'cancelled'): Move(
        'cancelled before it runs', (580, 404), start=(-30, 0),
        via=((315, 410), (890, 410)), rare=True),
    ('running', 'succeeded'): Move('is compared', (754, 202)),
    ('running', 'failed'): Move(
        'fails', (602, 150), 'start', start=(10, 0), end=(40, 0)),
    ('running', 'cancelling'): Move('told to stop', (628, 284), 'start'),
    ('running', 'cancelled'): Move(
        'image was deleted', (812, 312), 'start', start=(40, 0),
        end=(-50, 0)),
    ('cancelling', 'cancelled'): Move('stopped', (754, 366)),
    ('cancelling', 'succeeded'): Move(
        'had succeeded', (812, 256), 'start', start=(40, 0), end=(-50, 0),
        rare=True),
    ('cancelling', 'failed'): Move(
        'had failed', (552, 272), 'end', start=(-20, 0), end=(20, 0),
        rare=True),
}

_VOLUME_STATES = {
    'creating': State((92, 232), *_QUIET),
    'available': State((330, 232), *_GOOD),
    'uploading': State((600, 84), *_BUSY),
    'attaching': State((600, 158), *_QUIET),
    'detaching': State((600, 318), *_QUIET),
    'in-use': State((870, 232), *_GOOD),
    'error': State((92, 394), *_BAD),
    'deleting': State((330, 394), *_QUIET),
    'error_deleting': State((600, 394), *_BAD),
    'maintenance': State((870, 394), *_ODD),
}
_VOLUME_MOVES = {
    ('creating', 'available'): Move('made', (211, 224)),
    ('creating', 'error'): Move('cannot be made', (100, 318), 'start'),
    ('available', 'attaching'): Move(
        'reserve', (452, 170), 'end', start=(40, -14), end=(0, -10)),
    ('attaching', 'available'): Move(
        'unreserve', (478, 213), 'start', start=(0, 10), end=(40, 2)),
    ('attaching', 'in-use'): Move(
        'attach', (746, 182), 'start', end=(-40, -8)),
    ('available', 'in-use'): Move(
        'attach', (620, 222), start=(0, -4), end=(0, -4)),
    ('in-use', 'available'): Move(
        'detach', (560, 259), start=(0, 12), end=(0, 12)),
    ('in-use', 'detaching'): Move(
        'begin to detach', (756, 296), 'start', start=(-40, 14), end=(0, 10)),
    ('detaching', 'in-use'): Move(
        'roll back', (656, 276), start=(0, -10), end=(-40, 4)),
    ('detaching', 'available'): Move(
        'detach', (452, 296), 'end', end=(40, 12)),
    ('available', 'uploading'): Move(
        'upload', (430, 70), start=(-10, 0), end=(0, -6), via=((320, 78),)),
    ('uploading', 'available'): Move(
        'ended', (430, 106), start=(0, 6), end=(12, 0), via=((342, 90),)),
    ('in-use', 'uploading'): Move(
        'upload with force', (772, 70), start=(10, 0), end=(0, -6),
        via=((880, 78),)),
    ('uploading', 'in-use'): Move(
        'ended', (772, 106), start=(0, 6), end=(-12, 0), via=((858, 90),)),
    ('available', 'deleting'): Move('delete', (322, 318), 'end'),
    ('error', 'deleting'): Move('delete', (211, 386)),
    ('deleting', 'error_deleting'): Move(
        'cannot be deleted', (465, 379), start=(0, -8), end=(0, -8)),
    ('error_deleting', 'deleting'): Move(
        'delete again', (465, 421), start=(0, 8), end=(0, 8)),
}


def upload_states() -> svg.Picture:
    picture = svg.Picture(
        976, 436, 'States of an upload', _told('An upload', (
            UPLOAD_TRANSITIONS)))
    _title(picture, 'dashes: what happens seldom')
    graph.draw(picture, _UPLOAD_STATES, _UPLOAD_MOVES, UPLOAD_TRANSITIONS)
    return picture


def volume_states() -> svg.Picture:
    marked = {name: dataclasses.replace(state, note='*')
              if name in FORCIBLY_DELETABLE else state
              for name, state in _VOLUME_STATES.items()}
    forced = ', '.join(sorted(FORCIBLY_DELETABLE))
    picture = svg.Picture(
        976, 474, 'States of a volume', _told('A volume', VOLUME_TRANSITIONS)
        + f' An administrator may delete it by force when it is {forced}.')
    _title(picture, '* an administrator may delete it by force')
    graph.draw(picture, marked, _VOLUME_MOVES, VOLUME_TRANSITIONS)
    picture.line([(330, 416), (330, 450)], arrow=True)
    picture.text((340, 446), 'gone', size=13, ink=svg.FAINT, anchor='start')
    picture.text((870, 434), 'set by an administrator', size=13,
                 ink=svg.FAINT)
    return picture


def _title(picture: svg.Picture, note: str) -> None:
    picture.text((18, 30), picture.title, size=17, weight='bold',
                 anchor='start')
    picture.text((picture.width - 18, 30), note, size=13, ink=svg.FAINT,
                 anchor='end')


def _told(what: str, moves: Mapping[Any, Collection[Any]]) -> str:
    """The same in words."""
    ways = '; '.join(f'from {one} to {" or ".join(sorted(moves[one]))}'
                     for one in moves if moves[one])
    ends = ', '.join(one for one in moves if not moves[one])
    return f'{what} goes {ways}. It stays {ends}.'
