# SPDX-License-Identifier: Apache-2.0
"""Statements on uploads; those that move a volume's status move it too.

Volume and upload change together in one transaction, so no crash leaves a
volume `uploading` without an upload that says why. What happens to an upload
between its beginning and its end is in `queue`.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any

import sqlalchemy as sa

from volupload import exception
from volupload.db import clock
from volupload.db import messages
from volupload.db import models
from volupload.db import paging
from volupload.db import session
from volupload.db.models import Upload
from volupload.db.models import Volume
from volupload.volume.status import FINISHED
from volupload.volume.status import UPLOAD_TRANSITIONS
from volupload.volume.status import UPLOADABLE
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus

# Made once, see volumes. What is set is what the parameters name besides.
_INSERT = sa.insert(Upload).values(heartbeat_at=clock.utc_now())
_MOVE = sa.update(Upload).where(
    Upload.id == sa.bindparam('moved_id'),
    Upload.status == sa.bindparam('coming_from'))
# With the lease: what an earlier worker wants changes nothing.
_END = _MOVE.where(
    Upload.worker.is_not_distinct_from(sa.bindparam('of_worker')),
    Upload.attempt == sa.bindparam('of_attempt'))
# MySQL evaluates SET from left to right: the old status is saved first.
_TAKE_VOLUME = sa.update(Volume).where(
    Volume.id == sa.bindparam('volume_id'),
    Volume.status == sa.bindparam('as_read'),
).ordered_values(
    (Volume.previous_status, Volume.status),
    (Volume.status, sa.bindparam('to')),
    (Volume.updated_at, sa.bindparam('now')))


@session.retried
def create(volume: Volume, values: Mapping[str, Any]) -> Upload:
    """Take the volume and write the upload, both or neither.

    :param volume: as it was read; it must still have that status. On return
        it shows its new status and time of change.
    :raises StatusConflict: somebody else has moved the volume meanwhile.
    """
    now = models.utcnow()
    row = {'volume_id': volume.id, 'host': volume.host, 'protected': False,
           'size_gb': volume.size_gb, 'previous_status': volume.status,
           'status': UploadStatus.CREATING, 'attempt': 0, 'bytes_read': 0,
           'bytes_sent': 0, 'created_at': models.precise_now(), **values}
    with session.connection() as writing:
        if not session.count_changed(writing, _TAKE_VOLUME, {
                'volume_id': volume.id, 'as_read': volume.status,
                'to': VolumeStatus.UPLOADING, 'now': now}):
            raise exception.StatusConflict(resource='Volume', id=volume.id)
        writing.execute(_INSERT, row)
    volume.previous_status = volume.status
    volume.status = VolumeStatus.UPLOADING
    volume.updated_at = now
    return Upload(**row)


def get(upload_id: str, project_id: str | None = None) -> Upload:
    """
    :param project_id: whose it must be; None: anybody's.
    :raises UploadNotFound: there is none such.
    """
    query = _of_project(sa.select(Upload).where(Upload.id == upload_id),
                        project_id)
    with session.reader() as reading:
        upload: Upload | None = reading.scalars(query).first()
    if upload is None:
        raise exception.UploadNotFound(upload_id=upload_id)
    return upload


def get_all(project_id: str | None, *,
            filters: Mapping[str, Any] | None = None,
            sort: Sequence[tuple[str, str]] = (('created_at', 'desc'),),
            limit: int | None = None, marker: str | None = None,
            offset: int = 0) -> list[Upload]:
    """A page of uploads; see `paging` for the order.

    :param project_id: None: everybody's.
    :param filters: column names to values, or to collections of them.
    :raises UploadNotFound: when `marker` is none of theirs.
    """
    keys = paging.keys(Upload.__table__, sort, session.engine().dialect.name)
    query = _of_project(sa.select(Upload), project_id)
    for name, wanted in (filters or {}).items():
        column = getattr(Upload, name)
        query = query.where(
            column == wanted if isinstance(wanted, str | int)
            else column.in_(wanted))
    last = get(marker, project_id) if marker else None
    query = paging.page(query, keys, last, limit, offset)
    with session.reader() as reading:
        return list(reading.scalars(query))


def _of_project(query: sa.Select[Any],
                project_id: str | None) -> sa.Select[Any]:
    if project_id is None:
        return query
    return query.where(Upload.project_id == project_id)


def get_by_volume(volume_id: str) -> list[Upload]:
    """Every upload of a volume, the newest first."""
    query = sa.select(Upload).where(Upload.volume_id == volume_id).order_by(
        Upload.created_at.desc())
    with session.reader() as reading:
        return list(reading.scalars(query))


@session.retried
def transition(upload_id: str, coming_from: UploadStatus, to: UploadStatus,
               **values: Any) -> bool:
    """Move the status by compare-and-swap; False when it was another."""
    with session.connection() as writing:
        return _transition(writing, upload_id, coming_from, to, values)


@session.retried
def settle(upload: Upload, to: UploadStatus, reason: str | None = None,
           **values: Any) -> bool:
    """End an upload and give the volume its earlier status, at once.

    A failure also leaves a message for the user.

    :param upload: as it was read; it must still have that status, worker and
        attempt.
    :returns: False, with nothing changed, when it had others.
    """
    with session.connection() as writing:
        settled = _move(writing, _END, upload.id, upload.status, to, {
            'of_worker': upload.worker, 'of_attempt': upload.attempt,
            'phase': None, 'rate': None, 'not_before': None,
            'reason': reason, 'finished_at': models.utcnow(), **values})
        if settled:
            _give_back_volume(writing, upload)
            if to == UploadStatus.FAILED:
                messages.insert(writing, upload, reason or '')
    return settled


@session.retried
def restart(upload: Upload, image_id: str) -> Upload:
    """Begin a failed upload anew, with a new image; the volume is taken.

    :raises StatusConflict: the upload has not failed, or the volume is not
        there to be uploaded.
    """
    volume = sa.select(Volume.status, Volume.host).where(
        Volume.id == upload.volume_id)
    with session.reader() as reading:
        found = reading.execute(volume).first()
    if found is None or found.status not in UPLOADABLE:
        raise exception.StatusConflict(resource='Volume', id=upload.volume_id)
    anew = {'image_id': image_id, 'host': found.host,
            'previous_status': found.status, 'attempt': 0, 'worker': None,
            'heartbeat_at': clock.read(), 'reason': None, 'image_size': None,
            'bytes_read': 0, 'bytes_sent': 0, 'started_at': None,
            'finished_at': None, 'created_at': models.precise_now()}
    with session.connection() as writing:
        if not session.count_changed(writing, _TAKE_VOLUME, {
                'volume_id': upload.volume_id, 'as_read': found.status,
                'to': VolumeStatus.UPLOADING, 'now': models.utcnow()}):
            raise exception.StatusConflict(
                resource='Volume', id=upload.volume_id)
        if not _transition(writing, upload.id, UploadStatus.FAILED,
                           UploadStatus.CREATING, anew):
            raise exception.StatusConflict(resource='Upload', id=upload.id)
    return get(upload.id)


@session.retried
def purge(before: datetime.datetime, limit: int) -> int:
    """Remove uploads that were finished before; the number of them."""
    with session.reader() as reading:
        old = list(reading.scalars(
            sa.select(Upload.id).where(
                Upload.finished_at < before, Upload.status.in_(FINISHED))
            .order_by(Upload.finished_at).limit(limit)))
    if not old:
        return 0
    with session.connection() as writing:
        return session.count_changed(writing, sa.delete(Upload).where(
            Upload.id.in_(old), Upload.status.in_(FINISHED)))


@session.retried
def undo(upload: Upload) -> None:
    """Remove an upload that never came to have an image.

    If somebody has ended it meanwhile it stays, and so does the volume,
    which may be another upload's by now.
    """
    with session.connection() as writing:
        if session.count_changed(writing, sa.delete(Upload).where(
                Upload.id == upload.id,
                Upload.status == UploadStatus.CREATING)):
            _give_back_volume(writing, upload)


def _give_back_volume(writing: sa.Connection, upload: Upload) -> None:
    session.count_changed(writing, sa.update(Volume).where(
        Volume.id == upload.volume_id,
        Volume.status == VolumeStatus.UPLOADING,
    ).values(status=upload.previous_status, updated_at=models.utcnow()))


def _transition(writing: sa.Connection, upload_id: str,
                coming_from: UploadStatus, to: UploadStatus,
                values: Mapping[str, Any]) -> bool:
    return _move(writing, _MOVE, upload_id, coming_from, to, values)


def _move(writing: sa.Connection, statement: sa.Update, upload_id: str,
          coming_from: str, to: UploadStatus,
          values: Mapping[str, Any]) -> bool:
    if to not in UPLOAD_TRANSITIONS[UploadStatus(coming_from)]:
        raise ValueError(f'An upload cannot go from {coming_from} to {to}')
    return session.count_changed(writing, statement, {
        'moved_id': upload_id, 'coming_from': coming_from, 'status': to,
        **values}) == 1
