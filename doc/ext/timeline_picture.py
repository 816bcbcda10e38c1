# SPDX-License-Identifier: Apache-2.0
"""The way of one upload that succeeds: who does what, and its status then."""

import dataclasses

import graph
import svg

from volupload.volume.status import UPLOAD_TRANSITIONS
from volupload.volume.status import UploadPhase
from volupload.volume.status import UploadStatus

# Who takes part, and where.
_LANES = {'client': 296, 'API': 490, 'manager': 640, 'Glance': 866}
_TOP, _STEP, _BAND = 84, 38, 150


@dataclasses.dataclass(frozen=True)
class Step:
    """A message from one to another, or what somebody does alone.

    :param status: of the upload from here on, if it changes.
    """

    said: str
    one: str
    to: str | None = None
    status: UploadStatus | None = None
    phase: UploadPhase | None = None
    dashed: bool = False


_STEPS = (
    Step('os-volume_upload_image', 'client', 'API'),
    Step('takes the volume', 'API', status=UploadStatus.CREATING),
    Step("image record, with the user's token", 'API', 'Glance'),
    Step('202, with the ids', 'API', 'client',
         UploadStatus.QUEUED),
    Step('a wake-up', 'API', 'manager', dashed=True),
    Step('claims the upload', 'manager', status=UploadStatus.RUNNING,
         phase=UploadPhase.LAYING_OUT),
    Step('looks where data is', 'manager'),
    Step('the image, in one PUT', 'manager', 'Glance',
         phase=UploadPhase.SENDING),
    Step('how far is it?', 'client', 'API', dashed=True),
    Step('size and sha512 as stored', 'Glance', 'manager',
         phase=UploadPhase.VERIFYING),
    Step('gives the volume back', 'manager', status=UploadStatus.SUCCEEDED),
)
_COLORS = {UploadStatus.CREATING: (svg.INK, svg.PALE_GREY),
           UploadStatus.QUEUED: (svg.INK, svg.PALE_GREY),
           UploadStatus.RUNNING: (svg.BLUE, svg.PALE_BLUE),
           UploadStatus.SUCCEEDED: (svg.GREEN, svg.PALE_GREEN)}


def timeline() -> svg.Picture:
    """:raises IncompleteDrawing: no upload goes this way."""
    _check()
    picture = svg.Picture(
        930, _TOP + _STEP * len(_STEPS) + 34, 'The way of an upload',
        'From top to bottom: ' + '; '.join(map(_told, _STEPS)) + '.')
    picture.text((18, 30), picture.title, size=17, weight='bold',
                 anchor='start')
    _lanes(picture)
    _status_band(picture)
    _phase_band(picture)
    for number, step in enumerate(_STEPS):
        _step(picture, step, _TOP + _STEP * (number + 0.5))
    return picture


def _check() -> None:
    way = [step.status for step in _STEPS if step.status]
    for one, to in zip(way, way[1:], strict=False):
        if to not in UPLOAD_TRANSITIONS[one]:
            raise graph.IncompleteDrawing(f'No way from {one} to {to}')
    graph.check([step.phase for step in _STEPS if step.phase],
                list(UploadPhase))


def _told(step: Step) -> str:
    who = f'{step.one} to {step.to}' if step.to else step.one
    now = [f'the upload is {step.status}'] if step.status else []
    now += [f'phase {step.phase}'] if step.phase else []
    return f'{who}: {step.said}' + (f' ({", ".join(now)})' if now else '')


def _lanes(picture: svg.Picture) -> None:
    for name, x in _LANES.items():
        picture.line([(x, _TOP - 12), (x, picture.height - 16)],
                     ink='#c5ccd3', width=1)
        box = svg.Box(x - 52, _TOP - 40, x + 52, _TOP - 12)
        picture.rectangle(box, svg.PALE_GREY, svg.INK, 5)
        picture.text((x, _TOP - 21), name, size=14, weight='bold')


def _status_band(picture: svg.Picture) -> None:
    picture.text((76, _TOP - 21), 'status', size=13, ink=svg.FAINT)
    changes = [(number, step.status) for number, step in enumerate(_STEPS)
               if step.status]
    ends = [number for number, _ in changes[1:]] + [len(_STEPS) + 0.4]
    for (begin, status), end in zip(changes, ends, strict=True):
        ink, fill = _COLORS[status]
        _band(picture, 20, 132, begin, end, str(status), ink, fill)


def _phase_band(picture: svg.Picture) -> None:
    picture.text((188, _TOP - 21), 'phase', size=13, ink=svg.FAINT)
    changes = [(number, step.phase) for number, step in enumerate(_STEPS)
               if step.phase]
    ends = [number for number, _ in changes[1:]] + [len(_STEPS) - 1]
    for (begin, phase), end in zip(changes, ends, strict=True):
        _band(picture, 138, 236, begin, end, str(phase), svg.BLUE,
              svg.PALE_BLUE)


def _band(picture: svg.Picture, left: float, right: float, begin: float,
          end: float, name: str, ink: str, fill: str) -> None:
    top, bottom = _TOP + _STEP * begin + 2, _TOP + _STEP * end - 2
    picture.rectangle(svg.Box(left, top, right, bottom), fill, ink, 4)
    picture.text(((left + right) / 2, (top + bottom) / 2 + 5), name,
                 size=13, ink=ink)


def _step(picture: svg.Picture, step: Step, y: float) -> None:
    here = _LANES[step.one]
    if step.to is None:
        picture.rectangle(svg.Box(here - 5, y - 9, here + 5, y + 9),
                          svg.BLUE, 'none', 2)
        picture.text((here + 14, y + 4), step.said, anchor='start',
                     ground=svg.GROUND)
        return
    there = _LANES[step.to]
    picture.line([(here, y + 6), (there, y + 6)], ink=svg.BLUE, arrow=True,
                 dashed=step.dashed)
    picture.text(((here + there) / 2, y), step.said, ground=svg.GROUND)
