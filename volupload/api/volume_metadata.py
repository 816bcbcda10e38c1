# SPDX-License-Identifier: Apache-2.0
"""Metadata of a volume: all of it, or one pair.

It can be changed also while the volume uploads: Packer, for one, writes its
own then. Only in ``maintenance`` an administrator keeps others off.
"""

import hashlib
import json

from volupload import exception
from volupload.api import microversion
from volupload.api import volumes
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import volume_metadata as schema
from volupload.db import models
from volupload.policies import volumes as policies


def index(request: Request, volume_id: str) -> Response:
    volume = _find(request, volume_id, policies.GET_METADATA)
    headers = (('ETag', f'"{_tag(volume)}"'),)
    return Response(200, {'metadata': volume.metadata_},
                    headers if request.version >= microversion.ETAG else ())


def create(request: Request, volume_id: str) -> Response:
    """Add to what there is; a key that is there gets the new value."""
    metadata = schema.metadata(request.body, strict=request.is_v3)
    volume = _find(request, volume_id, policies.CREATE_METADATA)
    volume = request.volume_api.add_metadata(
        request.context, volume, metadata)
    return Response(200, {'metadata': volume.metadata_})


def replace(request: Request, volume_id: str) -> Response:
    metadata = schema.metadata(request.body, strict=request.is_v3)
    volume = _find(request, volume_id, policies.UPDATE_METADATA)
    _check_tag(request, volume)
    volume = request.volume_api.update(
        request.context, volume, metadata=metadata)
    return Response(200, {'metadata': volume.metadata_})


def show(request: Request, volume_id: str, key: str) -> Response:
    volume = _find(request, volume_id, policies.GET_METADATA)
    _check_key(volume, key)
    return Response(200, {'meta': {key: volume.metadata_[key]}})


def update(request: Request, volume_id: str, key: str) -> Response:
    meta = schema.meta(request.body, key, strict=request.is_v3)
    volume = _find(request, volume_id, policies.UPDATE_METADATA)
    _check_tag(request, volume)
    request.volume_api.add_metadata(request.context, volume, meta)
    return Response(200, {'meta': meta})


def delete(request: Request, volume_id: str, key: str) -> Response:
    volume = _find(request, volume_id, policies.DELETE_METADATA)
    _check_tag(request, volume)
    # Not all that a URL can say can be asked of a database.
    _check_key(volume, key)
    request.volume_api.delete_metadata(request.context, volume, key)
    return Response(200)


def _tag(volume: models.Volume) -> str:
    """The same for the same pairs, in whatever order they are read."""
    pairs = json.dumps(volume.metadata_, sort_keys=True)
    return hashlib.sha256(pairs.encode()).hexdigest()


def _check_tag(request: Request, volume: models.Volume) -> None:
    """:raises PreconditionFailed: it is not as the caller has seen it."""
    wanted = request.environ.get('HTTP_IF_MATCH')
    if wanted is None or request.version < microversion.ETAG:
        return
    tags = {one.strip().strip('"') for one in wanted.split(',')}
    if not tags & {_tag(volume), '*'}:
        raise exception.PreconditionFailed(volume_id=volume.id)


def _check_key(volume: models.Volume, key: str) -> None:
    """:raises MetadataNotFound: there is no such pair."""
    if key not in volume.metadata_:
        raise exception.MetadataNotFound(volume_id=volume.id, key=key)


def _find(request: Request, volume_id: str, rule: str) -> models.Volume:
    volume = volumes.find(request, volume_id)
    request.context.authorize(rule, volume)
    return volume
