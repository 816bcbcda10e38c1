# SPDX-License-Identifier: Apache-2.0
"""Statements on uploads; those that move a volume's status move it too.

Volume and upload change together in one transaction, so no crash leaves a
volume `uploading` without an upload that says why.
"""

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from volupload import exception
from volupload.db import models
from volupload.db import session
from volupload.db.models import Upload
from volupload.db.models import Volume
from volupload.volume.status import UPLOAD_TRANSITIONS
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus

# Made once, see volumes. What is set is what the parameters name besides.
_INSERT = sa.insert(Upload)
_MOVE = sa.update(Upload).where(
    Upload.id == sa.bindparam('moved_id'),
    Upload.status == sa.bindparam('coming_from'))
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
           'previous_status': volume.status, 'status': UploadStatus.CREATING,
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


def get(upload_id: str) -> Upload:
    with session.reader() as reading:
        upload = reading.get(Upload, upload_id)
    if upload is None:
        raise exception.UploadNotFound(upload_id=upload_id)
    return upload


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


def claim_next(hosts: Collection[str], worker: str) -> Upload | None:
    """Make the oldest queued upload of these hosts the worker's own."""
    while (upload := _oldest_queued(hosts)) is not None:
        taken = {'worker': worker, 'started_at': models.utcnow()}
        if transition(upload.id, UploadStatus.QUEUED, UploadStatus.RUNNING,
                      **taken):
            upload.update({'status': UploadStatus.RUNNING, **taken})
            return upload
    return None


def _oldest_queued(hosts: Collection[str]) -> Upload | None:
    query = sa.select(Upload).where(
        Upload.status == UploadStatus.QUEUED, Upload.host.in_(hosts),
    ).order_by(Upload.created_at, Upload.id).limit(1)
    with session.reader() as reading:
        return reading.scalars(query).first()


def get_running(hosts: Collection[str]) -> list[Upload]:
    """Uploads of these hosts that somebody runs, or died while running."""
    query = sa.select(Upload).where(
        Upload.status == UploadStatus.RUNNING, Upload.host.in_(hosts))
    with session.reader() as reading:
        return list(reading.scalars(query))


@session.retried
def settle(upload: Upload, to: UploadStatus, reason: str | None = None,
           **values: Any) -> bool:
    """End an upload and give the volume its earlier status, at once.

    :param upload: as it was read; it must still have that status.
    :returns: False, with nothing changed, when it had another.
    """
    with session.connection() as writing:
        settled = _transition(
            writing, upload.id, UploadStatus(upload.status), to,
            {'reason': reason, 'finished_at': models.utcnow(), **values})
        if settled:
            _give_back_volume(writing, upload)
    return settled


@session.retried
def undo(upload: Upload) -> None:
    """Remove an upload that never came to have an image."""
    with session.connection() as writing:
        session.count_changed(
            writing, sa.delete(Upload).where(Upload.id == upload.id))
        _give_back_volume(writing, upload)


def _give_back_volume(writing: sa.Connection, upload: Upload) -> None:
    session.count_changed(writing, sa.update(Volume).where(
        Volume.id == upload.volume_id,
        Volume.status == VolumeStatus.UPLOADING,
    ).values(status=upload.previous_status, updated_at=models.utcnow()))


def _transition(writing: sa.Connection, upload_id: str,
                coming_from: UploadStatus, to: UploadStatus,
                values: Mapping[str, Any]) -> bool:
    if to not in UPLOAD_TRANSITIONS[coming_from]:
        raise ValueError(f'An upload cannot go from {coming_from} to {to}')
    return session.count_changed(writing, _MOVE, {
        'moved_id': upload_id, 'coming_from': coming_from, 'status': to,
        **values}) == 1
