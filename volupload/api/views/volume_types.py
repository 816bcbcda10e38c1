# SPDX-License-Identifier: Apache-2.0
"""A volume type, as clients see it."""

from typing import Any

from volupload.api.request import Request
from volupload.db import models
from volupload.policies import volume_types as policies

# What tells users what they can do with a volume; the names are Cinder's.
FOR_USERS = frozenset({
    'RESKEY:availability_zones', 'multiattach', 'replication_enabled'})


def detail(request: Request, row: models.VolumeType) -> dict[str, Any]:
    """All of a type, as lists and GET show it."""
    view = updated(request, row)
    if request.context.can(policies.SHOW_QOS_SPECS):
        view['qos_specs_id'] = None
    view['os-volume-type-access:is_public'] = row.is_public
    return view


def created(request: Request, row: models.VolumeType) -> dict[str, Any]:
    """What POST answers with."""
    return {**updated(request, row),
            'os-volume-type-access:is_public': row.is_public}


def updated(request: Request, row: models.VolumeType) -> dict[str, Any]:
    """What PUT answers with."""
    view: dict[str, Any] = {
        'id': row.id, 'name': row.name, 'is_public': row.is_public,
        'description': row.description}
    if request.context.can(policies.SHOW_EXTRA_SPECS):
        view['extra_specs'] = extra_specs(request, row)
    return view


def extra_specs(request: Request,
                row: models.VolumeType) -> dict[str, str | None]:
    """Those that the caller may see."""
    if request.context.can(policies.READ_SENSITIVE):
        return row.extra_specs
    return {key: value for key, value in row.extra_specs.items()
            if key in FOR_USERS}
