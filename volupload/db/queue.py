# SPDX-License-Identifier: Apache-2.0
"""The queue of uploads: who is next, who has it, and for how long.

A worker has an upload on a lease, which it renews with ``beat``. Everything
that it changes is a compare-and-swap on ``(id, status, worker, attempt)``, so
a worker that was away for longer than its lease can change nothing that its
successor has. Leases go by the database's clock.

Claim and sweep read rows of uploads that are waiting or under way only; how
many have ever been done makes no difference (``bench/queue``).
"""

import collections
from collections.abc import Collection
import datetime
from typing import Any

import sqlalchemy as sa

from volupload.db import clock
from volupload.db import models
from volupload.db import session
from volupload.db.models import Upload
from volupload.volume.status import FINISHED
from volupload.volume.status import LEASED
from volupload.volume.status import UploadStatus

# Made once, see volumes. What is set is what the parameters name besides.
_CHANGE = sa.update(Upload).where(
    Upload.id == sa.bindparam('of_id'),
    Upload.status == sa.bindparam('coming_from'),
    Upload.worker.is_not_distinct_from(sa.bindparam('of_worker')),
    Upload.attempt == sa.bindparam('of_attempt'))
_RENEW = _CHANGE.values(heartbeat_at=clock.utc_now())

_UNFINISHED = [status for status in UploadStatus if status not in FINISHED]

# How many a claim tries before it looks anew who is next: as many managers
# can ask at once without standing in each other's way for nothing.
_CANDIDATES = 8


def claim_next(hosts: Collection[str], worker: str,
               per_project: int = 0) -> Upload | None:
    """Lend the worker the upload whose turn it is.

    That is the oldest one of the project that has the fewest under way, over
    all managers; among projects with equally many, the oldest.

    :param hosts: whose uploads; what is put off until later is left out.
    :param per_project: what a project may have under way; 0: any number.
        Two managers that claim at the same moment may go beyond it by one.
    """
    while projects := _turns(hosts, per_project):
        for project_id in projects:
            upload = _oldest(hosts, project_id)
            if upload is not None and _claim(upload, worker):
                return upload
    return None


def depth() -> list[tuple[str, int, float]]:
    """How many are not finished: status, number, age of the oldest in s."""
    now = models.precise_now()
    with session.reader() as reading:
        found = {status: (count, (now - oldest).total_seconds())
                 for status, count, oldest in reading.execute(
                     sa.select(Upload.status, sa.func.count(),
                               sa.func.min(Upload.created_at))
                     .where(Upload.status.in_(_UNFINISHED))
                     .group_by(Upload.status))}
    return [(str(status), *found.get(status, (0, 0.0)))
            for status in _UNFINISHED]


def _claim(upload: Upload, worker: str) -> bool:
    taken = {'status': UploadStatus.RUNNING, 'worker': worker,
             'attempt': upload.attempt + 1, 'phase': None,
             'started_at': upload.started_at or models.utcnow(),
             'bytes_read': 0, 'bytes_sent': 0, 'image_size': None,
             'rate': None, 'not_before': None}
    return _change(_RENEW, upload, taken)


def _turns(hosts: Collection[str], per_project: int) -> list[str]:
    """The projects whose turn it is: those that are served worst."""
    # Grouped by the columns of uploads_by_queue, in that order: by project
    # alone SQLite goes through uploads_by_project, and all finished rows.
    group = Upload.status, Upload.project_id
    with session.reader() as reading:
        under_way: dict[str, int] = collections.Counter()
        for _, project_id, count in reading.execute(
                sa.select(*group, sa.func.count())
                .where(Upload.status.in_(LEASED)).group_by(*group)):
            under_way[project_id] += count
        waiting = reading.execute(
            sa.select(*group, sa.func.min(Upload.created_at))
            .where(*_eligible(hosts)).group_by(*group)).all()
    turns = sorted((under_way[project_id], oldest, project_id)
                   for _, project_id, oldest in waiting
                   if not per_project or under_way[project_id] < per_project)
    # Who is served as badly as the first has its turn next, should another
    # manager be faster with that one.
    return [project_id for running, _, project_id in turns[:_CANDIDATES]
            if running == turns[0][0]]


def _oldest(hosts: Collection[str], project_id: str) -> Upload | None:
    query = (sa.select(Upload)
             .where(*_eligible(hosts), Upload.project_id == project_id)
             .order_by(Upload.created_at, Upload.id).limit(1))
    with session.reader() as reading:
        found: Upload | None = reading.scalars(query).first()
    return found


