# SPDX-License-Identifier: Apache-2.0
"""An upload as those see it who watch it."""

import datetime
from typing import Any

from volupload.api.request import Request
from volupload.api.views.volumes import links
from volupload.api.views.volumes import timestamp
from volupload.db import models
from volupload.volume.status import UploadStatus


def url(request: Request, upload_id: str) -> str:
    """Where the upload is shown."""
    return links(request, upload_id, 'uploads')[0]['href']


def detail(request: Request, upload: models.Upload) -> dict[str, Any]:
    """`size` is the volume's, in GiB; everything else is in bytes."""
    view: dict[str, Any] = {
        'id': upload.id,
        'status': upload.status,
        'phase': upload.phase,
        'reason': upload.reason,
        'volume_id': upload.volume_id,
        'size': upload.size_gb,
        'image_id': upload.image_id,
        'image_name': upload.image_name,
        'disk_format': upload.disk_format,
        'container_format': upload.container_format,
        'image_size': upload.image_size,
        'bytes_read': upload.bytes_read,
        'bytes_sent': upload.bytes_sent,
        'rate': upload.rate,
        'estimated_end': timestamp(estimated_end(upload, models.utcnow())),
        'attempt': upload.attempt,
        # Finer than the other two, for the sake of the queue.
        'created_at': timestamp(upload.created_at.replace(microsecond=0)),
        'started_at': timestamp(upload.started_at),
        'finished_at': timestamp(upload.finished_at),
        'project_id': upload.project_id,
        'user_id': upload.user_id,
        'request_id': upload.request_id,
        'links': links(request, upload.id, 'uploads'),
    }
    if request.context.is_admin:
        view |= {'host': upload.host, 'worker': upload.worker}
    return view


def estimated_end(upload: models.Upload,
                  now: datetime.datetime) -> datetime.datetime | None:
    """When the last byte is sent, if it goes on as it went of late.

    :returns: None when that cannot be told: it does not run, stands still,
        or the size of the image is known at its end only.
    """
    if (upload.status != UploadStatus.RUNNING or not upload.rate
            or upload.image_size is None):
        return None
    left = max(upload.image_size - upload.bytes_sent, 0)
    try:
        return now + datetime.timedelta(seconds=left // upload.rate)
    except OverflowError:
        return None   # not in the lifetime of the calendar
