# SPDX-License-Identifier: Apache-2.0
"""What the service says of itself: its programs, zones and extensions."""

from collections.abc import Mapping
from typing import Any

from volupload import exception
from volupload.api import microversion
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.views.volumes import timestamp
from volupload.policies import service as policies
from volupload.volume.api import DEFAULT_ZONE
from volupload.volume.catalogue import Program

# By alias: name and description. The names and aliases are Cinder's, where
# clients look some of them up; there is what is here.
EXTENSIONS: Mapping[str, tuple[str, str]] = {
    'os-admin-actions': (
        'AdminActions', 'What administrators put right.'),
    'os-availability-zone': (
        'AvailabilityZones', 'The zones that volumes can be in.'),
    'os-quota-sets': ('Quotas', 'What a project may have, and what it has.'),
    'os-services': ('Services', 'The programs of the service.'),
    'os-types-extra-specs': (
        'TypesExtraSpecs', 'Key and value pairs of volume types.'),
    'os-types-manage': (
        'TypesManage', 'Volume types that administrators make and delete.'),
    'os-used-limits': ('UsedLimits', 'How much of its limits is used.'),
    'os-vol-host-attr': (
        'VolumeHostAttribute', 'The host of a volume, for administrators.'),
    'os-vol-image-meta': (
        'VolumeImageMetadata', 'What images say that are made from a volume.'),
    'os-vol-mig-status-attr': (
        'VolumeMigStatusAttribute',
        'The migration of a volume, for administrators: there is none.'),
    'os-vol-tenant-attr': (
        'VolumeTenantAttribute', 'The project that a volume belongs to.'),
    'os-volume-actions': (
        'VolumeActions', 'What is done to a volume, as its upload.'),
}
# Clients want a time here; nothing depends on it.
_UPDATED = '2026-11-01T00:00:00+00:00'


def index(request: Request) -> Response:
    """The volume managers, and whether they live."""
    request.context.authorize(policies.GET_SERVICES)
    found = request.volume_api.get_services(
        request.context, host=request.query.get('host'),
        binary=request.query.get('binary'))
    return Response(200, {'services': [
        _service(request, one) for one in found]})


def zones(request: Request) -> Response:
    """One, which is every volume's."""
    return Response(200, {'availabilityZoneInfo': [
        {'zoneName': DEFAULT_ZONE, 'zoneState': {'available': True}}]})


def extensions(request: Request) -> Response:
    return Response(200, {'extensions': [
        _extension(alias) for alias in EXTENSIONS]})


def extension(request: Request, alias: str) -> Response:
    if alias not in EXTENSIONS:
        raise exception.RouteNotFound()
    return Response(200, {'extension': _extension(alias)})


def _service(request: Request, program: Program) -> dict[str, Any]:
    state = 'up' if program.is_up else 'down'
    view = {'binary': program.binary, 'host': program.host,
            'zone': DEFAULT_ZONE, 'status': 'enabled', 'state': state,
            'updated_at': timestamp(program.seen_at),
            'disabled_reason': None}
    if request.version >= microversion.CLUSTER:
        view['cluster'] = None
    if request.version >= microversion.BACKEND_STATE:
        view['backend_state'] = state
    return view


def _extension(alias: str) -> dict[str, Any]:
    name, description = EXTENSIONS[alias]
    return {'name': name, 'alias': alias, 'description': description,
            'updated': _UPDATED, 'links': []}
