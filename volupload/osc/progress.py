# SPDX-License-Identifier: Apache-2.0
"""Watches an upload until it has ended, and shows how far it is.

On a terminal a line is written over and over::

     42% [############                 ] 4.2 GiB, 310 MiB/s, 0:00:19 left

Elsewhere there is a line for each new status, so that a log stays readable.

An upload of hours outlives a service that is started anew or a network that
is away for a moment: while there is no answer it is asked again, for
`PATIENCE` seconds since the last one.
"""

from collections.abc import Callable
import datetime
import time
from typing import TextIO

from osc_lib import exceptions

from volupload.osc import uploads

# As much as a volume manager has with a Glance that is away.
PATIENCE = 300.0
_WIDTH = 30
_UNITS = ('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB')


def size(count: float) -> str:
    """``1.5 GiB``; three digits at least."""
    power = 0
    while count >= 1024 and power < len(_UNITS) - 1:
        count /= 1024
        power += 1
    digits = 0 if power == 0 or count >= 100 else 1
    return f'{count:.{digits}f} {_UNITS[power]}'


def rate(count: float) -> str:
    """``310 MiB/s``."""
    return f'{size(count)}/s'


class Watch:

    def __init__(self, upload_id: str,
                 get: Callable[[str], uploads.Upload], stream: TextIO, *,
                 interval: float = 1.0, patience: float = PATIENCE,
                 clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        """
        :param get: asks for the upload anew.
        :param stream: where to show it; nothing that a program reads.
        :param interval: seconds between two looks.
        :param patience: seconds without an answer that are borne.
        :param clock: and `sleep`: those of whoever draws it.
        """
        self._id = upload_id
        self._get = get
        self._stream = stream
        self._interval = interval
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._heard = clock()
        self._begun: tuple[float, float] | None = None
        self._told = ''

    def finish(self) -> uploads.Upload:
        """The upload when it has ended, however it did.

        :raises CommandError: it could not be learned.
        """
        try:
            while True:
                upload = self._look()
                if upload and upload['status'] in uploads.FINISHED:
                    return upload
                self._sleep(self._interval)
        finally:
            if self._stream.isatty() and self._told:
                self._stream.write('\n')

    def _look(self) -> uploads.Upload | None:
        """None: there was no answer, which is borne for a while."""
        try:
            upload = self._get(self._id)
        except uploads.Trouble as error:
            if self._clock() - self._heard >= self._patience:
                raise exceptions.CommandError(
                    f'No answer about upload {self._id} for '
                    f'{self._patience:.0f} seconds, it may go on: {error}'
                ) from None
            self._tell(f'No answer about upload {self._id}, asking again.')
            return None
        self._heard = self._clock()
        self._tell(self._line(upload) if self._stream.isatty()
                   else f"Upload {self._id} is {upload['status']}.")
        return upload

    def _tell(self, line: str) -> None:
        if self._stream.isatty():
            # What is left of a longer line before is blanked out.
            self._stream.write('\r' + line.ljust(len(self._told)))
        elif line != self._told:
            self._stream.write(f'{line}\n')
        self._stream.flush()
        self._told = line

    def _line(self, upload: uploads.Upload) -> str:
        done = uploads.share(upload)
        filled = '#' * int(done * _WIDTH)
        line = f'{done:4.0%} [{filled:{_WIDTH}}] '
        if upload['status'] != 'running':
            return f"{line}{upload['status']}"
        line += size(upload['bytes_sent'])
        if upload['rate']:
            line += f", {rate(upload['rate'])}"
        left = self._time_left(done)
        return line if left is None else f'{line}, {left} left'

    def _time_left(self, done: float) -> datetime.timedelta | None:
        """At the pace since we began to look; None until there is one."""
        now = self._clock()
        if self._begun is None or done < self._begun[1]:
            self._begun = now, done
        begun_at, begun_with = self._begun
        if done <= begun_with or now <= begun_at:
            return None
        pace = (done - begun_with) / (now - begun_at)
        return datetime.timedelta(seconds=round((1 - done) / pace))