def _eligible(hosts: Collection[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return (Upload.status == UploadStatus.QUEUED, Upload.host.in_(hosts),
            sa.or_(Upload.not_before.is_(None),
                   Upload.not_before <= clock.utc_now()))


@session.retried
def beat(upload: Upload, **progress: Any) -> UploadStatus | None:
    """Renew the lease, and write how far it is, in one UPDATE.

    :param progress: of ``phase``, ``bytes_read``, ``bytes_sent``,
        ``image_size`` and ``rate`` those that are known.
    :returns: RUNNING or CANCELLING while the upload is the worker's; None
        when it is so no longer.
    """
    known = {key: value for key, value in progress.items()
             if value is not None}
    for status in (UploadStatus.RUNNING, UploadStatus.CANCELLING):
        with session.connection() as writing:
            if session.count_changed(writing, _RENEW, {
                    **_of(upload), 'coming_from': status,
                    'status': status, **known}):
                return status
    return None


def requeue(upload: Upload, *, delay: float = 0.0, counted: bool = True,
            reason: str | None = None) -> bool:
    """Put a running upload back; False if it is no longer the worker's.

    :param delay: seconds for which nobody is to claim it.
    :param counted: False gives the attempt back: it was not the upload's
        fault.
    :param reason: kept in the row until the upload succeeds; None leaves the
        one that it has.
    """
    back: dict[str, Any] = {
        'status': UploadStatus.QUEUED, 'worker': None, 'heartbeat_at': None,
        'phase': None, 'rate': None, 'bytes_read': 0, 'bytes_sent': 0}
    if delay:
        back['not_before'] = clock.read() + datetime.timedelta(seconds=delay)
    if not counted:
        back['attempt'] = upload.attempt - 1
    if reason is not None:
        back['reason'] = reason
    # Whose end was asked for does not go back, whatever the caller has read.
    return _change(_CHANGE, upload, back, coming_from=UploadStatus.RUNNING)


@session.retried
def cancel(upload_id: str) -> UploadStatus | None:
    """Ask for the end of an upload that waits or runs.

    :returns: the status that it had. None: it had another than these two.
    """
    for status, nobodys in (
            (UploadStatus.QUEUED, {'heartbeat_at': None}),
            (UploadStatus.RUNNING, {})):
        with session.connection() as writing:
            if session.count_changed(
                    writing, sa.update(Upload).where(
                        Upload.id == upload_id, Upload.status == status),
                    {'status': UploadStatus.CANCELLING, **nobodys}):
                return status
    return None


def expired(hosts: Collection[str] | None,
            lease_timeout: float) -> list[Upload]:
    """What somebody had and has let lie; and cancelled ones of nobody.

    :param hosts: None: of all.
    :param lease_timeout: seconds without a sign of life.
    """
    horizon = clock.read() - datetime.timedelta(seconds=lease_timeout)
    # A row without a sign of life is of before there were leases, or was
    # cancelled in the queue.
    query = sa.select(Upload).where(
        Upload.status.in_(LEASED),
        sa.or_(Upload.heartbeat_at.is_(None), Upload.heartbeat_at <= horizon))
    if hosts is not None:
        query = query.where(Upload.host.in_(hosts))
    return _all(query)


def take_over(upload: Upload, worker: str) -> bool:
    """Get the lease of an upload that was found expired, to clean up.

    :returns: False, when it is not as it was read any more.
    """
    unchanged = _RENEW.where(Upload.heartbeat_at.is_not_distinct_from(
        sa.bindparam('of_heartbeat', type_=models.PreciseTime)))
    return _change(unchanged, upload, {'worker': worker},
                   of_heartbeat=upload.heartbeat_at)


def stale_creating(age: float) -> list[Upload]:
    """Uploads that have been being created for so many seconds.

    By the database's clock: ``created_at`` is by that of the API's machine.
    """
    horizon = clock.read() - datetime.timedelta(seconds=age)
    return _all(sa.select(Upload).where(
        Upload.status == UploadStatus.CREATING,
        sa.func.coalesce(Upload.heartbeat_at, Upload.created_at) <= horizon))


def count_waiting(project_id: str) -> int:
    """How many uploads of a project are not begun yet."""
    query = sa.select(sa.func.count()).select_from(Upload).where(
        Upload.status.in_((UploadStatus.CREATING, UploadStatus.QUEUED)),
        Upload.project_id == project_id)
    with session.reader() as reading:
        return reading.scalar(query) or 0


def _all(query: sa.Select[tuple[Upload]]) -> list[Upload]:
    with session.reader() as reading:
        return list(reading.scalars(
            query.order_by(Upload.created_at, Upload.id)))


@session.retried
def _change(statement: sa.Update, upload: Upload, values: dict[str, Any],
            **criteria: Any) -> bool:
    """Change the row, and then ``upload``, if it is as it was read."""
    with session.connection() as writing:
        changed = session.count_changed(writing, statement, {
            **_of(upload), **criteria, **values})
    if changed:
        upload.update(values)
    return changed == 1


def _of(upload: Upload) -> dict[str, Any]:
    return {'of_id': upload.id, 'coming_from': upload.status,
            'of_worker': upload.worker, 'of_attempt': upload.attempt}
