# SPDX-License-Identifier: Apache-2.0
"""Which faults may pass: what becomes of an upload whose attempt broke off.

Three verdicts::

    AGAIN   a fault of a service or of the way to it: Glance or Keystone is
            away, answers nonsense, 401, 408, 429 or 5xx; the database is
            away. The upload waits, twice as long each time, and begins anew
            with the first byte, ``max_attempts`` times altogether.
    FAIL    it would fail the same way again: the volume cannot be read, the
            format is refused, Glance does not want the data (400, 409, 410,
            413, 415), what it stored is something else. And what nobody
            foresaw: to repeat that unseen could do harm.
    GONE    the image is deleted. Only its owner or an admin does that, so it
            counts as a wish: the upload is cancelled.
"""

import enum

from oslo_db import exception as db_exception

from volupload import exception
from volupload.conf import CONF

# Of Glance's answers to the data, besides all from 500 on. 401 is about our
# own token, of which a new one is got; 408 and 429 are a proxy's.
_PASSING = frozenset({401, 408, 429})


class Verdict(enum.Enum):
    AGAIN = enum.auto()
    FAIL = enum.auto()
    GONE = enum.auto()


def verdict(error: Exception) -> Verdict:
    match error:
        case exception.ImageNotFound():
            return Verdict.GONE
        case exception.ImageDataRefused():
            passes = error.status in _PASSING or error.status >= 500
            return Verdict.AGAIN if passes else Verdict.FAIL
        case exception.ImageServiceError() | db_exception.DBError():
            return Verdict.AGAIN
    return Verdict.FAIL


def delay(attempt: int) -> float:
    """Seconds between attempt number `attempt`, from 1 on, and the next."""
    doubled = CONF.upload.retry_interval * 2.0 ** min(attempt - 1, 32)
    return float(min(doubled, CONF.upload.retry_interval_max))


def reason(error: Exception) -> str:
    """What people are told; nothing from inside the database or Python."""
    if isinstance(error, exception.VoluploadError):
        return str(error)
    if isinstance(error, db_exception.DBError):
        return 'The database could not be used.'
    return f'Internal error: {type(error).__name__}'
