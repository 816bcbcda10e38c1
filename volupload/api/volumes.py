# SPDX-License-Identifier: Apache-2.0
"""Volumes: create, list, show, update, delete.

Enough of Block Storage for a deployment of its own to have volumes that can
be uploaded, and for clients to find the one they mean.
"""

from collections.abc import Callable
from typing import Any

from volupload import exception
from volupload.api import listing
from volupload.api import microversion
from volupload.api import schemas
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import volume_filters
from volupload.api.schemas import volumes as schema
from volupload.api.views import volumes as view
from volupload.db import models
from volupload.policies import volumes as policies

View = Callable[[Request, models.Volume], dict[str, Any]]


def create(request: Request) -> Response:
    values = schema.create(request.body, request.version)
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
    """How many volumes, how large altogether, and what metadata they have.

    Of all volumes: as in Cinder, nothing is asked but whose.
    """
    request.context.authorize(policies.GET_ALL)
    count, size, metadata = request.volume_api.get_summary(
        request.context, all_projects=bool(request.context.is_admin)
        and listing.truth(request.query, 'all_tenants'))
    told: dict[str, Any] = {'total_count': count, 'total_size': size}
    if request.version >= microversion.SUMMARY_METADATA:
        told['metadata'] = metadata
    return Response(200, {'volume-summary': told})


def _list(request: Request, show_one: View) -> Response:
    wanted = listing.read(
        request, volume_filters.COLUMNS, volume_filters.filters(
            request.version, admin=bool(request.context.is_admin)),
        ignored=volume_filters.ignored(request.version))
    request.context.authorize(policies.GET_ALL)
    return listing.answer(request, 'volumes', wanted,
                          request.volume_api.get_all, show_one,
                          count=request.volume_api.count)


def show(request: Request, volume_id: str) -> Response:
    volume = find(request, volume_id)
    return Response(200, {'volume': view.detail(request, volume)})


def update(request: Request, volume_id: str) -> Response:
    changes = schema.update(request.body, request.version)
    volume = find(request, volume_id)
    request.context.authorize(policies.UPDATE, volume)
    volume = request.volume_api.update(request.context, volume, **changes)
    return Response(200, {'volume': view.changed(request, volume)})


def delete(request: Request, volume_id: str) -> Response:
    force = _is_forced(request)
    volume = find(request, volume_id, metadata=False)
    request.context.authorize(policies.DELETE, volume)
    if force:
        request.context.authorize(policies.FORCE_DELETE, volume)
    request.volume_api.delete(request.context, volume, force=force)
    return Response(202)


def _is_forced(request: Request) -> bool:
    if request.is_v3:
        # There are no snapshots that could go along.
        listing.truth(request.query, 'cascade')
    return (request.version >= microversion.FORCE_DELETE
            and listing.truth(request.query, 'force'))


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
