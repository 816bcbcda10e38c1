# SPDX-License-Identifier: Apache-2.0
"""Actions on what the images are to say that are made from a volume.

``min_disk`` and ``min_ram`` are told to Glance as such, everything else as
properties; see `volupload.volume.image_properties` for what is left out.
"""

from collections.abc import Callable
from collections.abc import Mapping

from volupload.api import volumes
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import image_metadata as schema
from volupload.db import models
from volupload.policies import image_metadata as policies


def show(request: Request, volume_id: str) -> Response:
    volume = _find(request, volume_id, policies.SHOW)
    return Response(200, {'metadata': volume.image_metadata or {}})


def set_pairs(request: Request, volume_id: str) -> Response:
    metadata = schema.SET.parse(request.body)['metadata']
    volume = _find(request, volume_id, policies.SET)
    pairs = request.volume_api.set_image_metadata(
        request.context, volume, metadata)
    return Response(200, {'metadata': pairs})


def unset(request: Request, volume_id: str) -> Response:
    key = schema.UNSET.parse(request.body)['key']
    volume = _find(request, volume_id, policies.REMOVE)
    request.volume_api.unset_image_metadata(request.context, volume, key)
    return Response(200)


def _find(request: Request, volume_id: str, rule: str) -> models.Volume:
    volume = volumes.find(request, volume_id, metadata=False)
    request.context.authorize(rule, volume)
    return volume


ACTIONS: Mapping[str, Callable[..., Response]] = {
    'os-show_image_metadata': show,
    'os-set_image_metadata': set_pairs,
    'os-unset_image_metadata': unset,
}
