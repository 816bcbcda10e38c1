# SPDX-License-Identifier: Apache-2.0
"""Volume types and their extra specs.

Types that are not public are there for admins only. Other than in Cinder,
extra specs may be changed while volumes have the type: here they say how the
next upload is done, not where a volume lies.
"""

import dataclasses
from typing import Any

from volupload import exception
from volupload.api import listing
from volupload.api import microversion
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import volume_types as schema
from volupload.api.views import volume_types as view
from volupload.db import models
from volupload.policies import volume_types as policies


def index(request: Request) -> Response:
    is_admin = bool(request.context.is_admin)
    wanted = listing.read(
        request, schema.COLUMNS,
        schema.filters(request.version, admin=is_admin),
        strict=microversion.TYPE_FILTERS)
    request.context.authorize(policies.GET_ALL)
    others = {name: value for name, value in wanted.filters.items()
              if name != 'is_public'}
    seen = schema.visibility(request.query, admin=is_admin)
    wanted = dataclasses.replace(
        wanted, filters={**others, **seen},
        impossible=wanted.impossible or not _may_ask(request, wanted))
    return listing.answer(
        request, 'volume_types', wanted, request.volume_api.get_types,
        view.detail, links='volume_type_links')


def _may_ask(request: Request, wanted: listing.Listing) -> bool:
    """Whether all extra specs that are asked for may be seen.

    Otherwise there is no type with them for the one who asks.
    """
    return (request.context.can(policies.READ_SENSITIVE)
            or view.FOR_USERS.issuperset(
                wanted.filters.get('extra_specs', ())))


def show(request: Request, type_id: str) -> Response:
    """One of them, or the one that volumes get that are created without any.

    The latter has ``default`` in place of an id.
    """
    request.context.authorize(policies.GET)
    found = (request.volume_api.get_default_type(request.context)
             if type_id == 'default' else _find(request, type_id))
    return _answer(view.detail(request, found))


def create(request: Request) -> Response:
    values = schema.create(request.body, strict=request.is_v3)
    request.context.authorize(policies.CREATE)
    made = request.volume_api.create_type(request.context, **values)
    return _answer(view.created(request, made))


def update(request: Request, type_id: str) -> Response:
    changes = schema.update(request.body, strict=request.is_v3)
    request.context.authorize(policies.UPDATE)
    changed = request.volume_api.update_type(
        request.context, _find(request, type_id), **changes)
    return _answer(view.updated(request, changed))


def delete(request: Request, type_id: str) -> Response:
    request.context.authorize(policies.DELETE)
    request.volume_api.delete_type(request.context, _find(request, type_id))
    return Response(202)


def list_extra_specs(request: Request, type_id: str) -> Response:
    request.context.authorize(policies.GET_EXTRA_SPECS)
    specs = view.extra_specs(request, _find(request, type_id))
    return Response(200, {'extra_specs': specs})


def show_extra_spec(request: Request, type_id: str, key: str) -> Response:
    request.context.authorize(policies.GET_EXTRA_SPEC)
    specs = view.extra_specs(request, _find(request, type_id))
    if key not in specs:
        raise exception.ExtraSpecNotFound(type_id=type_id, key=key)
    return Response(200, {key: specs[key]})


def create_extra_specs(request: Request, type_id: str) -> Response:
    specs = schema.extra_specs(request.body, strict=request.is_v3)
    request.context.authorize(policies.CREATE_EXTRA_SPECS)
    request.volume_api.set_extra_specs(
        request.context, _find(request, type_id), specs)
    return Response(200, {'extra_specs': specs})


def update_extra_spec(request: Request, type_id: str, key: str) -> Response:
    specs = schema.extra_spec(request.body, key, strict=request.is_v3)
    request.context.authorize(policies.UPDATE_EXTRA_SPEC)
    request.volume_api.set_extra_specs(
        request.context, _find(request, type_id), specs)
    return Response(200, specs)


def delete_extra_spec(request: Request, type_id: str, key: str) -> Response:
    request.context.authorize(policies.DELETE_EXTRA_SPEC)
    request.volume_api.delete_extra_spec(
        request.context, _find(request, type_id), key)
    return Response(202)


def _find(request: Request, type_id: str) -> models.VolumeType:
    return request.volume_api.get_type(request.context, type_id)


def _answer(shown: dict[str, Any]) -> Response:
    return Response(200, {'volume_type': shown})
