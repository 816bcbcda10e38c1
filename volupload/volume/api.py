# SPDX-License-Identifier: Apache-2.0
"""The service layer: what can be done with volumes, without any HTTP.

A controller parses, asks the policy and calls in here; what is long work
stands in the database when a method returns, and a manager does it. Methods
take a volume that the caller has read with `get`, so that the policy was
asked about the very row that is then changed by compare-and-swap.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import logging
from typing import Any

from oslo_utils import units
from oslo_utils import uuidutils

from volupload import exception
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import uploads
from volupload.db import volumes
from volupload.image import glance
from volupload.volume import rpcapi
from volupload.volume.status import DELETABLE
from volupload.volume.status import UPLOADABLE
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus

LOG = logging.getLogger(__name__)

DEFAULT_ZONE = 'nova'


class API:
    """One object serves all threads of a process.

    :param images: the image service; a seam for tests.
    :param manager: how managers are woken; a seam for tests.
    """

    def __init__(self, images: glance.ImageService | None = None,
                 manager: rpcapi.VolumeAPI | None = None) -> None:
        self.images = images or glance.ImageService()
        self.manager = manager or rpcapi.VolumeAPI()

    def create(self, context: RequestContext, *, size_gb: int,
               name: str | None = None, description: str | None = None,
               metadata: Mapping[str, str] | None = None,
               volume_type: str | None = None,
               availability_zone: str | None = None) -> models.Volume:
        """Write down a new volume; the first manager to see it makes it.

        :param volume_type: name or id.
        :raises VolumeTypeNotFound: there is none of that name.
        """
        values: dict[str, Any] = {
            'id': uuidutils.generate_uuid(),
            'project_id': context.project_id, 'user_id': context.user_id,
            'name': name, 'description': description, 'size_gb': size_gb,
            'status': VolumeStatus.CREATING,
            'availability_zone': availability_zone or DEFAULT_ZONE}
        if volume_type is not None:
            values['volume_type_id'] = volumes.get_type(volume_type).id
        volume = volumes.create(values, metadata or {})
        self.manager.create_volume(context, volume.id)
        return volume

    def get(self, context: RequestContext, volume_id: str, *,
            metadata: bool = True) -> models.Volume:
        """A volume of the caller's project; an admin gets anybody's.

        :param metadata: False when nobody will look at its metadata.
        :raises VolumeNotFound: it does not exist or is not for the caller.
        """
        if not _is_canonical(volume_id):
            raise exception.VolumeNotFound(volume_id=volume_id)
        return volumes.get(volume_id, project_id=_reach(context),
                           metadata=metadata)

    def get_all(self, context: RequestContext, *,
                filters: Mapping[str, Any] | None = None,
                sort: Sequence[tuple[str, str]] = (('created_at', 'desc'),),
                limit: int | None = None, marker: str | None = None,
                offset: int = 0,
                all_projects: bool = False) -> list[models.Volume]:
        """A page of volumes; `all_projects` counts for admins only.

        :raises InvalidInput: the marker is no volume of theirs.
        """
        everybody = all_projects and context.is_admin
        try:
            return volumes.get_all(
                project_id=None if everybody else context.project_id,
                filters=filters or {}, sort=sort, limit=limit, marker=marker,
                offset=offset)
        except exception.VolumeNotFound:
            raise exception.InvalidInput(
                reason=f'marker {marker} could not be found') from None

    def update(self, context: RequestContext, volume: models.Volume, *,
               metadata: Mapping[str, str] | None = None,
               **fields: str | None) -> models.Volume:
        """Change `name` and `description`; replace the metadata if given."""
        return volumes.update(volume.id, fields, metadata)

    def delete(self, context: RequestContext, volume: models.Volume) -> None:
        """:raises InvalidVolume: it is being used."""
        if not volumes.transition(volume.id, DELETABLE, VolumeStatus.DELETING):
            wanted = ' or '.join(sorted(DELETABLE))
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
        """Begin an upload. Each step undoes the earlier ones if it fails.

        :returns: the queued upload, and the image record as Glance answered.
            `volume` shows its new status.
        :raises InvalidVolume: its status forbids it.
        :raises ImageRefused: Glance does not want such an image.
        :raises ImageServiceError: Glance cannot be spoken to.
        """
        _check_uploadable(volume, force)
        # Of the other formats only the end tells the length.
        self.images.check_quota(context, volume.size_gb * units.Gi
                                if disk_format == 'raw' else None)
        upload = self._take_volume(context, volume, {
            'image_name': image_name, 'disk_format': disk_format,
            'container_format': container_format, 'protected': protected})
        image = self._create_image(context, upload, visibility)
        self._queue(upload)
        self.manager.copy_volume_to_image(context, upload.host, upload.id)
        LOG.info('Upload %s of volume %s into image %s is queued',
                 upload.id, volume.id, upload.image_id)
        return upload, image

    def _take_volume(self, context: RequestContext, volume: models.Volume,
                     values: dict[str, Any]) -> models.Upload:
        # The image's id is ours to choose: it is written down before Glance
        # hears of it, so after any crash the image can be found and removed.
        try:
            return uploads.create(volume, {
                'id': uuidutils.generate_uuid(),
                'image_id': uuidutils.generate_uuid(),
                'project_id': volume.project_id, 'user_id': context.user_id,
                'request_id': context.request_id, **values})
        except exception.StatusConflict:
            _refuse_status(volumes.get(volume.id, metadata=False), UPLOADABLE)
            raise

    def _create_image(self, context: RequestContext, upload: models.Upload,
                      visibility: str | None) -> dict[str, Any]:
        try:
            return self.images.create_image(
                context, upload.image_id, name=upload.image_name,
                disk_format=upload.disk_format,
                container_format=upload.container_format,
                visibility=visibility, **_properties(upload))
        except exception.ImageServiceError as error:
            if error.outcome_unknown:
                self._abandon(upload, str(error))
            else:
                uploads.undo(upload)
            raise
        except BaseException:
            uploads.undo(upload)
            raise

    def _queue(self, upload: models.Upload) -> None:
        try:
            uploads.transition(
                upload.id, UploadStatus.CREATING, UploadStatus.QUEUED)
        except BaseException as error:
            self._abandon(upload, f'The upload could not be queued: {error}')
            raise

    def _abandon(self, upload: models.Upload, reason: str) -> None:
        """Give up an upload whose image may exist; keep its row to say so.

        The volume is given back first: Glance may take its time.
        """
        uploads.settle(upload, UploadStatus.FAILED, reason)
        try:
            self.images.delete_image(upload.image_id, retry=False)
        except Exception as error:
            LOG.warning('Image %s of upload %s may remain in Glance: %s',
                        upload.image_id, upload.id, error)


def _properties(upload: models.Upload) -> dict[str, str]:
    """What an image says about where it comes from."""
    # Its guest was running: the file systems may look as after a power cut.
    if upload.previous_status == VolumeStatus.IN_USE:
        return {'volupload_source_in_use': 'true'}
    return {}


def _reach(context: RequestContext) -> str | None:
    """Whose volumes the caller sees: None is everybody's."""
    return None if context.is_admin else str(context.project_id)


def _is_canonical(volume_id: str) -> bool:
    # MySQL compares without regard to case and to trailing blanks; an id is
    # the one spelling that we gave out.
    return (uuidutils.is_uuid_like(volume_id) and len(volume_id) == 36
            and volume_id == volume_id.lower())


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
