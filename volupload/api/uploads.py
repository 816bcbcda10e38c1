# SPDX-License-Identifier: Apache-2.0
"""Uploads: list, show, cancel; and for admins, have one done again.

They are begun by an action on a volume, see `volume_actions`. ``DELETE`` is
the wish that an upload ends: its row stays, and says how it ended.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from volupload import exception
from volupload.api import listing
from volupload.api import schemas
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.views import uploads as view
from volupload.db import models
from volupload.policies import uploads as policies
from volupload.volume.status import UploadStatus

_text = schemas.text()
_status = schemas.one_of(UploadStatus)


def _statuses(name: str, value: Any) -> list[str]:
    """One status or several, with commas between them."""
    return [_status(name, one.strip()) for one in value.split(',')]


COLUMNS = {
    **{name: name for name in (
        'id', 'status', 'volume_id', 'image_id', 'image_name', 'created_at',
        'started_at', 'finished_at')},
    'size': 'size_gb',
}
FILTERS = {
    'status': ('status', _statuses),
    **{name: (name, _text) for name in (
        'volume_id', 'image_id', 'image_name', 'disk_format', 'project_id',
        'user_id', 'request_id')},
}


def index(request: Request) -> Response:
    wanted = listing.read(request, COLUMNS, FILTERS)
    request.context.authorize(policies.GET_ALL)
    return listing.answer(request, 'uploads', wanted,
                          request.volume_api.get_uploads, view.detail)


def show(request: Request, upload_id: str) -> Response:
    upload = _find(request, upload_id)
    return Response(200, {'upload': view.detail(request, upload)})


def cancel(request: Request, upload_id: str) -> Response:
    upload = _find(request, upload_id)
    request.context.authorize(policies.CANCEL, upload)
    request.volume_api.cancel_upload(request.context, upload)
    return Response(202)


def requeue(request: Request, upload_id: str) -> Response:
    if request.body not in (None, {}):
        raise schemas.refuse('requeue', request.body, 'It must be null.')
    upload = _find(request, upload_id)
    request.context.authorize(policies.REQUEUE, upload)
    upload = request.volume_api.requeue_upload(request.context, upload)
    return Response(202, {'upload': view.detail(request, upload)})


ACTIONS: Mapping[str, Callable[..., Response]] = {'requeue': requeue}


def _find(request: Request, upload_id: str) -> models.Upload:
    """:raises UploadNotFound: also when the policy hides it."""
    upload = request.volume_api.get_upload(request.context, upload_id)
    if not request.context.can(policies.GET, upload):
        raise exception.UploadNotFound(upload_id=upload_id)
    return upload
