# SPDX-License-Identifier: Apache-2.0
"""Limits and quotas: what a project may have, and what it has.

Nothing limits the volumes of a project here, which is -1; what this service
does not make is limited to none, so that dashboards do not offer it.
"""

from collections.abc import Mapping
from typing import Any

from volupload.api import microversion
from volupload.api import schemas
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas.volumes import MAX_SIZE_GB
from volupload.policies import service as policies

UNLIMITED = -1

QUOTAS: Mapping[str, int] = {
    'volumes': UNLIMITED,
    'gigabytes': UNLIMITED,
    'per_volume_gigabytes': MAX_SIZE_GB,
    'snapshots': 0,
    'backups': 0,
    'backup_gigabytes': 0,
    'groups': 0,
}

_LIMITS: Mapping[str, tuple[str, str]] = {
    'volumes': ('maxTotalVolumes', 'totalVolumesUsed'),
    'gigabytes': ('maxTotalVolumeGigabytes', 'totalGigabytesUsed'),
    'snapshots': ('maxTotalSnapshots', 'totalSnapshotsUsed'),
    'backups': ('maxTotalBackups', 'totalBackupsUsed'),
    'backup_gigabytes': ('maxTotalBackupGigabytes',
                         'totalBackupGigabytesUsed'),
}


def limits(request: Request) -> Response:
    """Those of the caller's project, or of any for an admin.

    No rate is limited.
    """
    absolute = {limit: QUOTAS[name] for name, (limit, _) in _LIMITS.items()}
    if request.context.can(policies.USED_LIMITS):
        used = request.volume_api.get_usage(
            request.context, _project(request))
        absolute |= {name: used.get(quota, 0)
                     for quota, (_, name) in _LIMITS.items()}
    return Response(200, {'limits': {'rate': [], 'absolute': absolute}})


def _project(request: Request) -> str:
    own = request.context.project_id or ''
    if (request.version < microversion.LIMITS_PROJECT
            or not request.context.is_admin):
        return own
    query = request.query
    project = query.get('project_id', query.get('tenant_id', own))
    schemas.check_characters('project_id', project)
    return project


def show(request: Request, project: str) -> Response:
    """Those of any project, with ``?usage=true`` also what it uses."""
    usage = schemas.boolean('usage', request.query.get('usage', False))
    _authorize(request, project)
    quotas: Mapping[str, Any] = QUOTAS
    if usage:
        used = request.volume_api.get_usage(request.context, project)
        quotas = {name: {'limit': limit, 'in_use': used.get(name, 0),
                         'reserved': 0} for name, limit in QUOTAS.items()}
    return Response(200, {'quota_set': {**quotas, 'id': project}})


def defaults(request: Request, project: str) -> Response:
    _authorize(request, project)
    return Response(200, {'quota_set': {**QUOTAS, 'id': project}})


def _authorize(request: Request, project: str) -> None:
    schemas.check_characters('project', project)
    request.context.authorize(policies.GET_QUOTAS, {'project_id': project})
