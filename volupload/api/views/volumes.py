# SPDX-License-Identifier: Apache-2.0
"""A volume, and its upload, as clients see them."""

from collections.abc import Mapping
import datetime
from typing import Any

from volupload.api import microversion
from volupload.api.request import Request
from volupload.db import models
from volupload.policies import image_metadata as policies
from volupload.volume.status import VolumeStatus

# What Cinder calls otherwise when it shows it.
_STATUSES: Mapping[str, str] = {
    VolumeStatus.MANAGING: VolumeStatus.CREATING,
    VolumeStatus.ERROR_MANAGING: VolumeStatus.ERROR}


def timestamp(moment: datetime.datetime | None) -> str | None:
    """``2014-05-27T12:26:11.000000``: UTC, no zone, always microseconds."""
    if moment is None:
        return None
    return moment.isoformat(timespec='microseconds')


def links(request: Request, resource_id: str,
          collection: str = 'volumes') -> list[dict[str, str]]:
    """The URL with the version, and one without that stays true."""
    project = f'/{request.project_id}' if request.project_id else ''
    version = '/v3' if request.is_v3 else '/v2'
    tail = f'{project}/{collection}/{resource_id}'
    return [{'rel': 'self', 'href': f'{request.base_url}{version}{tail}'},
            {'rel': 'bookmark', 'href': f'{request.base_url}{tail}'}]


def summary(request: Request, volume: models.Volume) -> dict[str, Any]:
    return {'id': volume.id, 'name': volume.name,
            'links': links(request, volume.id)}


def detail(request: Request, volume: models.Volume) -> dict[str, Any]:
    """All of a volume, as lists and GET show it."""
    view = changed(request, volume)
    view['os-vol-tenant-attr:tenant_id'] = volume.project_id
    if request.context.is_admin:
        view |= {'os-vol-host-attr:host': _host(volume),
                 'os-vol-mig-status-attr:migstat': None,
                 'os-vol-mig-status-attr:name_id': None}
    if volume.image_metadata and request.context.can(policies.SHOW, volume):
        view['volume_image_metadata'] = volume.image_metadata
    return view


def changed(request: Request, volume: models.Volume) -> dict[str, Any]:
    """What POST and PUT answer with: Cinder's extensions add nothing there.

    Every key that clients expect; what is not done here is a constant.
    """
    view: dict[str, Any] = {
        'id': volume.id,
        'status': _STATUSES.get(volume.status, volume.status),
        'size': volume.size_gb,
        'availability_zone': volume.availability_zone,
        'created_at': timestamp(volume.created_at),
        'updated_at': timestamp(volume.updated_at),
        'name': volume.name,
        'description': volume.description,
        'volume_type': volume.volume_type and volume.volume_type.name,
        'snapshot_id': None,
        'source_volid': None,
        'metadata': _metadata(volume),
        'links': links(request, volume.id),
        'user_id': volume.user_id,
        'bootable': 'true' if volume.bootable else 'false',
        'encrypted': volume.encrypted,
        'replication_status': None,
        'consistencygroup_id': None,
        'multiattach': False,
        'attachments': _attachments(request, volume),
    }
    if request.context.is_admin:
        view['migration_status'] = None
    return view | _later(request, volume)


def _host(volume: models.Volume) -> str | None:
    """``host@backend#pool``, where a backend is one pool of its own name."""
    if volume.host is None:
        return None
    return f"{volume.host}#{volume.host.rpartition('@')[2]}"


def _metadata(volume: models.Volume) -> dict[str, str]:
    """Its own, and what Cinder tells in the same place."""
    metadata = volume.metadata_
    if volume.readonly is not None:
        metadata['readonly'] = str(volume.readonly)
    if volume.attachment:
        metadata['attached_mode'] = volume.attachment['mode']
    return metadata


def _attachments(request: Request,
                 volume: models.Volume) -> list[dict[str, Any]]:
    if volume.attachment is None:
        return []
    found = volume.attachment
    # Where servers run is not for everybody.
    told = request.context.is_admin or 'service' in request.context.roles
    at = datetime.datetime.fromisoformat(found['attached_at'])
    return [{
        'id': volume.id, 'attachment_id': found['attachment_id'],
        'volume_id': volume.id, 'server_id': found['server_id'],
        'host_name': found['host_name'] if told else None,
        'device': found['device'], 'attached_at': timestamp(at)}]


def _later(request: Request, volume: models.Volume) -> dict[str, Any]:
    """What microversions added; volumes here have little of it."""
    version = request.version
    view: dict[str, Any] = {}
    if version >= microversion.GROUP_ID:
        view['group_id'] = None
    if version >= microversion.PROVIDER_ID and request.context.is_admin:
        view['provider_id'] = None
    if version >= microversion.SHARED_TARGETS:
        view |= {'service_uuid': None, 'shared_targets': False}
    if version >= microversion.CLUSTER_NAME and request.context.is_admin:
        view['cluster_name'] = None
    if version >= microversion.TYPE_ID:
        view['volume_type_id'] = volume.volume_type_id
    if version >= microversion.CONSUMES_QUOTA:
        view['consumes_quota'] = True
    return view


def volume_type(row: models.VolumeType | None) -> dict[str, Any] | None:
    """The object that v3 shows beside an upload."""
    if row is None:
        return None
    return {
        'id': row.id, 'name': row.name, 'description': row.description,
        'is_public': row.is_public, 'extra_specs': row.extra_specs,
        'qos_specs_id': None, 'created_at': timestamp(row.created_at),
        'updated_at': timestamp(row.updated_at), 'deleted_at': None,
        'deleted': False,
    }


def upload(request: Request, volume: models.Volume, begun: models.Upload,
           image: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to an upload: ten keys, their order is the document's.

    v3 shows the volume type as an object, and how the image is seen.
    """
    kind = volume.volume_type
    view: dict[str, Any] = {
        'status': volume.status,
        'image_id': begun.image_id,
        'image_name': begun.image_name,
        'volume_type': kind and kind.name,
        'container_format': begun.container_format,
        'size': volume.size_gb,
        'disk_format': begun.disk_format,
        'id': volume.id,
        'display_description': volume.description,
        'updated_at': timestamp(volume.updated_at),
    }
    if request.is_v3:
        view |= {'volume_type': volume_type(kind),
                 'visibility': image.get('visibility'),
                 'protected': begun.protected}
    return {'os-volume_upload_image': view}
