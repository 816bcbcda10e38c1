# SPDX-License-Identifier: Apache-2.0
"""How an upload begins, so that the API may die at any instant.

::

    creating   volume taken and row written, in one transaction
               the image record is made in Glance, with the id of the row
    queued     from here on the managers have it

A process that dies in between leaves a row in ``creating``, which a manager
finds after ``creating_timeout``: it deletes the image and fails the upload.
What goes wrong here is undone here in the same order, image first, so that
this can be cut short too. An image that cannot be deleted then is left to
`leftovers`; a row that cannot be written is left to the managers.

Only what was seen counts. A request to Glance, or a COMMIT, of which nobody
knows whether it took effect is asked about, or taken for done.
"""

from collections.abc import Callable
import logging
from typing import Any

from oslo_utils import uuidutils

from volupload import exception
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import queue
from volupload.db import uploads
from volupload.db import volumes
from volupload.image import glance
from volupload.volume import image_properties
from volupload.volume import notifications
from volupload.volume.leftovers import Leftovers
from volupload.volume.status import UploadStatus

LOG = logging.getLogger(__name__)


class Beginnings:

    def __init__(self, images: glance.ImageService,
                 notifier: notifications.Notifier) -> None:
        self._images = images
        self._notifier = notifier
        self._leftovers = Leftovers(images)

    def begin(self, context: RequestContext, volume: models.Volume,
              **values: Any) -> tuple[models.Upload, dict[str, Any]]:
        """Take the volume, make the image record, queue the upload.

        :param values: columns of the upload.
        :returns: the queued upload, and the image as Glance answered.
        :raises QueueFull: as many as may wait do so.
        :raises StatusConflict: somebody else has moved the volume.
        :raises ImageRefused: Glance does not want such an image.
        :raises ImageServiceError: Glance cannot be spoken to.
        """
        limit: int = CONF.upload.max_queued_per_project
        _check_queue(volume.project_id, limit, 1)
        # The image's id is ours to choose: it is written down before Glance
        # hears of it, so after any crash the image can be found and removed.
        upload = uploads.create(volume, {
            'id': uuidutils.generate_uuid(),
            'image_id': uuidutils.generate_uuid(),
            'project_id': volume.project_id, 'user_id': context.user_id,
            'request_id': context.request_id, **values})
        try:
            _check_queue(volume.project_id, limit, 0)
        except exception.QueueFull:
            # Others were counted at the same moment as we were.
            uploads.undo(upload)
            raise
        # Of an upload that never had an image nobody needs to know.
        image = self._make_image(context, upload, volume,
                                 lambda reason: uploads.undo(upload))
        self._queue(upload)
        return upload, image

    def begin_again(self, context: RequestContext,
                    upload: models.Upload) -> models.Upload:
        """Bring an upload that has failed into the queue, with a new image.

        The image is made by the service itself, for the upload's project.

        :raises StatusConflict: it has not failed, or its volume cannot be
            uploaded now.
        :raises ImageRefused, ImageServiceError: as above; it has failed
            again then.
        """
        upload = uploads.restart(upload, uuidutils.generate_uuid())
        owner = RequestContext(
            user_id=upload.user_id, project_id=upload.project_id,
            request_id=context.request_id, overwrite=False)
        volume = volumes.get(upload.volume_id, metadata=False)
        self._make_image(owner, upload, volume,
                         lambda reason: self._fail(upload, reason))
        self._queue(upload)
        return upload

    def _make_image(self, context: RequestContext, upload: models.Upload,
                    volume: models.Volume,
                    retreat: Callable[[str], object]) -> dict[str, Any]:
        """
        :param retreat: ends the row when Glance certainly has no image.
        """
        try:
            return self._images.create_image(
                context, upload.image_id, name=upload.image_name,
                disk_format=upload.disk_format,
                container_format=upload.container_format,
                visibility=upload.visibility, **image_properties.of(
                    upload.previous_status, volume.image_metadata))
        except Exception as error:
            reason = _reason(error)
            if _is_certain(error):
                _attempt(upload, lambda: retreat(reason))
            else:
                self._abandon(upload, reason)
            raise

    def _queue(self, upload: models.Upload) -> None:
        try:
            queued = uploads.transition(
                upload.id, UploadStatus.CREATING, UploadStatus.QUEUED)
        except Exception as error:
            # The COMMIT may have been done, and its answer lost.
            found = uploads.get(upload.id).status
            if found == UploadStatus.CREATING:
                self._abandon(upload, 'The upload could not be queued: '
                                      f'{_reason(error)}')
                raise
            queued = found != UploadStatus.FAILED
            LOG.warning('Upload %s is %s after this error: %s',
                        upload.id, found, error)
        if not queued:
            self._come_too_late(upload)
        upload.status = UploadStatus.QUEUED

    def _come_too_late(self, upload: models.Upload) -> None:
        """A manager took us for dead, and has failed the upload.

        It may have looked for the image before Glance made it.

        :raises ImageServiceError: always.
        """
        try:
            self._images.delete_image(upload.image_id)
        except exception.ImageError as error:
            self._leftovers.put(upload, error)
        raise exception.ImageServiceError(
            reason=f'image {upload.image_id} took longer to be made than '
                   'creating_timeout allows')

    def _abandon(self, upload: models.Upload, reason: str) -> None:
        """Fail an upload whose image may exist.

        The image goes first: between the two steps a manager still finds
        the row. If it cannot be deleted the volume is given back all the
        same, for the client was told that nothing has begun.
        """
        def give_up() -> None:
            try:
                self._images.delete_image(upload.image_id, retry=False)
            except exception.ImageError as error:
                # Unless somebody else has the upload now, or will have it.
                if self._fail(upload, f'{reason} (and the image could not be '
                                      'deleted)'):
                    self._leftovers.put(upload, error)
            else:
                self._fail(upload, reason)
        _attempt(upload, give_up)

    def _fail(self, upload: models.Upload, reason: str) -> bool:
        """Whether it was ours to fail."""
        failed = uploads.settle(upload, UploadStatus.FAILED, reason)
        if failed:
            LOG.error('Upload %s of volume %s into image %s failed: %s',
                      upload.id, upload.volume_id, upload.image_id, reason)
            upload.update({'status': UploadStatus.FAILED, 'reason': reason,
                           'finished_at': models.utcnow()})
            self._notifier.error(upload, reason)
        return failed


def _attempt(upload: models.Upload, step: Callable[[], object]) -> None:
    """Undo something; what cannot be undone is left to the managers."""
    try:
        step()
    except Exception as error:
        LOG.error('Upload %s into image %s could not be undone, a manager '
                  'will do it: %s', upload.id, upload.image_id, error)


def _check_queue(project_id: str, limit: int, more: int) -> None:
    """See that `more` uploads of the project may wait besides those there.

    :param limit: 0: any number.
    """
    if limit and queue.count_waiting(project_id) + more > limit:
        raise exception.QueueFull(limit=limit)


def _is_certain(error: Exception) -> bool:
    """Whether Glance has no image, after this error."""
    if isinstance(error, exception.ImageServiceError):
        return not error.outcome_unknown
    return isinstance(error, exception.ImageRefused)


def _reason(error: Exception) -> str:
    """What people are told; nothing from inside Python or a database."""
    if isinstance(error, exception.VoluploadError):
        return str(error)
    return f'Internal error: {type(error).__name__}'
