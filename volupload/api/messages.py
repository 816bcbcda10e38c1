# SPDX-License-Identifier: Apache-2.0
"""Messages: why something failed after its request had been accepted.

As in Cinder from 3.3 on. Lists have pages here in all versions that have
messages, where Cinder has them since 3.5.
"""

from volupload import exception
from volupload.api import listing
from volupload.api import schemas
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.views import messages as view
from volupload.db import models
from volupload.policies import messages as policies

_text = schemas.text()

COLUMNS = {name: name for name in (
    'id', 'created_at', 'event_id', 'message_level', 'request_id',
    'resource_type', 'resource_uuid')}
FILTERS = {name: (name, _text) for name in (
    'event_id', 'message_level', 'request_id', 'resource_type',
    'resource_uuid')}


def index(request: Request) -> Response:
    wanted = listing.read(request, COLUMNS, FILTERS)
    request.context.authorize(policies.GET_ALL)
    return listing.answer(request, 'messages', wanted,
                          request.volume_api.get_messages, view.detail)


def show(request: Request, message_id: str) -> Response:
    message = _find(request, message_id)
    return Response(200, {'message': view.detail(request, message)})


def delete(request: Request, message_id: str) -> Response:
    message = _find(request, message_id)
    request.context.authorize(policies.DELETE, message)
    request.volume_api.delete_message(request.context, message)
    return Response(204)


def _find(request: Request, message_id: str) -> models.Message:
    """:raises MessageNotFound: also when the policy hides it."""
    message = request.volume_api.get_message(request.context, message_id)
    if not request.context.can(policies.GET, message):
        raise exception.MessageNotFound(message_id=message_id)
    return message
