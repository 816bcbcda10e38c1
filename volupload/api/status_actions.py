# SPDX-License-Identifier: Apache-2.0
"""Actions on a volume around a server, and those of administrators.

Nova and those who do its work reserve, attach and detach; administrators put
right what went wrong. What comes with an action that has no arguments is not
looked at, as in Cinder.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from volupload.api import volumes
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import status_actions as schema
from volupload.db import models
from volupload.policies import status_actions as policies


def reserve(request: Request, volume_id: str) -> Response:
    volume = _find(request, volume_id, policies.RESERVE)
    request.volume_api.reserve(request.context, volume)
    return Response(202)


def unreserve(request: Request, volume_id: str) -> Response:
    volume = _find(request, volume_id, policies.UNRESERVE)
    request.volume_api.unreserve(request.context, volume)
    return Response(202)


def begin_detaching(request: Request, volume_id: str) -> Response:
    volume = _find(request, volume_id, policies.BEGIN_DETACHING)
    request.volume_api.begin_detaching(request.context, volume)
    return Response(202)


def roll_detaching(request: Request, volume_id: str) -> Response:
    volume = _find(request, volume_id, policies.ROLL_DETACHING)
    request.volume_api.roll_detaching(request.context, volume)
    return Response(202)


def attach(request: Request, volume_id: str) -> Response:
    arguments = schema.attach(request.body)
    volume = _find(request, volume_id, policies.ATTACH)
    request.volume_api.attach(request.context, volume, **arguments)
    return Response(202)


def detach(request: Request, volume_id: str) -> Response:
    arguments = schema.detach(request.body)
    volume = _find(request, volume_id, policies.DETACH)
    request.volume_api.detach(request.context, volume, **arguments)
    return Response(202)


def reset_status(request: Request, volume_id: str) -> Response:
    arguments = schema.reset(request.body)
    volume = _find(request, volume_id, policies.RESET_STATUS)
    request.volume_api.reset_status(request.context, volume, **arguments)
    return Response(202)


def force_delete(request: Request, volume_id: str) -> Response:
    volume = _find(request, volume_id, policies.FORCE_DELETE)
    request.volume_api.delete(request.context, volume, force=True)
    return Response(202)


def set_bootable(request: Request, volume_id: str) -> Response:
    arguments = schema.BOOTABLE.parse(request.body)
    volume = _find(request, volume_id, policies.SET_BOOTABLE)
    request.volume_api.set_bootable(request.context, volume, **arguments)
    return Response(200)


def set_readonly(request: Request, volume_id: str) -> Response:
    arguments = schema.READONLY.parse(request.body)
    volume = _find(request, volume_id, policies.SET_READONLY)
    request.volume_api.set_readonly(request.context, volume, **arguments)
    return Response(202)


def _find(request: Request, volume_id: str, rule: str) -> models.Volume:
    volume = volumes.find(request, volume_id, metadata=False)
    request.context.authorize(rule, volume)
    return volume


ACTIONS: Mapping[str, Callable[..., Any]] = {
    'os-reserve': reserve,
    'os-unreserve': unreserve,
    'os-begin_detaching': begin_detaching,
    'os-roll_detaching': roll_detaching,
    'os-attach': attach,
    'os-detach': detach,
    'os-reset_status': reset_status,
    'os-force_delete': force_delete,
    'os-set_bootable': set_bootable,
    'os-update_readonly_flag': set_readonly,
}
