# SPDX-License-Identifier: Apache-2.0
"""The service layer: what can be done, without any HTTP.

A controller parses, asks the policy and calls in here; what is long work
stands in the database when a method returns, and a manager does it. Methods
take a volume that the caller has read with `get`, so that the policy was
asked about the very row that is then changed by compare-and-swap.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_utils import units
from oslo_utils import uuidutils

from volupload import exception
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import volumes
from volupload.volume import actions_api
from volupload.volume import catalogue
from volupload.volume import encryption
from volupload.volume import reach
from volupload.volume import upload_api
from volupload.volume.status import DELETABLE
from volupload.volume.status import FORCIBLY_DELETABLE
from volupload.volume.status import UPLOADABLE
from volupload.volume.status import VolumeStatus

DEFAULT_ZONE = 'nova'


class API(upload_api.UploadAPI, actions_api.ActionsAPI,
          catalogue.CatalogueAPI):
    """One object serves all threads of a process."""

    def create(self, context: RequestContext, *, size_gb: int,
               name: str | None = None, description: str | None = None,
               metadata: Mapping[str, str] | None = None,
               volume_type: str | None = None,
               availability_zone: str | None = None) -> models.Volume:
        """Write down a new volume; the first manager to see it makes it.

        :param volume_type: name or id; None for the default.
        :raises VolumeTypeNotFound: there is none of that name.
        :raises InvalidZone: there is none of that name.
        :raises InvalidField: nobody can tell whether the type is encrypted.
        """
        if availability_zone not in (None, DEFAULT_ZONE):
            raise exception.InvalidZone(zone=availability_zone)
        values: dict[str, Any] = {
            'id': uuidutils.generate_uuid(),
            'project_id': context.project_id, 'user_id': context.user_id,
            'name': name, 'description': description, 'size_gb': size_gb,
            'status': VolumeStatus.CREATING,
            'availability_zone': DEFAULT_ZONE}
        kind = self.find_type(context, volume_type)
        if kind is not None:
            values |= {'volume_type_id': kind.id,
                       'encrypted': encryption.parse(kind.extra_specs)}
        volume = volumes.create(values, metadata or {})
        self.manager.create_volume(context, volume.id)
        return volume

    def get(self, context: RequestContext, volume_id: str, *,
            metadata: bool = True) -> models.Volume:
        """A volume of the caller's project; an admin gets anybody's.

        :param metadata: False when nobody will look at its metadata.
        :raises VolumeNotFound: it does not exist or is not for the caller.
        """
        if not reach.is_canonical(volume_id):
            raise exception.VolumeNotFound(volume_id=volume_id)
        return volumes.get(volume_id, project_id=reach.reach(context),
                           metadata=metadata)

    def get_all(self, context: RequestContext, *,
                filters: Mapping[str, Any] | None = None,
                sort: Sequence[tuple[str, str]] = (('created_at', 'desc'),),
                limit: int | None = None, marker: str | None = None,
                offset: int = 0,
                all_projects: bool = False) -> list[models.Volume]:
        """A page of volumes; `all_projects` counts for admins only.

        :raises VolumeNotFound: the marker is none of theirs.
        """
        return volumes.get_all(
            project_id=reach.scope(context, all_projects),
            filters=filters or {}, sort=sort, limit=limit, marker=marker,
            offset=offset)

    def count(self, context: RequestContext, *, filters: Mapping[str, Any],
              all_projects: bool = False) -> int:
        """How many `get_all` would find, without limit and marker."""
        return volumes.summary(reach.scope(context, all_projects),
                               filters)[0]

    def get_summary(self, context: RequestContext, *,
                    all_projects: bool = False,
                    ) -> tuple[int, int, dict[str, list[str]]]:
        """Number of volumes, their GiB, and the values of their metadata."""
        project_id = reach.scope(context, all_projects)
        return (*volumes.summary(project_id, {}),
                volumes.distinct_metadata(project_id))

    def update(self, context: RequestContext, volume: models.Volume, *,
               metadata: Mapping[str, str] | None = None,
               **fields: str | None) -> models.Volume:
        """Change `name` and `description`; replace the metadata if given.

        :raises InvalidVolume: an administrator keeps others off.
        """
        actions_api.check_maintenance(volume)
        if not fields and metadata is None:
            return volume
        return volumes.update(volume.id, fields, metadata)

    def add_metadata(self, context: RequestContext, volume: models.Volume,
                     metadata: Mapping[str, str]) -> models.Volume:
        """Set these pairs and leave the others; returns the volume anew.

        :raises VolumeNotFound: it was deleted meanwhile.
        :raises InvalidVolume: an administrator keeps others off.
        """
        actions_api.check_maintenance(volume)
        volumes.add_metadata(volume.id, metadata)
        return volumes.get(volume.id)

    def delete_metadata(self, context: RequestContext, volume: models.Volume,
                        key: str) -> None:
        """:raises MetadataNotFound: there is no such pair.

        :raises InvalidVolume: an administrator keeps others off.
        """
        if key in volume.metadata_:
            actions_api.check_maintenance(volume)
        volumes.delete_metadata(volume.id, key)

    def delete(self, context: RequestContext, volume: models.Volume, *,
               force: bool = False) -> None:
        """
        :param force: whatever its status, unless it is really being used.
        :raises InvalidVolume: it is being used.
        """
        deletable = FORCIBLY_DELETABLE if force else DELETABLE
        if not volumes.transition(volume.id, deletable, VolumeStatus.DELETING):
            wanted = ' or '.join(sorted(deletable))
            raise exception.InvalidVolume(
                reason=f'Volume {volume.id} status must be {wanted} to be '
                       f'deleted, but is {volume.status}.')
        if volume.host is None:
            volumes.destroy(volume.id)   # no manager ever made it
        else:
            self.manager.delete_volume(context, volume.host, volume.id)

    def copy_volume_to_image(
            self, context: RequestContext, volume: models.Volume, *,
            image_name: str, disk_format: str, container_format: str,
            force: bool, visibility: str | None = None,
            protected: bool = False,
    ) -> tuple[models.Upload, dict[str, Any]]:
        """Begin an upload; see `beginnings` for what a failure undoes.

        :returns: the queued upload, and the image record as Glance answered.
            `volume` shows its new status.
        :raises InvalidVolume: its status forbids it, or it is encrypted and
            not wanted as it is.
        :raises QueueFull: as many of the project as may wait do so.
        :raises ImageRefused: Glance does not want such an image.
        :raises ImageServiceError: Glance cannot be spoken to.
        """
        encryption.check_upload(volume, disk_format, container_format)
        _check_uploadable(volume, force)
        # Of the other formats only the end tells the length.
        self.images.check_quota(context, volume.size_gb * units.Gi
                                if disk_format == 'raw' else None)
        try:
            upload, image = self.beginnings.begin(
                context, volume, image_name=image_name,
                disk_format=disk_format, container_format=container_format,
                visibility=visibility, protected=protected)
        except exception.StatusConflict:
            _refuse_status(volumes.get(volume.id, metadata=False), UPLOADABLE)
            raise
        self.announce(context, upload)
        return upload, image


def _check_uploadable(volume: models.Volume, force: bool) -> None:
    _refuse_status(volume, UPLOADABLE)
    if volume.status != VolumeStatus.IN_USE:
        return
    if not force:
        raise exception.InvalidVolume(
            reason=f'Volume {volume.id} is in-use, and force was not given.')
    if not CONF.upload.enable_force_upload:
        raise exception.InvalidVolume(
            reason=f'Volume {volume.id} is in-use, and this cloud does not '
                   'allow force (enable_force_upload is off).')


def _refuse_status(volume: models.Volume,
                   wanted: frozenset[VolumeStatus]) -> None:
    if volume.status not in wanted:
        names = ' or '.join(sorted(wanted))
        raise exception.InvalidVolume(
            reason=f'Volume {volume.id} status must be {names}, but is '
                   f'{volume.status}.')
