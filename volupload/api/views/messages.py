# SPDX-License-Identifier: Apache-2.0
"""A message to users, with the keys that Cinder's clients expect."""

from typing import Any

from volupload.api.request import Request
from volupload.api.views.volumes import links
from volupload.api.views.volumes import timestamp
from volupload.db import models


def detail(request: Request, message: models.Message) -> dict[str, Any]:
    return {
        'id': message.id,
        'event_id': message.event_id,
        'user_message': message.user_message,
        'message_level': message.message_level,
        'created_at': timestamp(message.created_at),
        'guaranteed_until': timestamp(message.expires_at),
        'request_id': message.request_id,
        'resource_type': message.resource_type,
        'resource_uuid': message.resource_uuid,
        'links': links(request, message.id, 'messages'),
    }
