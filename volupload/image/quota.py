# SPDX-License-Identifier: Apache-2.0
"""Asks Glance whether a project has room for another image.

Glance holds a user to ``image_size_total`` when the data comes, but it comes
from the service, hours later and against the quota of the service's project.
So the user's own is looked at when the upload is asked for, with the user's
token: ``GET /v2/info/usage``. The number of images Glance counts by itself
when the record is made.
"""

import time

from oslo_utils import units

from volupload import exception
from volupload.image.answer import Answer
from volupload.image.session import Session

_RESOURCE = 'image_size_total'   # MiB

# Where Glance keeps no limits it is asked only so often, in seconds: without
# them an upload costs one request to Glance.
_NO_LIMITS = 300.0


class Quota:
    """One for a process and all its threads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked_again = 0.0   # when, on the clock of time.monotonic

    def check(self, token: str, headers: dict[str, str],
              size: int | None) -> None:
        """
        :param token: the user's.
        :param size: bytes of the image, None if only the end will tell.
        :raises ImageRefused: there is no room; with code 413.
        :raises ImageServiceError: Glance took the question and said nothing.
        """
        if time.monotonic() < self._asked_again:
            return
        room = self._ask({**headers, 'X-Auth-Token': token})
        if room is None:
            self._asked_again = time.monotonic() + _NO_LIMITS
            return
        usage, limit = room
        delta = 1 if size is None else -(-size // units.Mi)
        if 0 <= limit < usage + delta:
            raise exception.ImageRefused(
                code=413, reason=f'{_RESOURCE} has a limit of {limit} MiB, of '
                f'which {usage} MiB are used, and the image needs '
                + ('more.' if size is None else f'{delta} MiB.'))

    def _ask(self, headers: dict[str, str]) -> tuple[int, int] | None:
        """Usage and limit in MiB; None where Glance does not tell them."""
        try:
            answer = self._session.wire().request(
                'GET', '/v2/info/usage', headers, b'')
        except exception.ImageServiceError as error:
            if error.outcome_unknown:
                raise
            return None   # the next request will say what is the matter
        return _read(answer)


def _read(answer: Answer) -> tuple[int, int] | None:
    """Of an answer in the form of Glance's, and of no other."""
    told = (answer.json() or {}).get('usage')
    if answer.status != 200 or not isinstance(told, dict):
        return None
    pair = told.get(_RESOURCE)
    if not isinstance(pair, dict):
        return None
    usage, limit = pair.get('usage'), pair.get('limit')
    if not isinstance(usage, int) or not isinstance(limit, int):
        return None
    return usage, limit
