# SPDX-License-Identifier: Apache-2.0
"""Volumes: create, list, show, update, delete.

Enough of Block Storage for a deployment of its own to have volumes that can
be uploaded, and for clients to find the one they mean.
"""

from collections.abc import Callable
import dataclasses
from typing import Any

from volupload import exception
from volupload.api import listing
from volupload.api import microversion
from volupload.api import schemas
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import volumes as schema
from volupload.api.views import volumes as view
from volupload.db import models
from volupload.policies import volumes as policies

View = Callable[[Request, models.Volume], dict[str, Any]]


def create(request: Request) -> Response:
    values = schema.create(request.body, strict=request.is_v3)
    request.context.authorize(policies.CREATE)
    if source := values.pop('source_volid'):
        find(request, source, metadata=False)
        raise schemas.refuse('source_volid', source, schema.UNSUPPORTED)
    volume = request.volume_api.create(request.context, **values)
    return Response(202, {'volume': view.changed(request, volume)})


def index(request: Request) -> Response:
    return _list(request, view.summary)


def detail(request: Request) -> Response:
    return _list(request, view.detail)


def summary(request: Request) -> Response:
    """How many volumes, how large altogether, and what metadata they have."""
    wanted = _read(request)
    request.context.authorize(policies.GET_ALL)
    count, size, metadata = (0, 0, {}) if wanted.limit == 0 else (
        request.volume_api.get_summary(
            request.context, filters=wanted.filters,
            all_projects=wanted.all_projects))
    told: dict[str, Any] = {'total_count': count, 'total_size': size}
    if request.version >= microversion.SUMMARY_METADATA:
        told['metadata'] = metadata
    return Response(200, {'volume-summary': told})


def _list(request: Request, show_one: View) -> Response:
    wanted = _read(request)
    request.context.authorize(policies.GET_ALL)
    return listing.answer(request, 'volumes', wanted,
                          request.volume_api.get_all, show_one,
                          count=request.volume_api.count)


def _read(request: Request) -> listing.Listing:
    """What is asked for; a limit of 0 where no volume can be."""
    wanted = listing.read(
        request, schema.COLUMNS, schema.filters(
            request.version, admin=bool(request.context.is_admin)))
    if schema.Matches.NONE in wanted.filters.values():
        return dataclasses.replace(wanted, limit=0, filters={'id': ''})
    return dataclasses.replace(wanted, filters={
        name: value for name, value in wanted.filters.items()
        if value is not schema.Matches.ALL})


def show(request: Request, volume_id: str) -> Response:
    volume = find(request, volume_id)
    return Response(200, {'volume': view.detail(request, volume)})


def update(request: Request, volume_id: str) -> Response:
    changes = schema.update(request.body, strict=request.is_v3)
    volume = find(request, volume_id)
    request.context.authorize(policies.UPDATE, volume)
    volume = request.volume_api.update(request.context, volume, **changes)
    return Response(200, {'volume': view.changed(request, volume)})


def delete(request: Request, volume_id: str) -> Response:
    volume = find(request, volume_id, metadata=False)
    request.context.authorize(policies.DELETE, volume)
    force = _is_forced(request)
    if force:
        request.context.authorize(policies.FORCE_DELETE, volume)
    request.volume_api.delete(request.context, volume, force=force)
    return Response(202)


def _is_forced(request: Request) -> bool:
    return request.version >= microversion.FORCE_DELETE and schemas.boolean(
        'force', request.query.get('force', False))


def find(request: Request, volume_id: str, *,
         metadata: bool = True) -> models.Volume:
    """The volume, if the caller may know of it.

    :raises VolumeNotFound: there is none; on v3 also when the policy hides
        it, so that nobody learns which ids exist.
    :raises PolicyNotAuthorized: on v2, whose document says 403.
    """
    volume = request.volume_api.get(request.context, volume_id,
                                    metadata=metadata)
    try:
        request.context.authorize(policies.GET, volume)
    except exception.PolicyNotAuthorized:
        if not request.is_v3:
            raise
        raise exception.VolumeNotFound(volume_id=volume_id) from None
    return volume
