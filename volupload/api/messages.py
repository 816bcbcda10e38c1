# SPDX-License-Identifier: Apache-2.0
"""Messages: why something failed after its request had been accepted.

As in Cinder from 3.3 on, page by page from 3.5 on; before, a list is all that
there are, whatever else is asked for.
"""

from volupload import exception
from volupload.api import listing
from volupload.api import microversion
from volupload.api import schemas
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.views import messages as view
from volupload.db import models
from volupload.policies import messages as policies

_text = schemas.text()

_NAMES = ('event_id', 'message_level', 'request_id', 'resource_type',
          'resource_uuid')
COLUMNS = {**{name: name for name in ('id', 'created_at', *_NAMES)},
           'guaranteed_until': 'expires_at'}
_NEWEST_FIRST = [('created_at', 'desc')]


def filters(version: microversion.Version, *,
            admin: bool) -> dict[str, tuple[str, schemas.Parser]]:
    """What a list can be filtered by at that version."""
    names = (*_NAMES, 'id', 'project_id') if admin else _NAMES
    known = {name: (name, _text) for name in names}
    if version >= microversion.LIKE_FILTERS:
        known |= {f'{name}~': (f'{name}~', _text) for name in names}
    return known


def index(request: Request) -> Response:
    wanted = _read(request)
    request.context.authorize(policies.GET_ALL)
    return listing.answer(request, 'messages', wanted,
                          request.volume_api.get_messages, view.detail)


def _read(request: Request) -> listing.Listing:
    if request.version < microversion.MESSAGE_PAGES:
        return listing.Listing({}, _NEWEST_FIRST, limit=None)
    return listing.read(request, COLUMNS, filters(
        request.version, admin=bool(request.context.is_admin)))


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
