# SPDX-License-Identifier: Apache-2.0
"""The service layer's part for those who watch uploads: look, stop, repeat.

How one is begun see `volupload.volume.api`. An upload that is to end is only
marked here, unless it waits in the queue; whoever runs it sees the mark.
"""

import logging
from typing import Any

from volupload import exception
from volupload.context import RequestContext
from volupload.db import messages
from volupload.db import models
from volupload.db import queue
from volupload.db import uploads
from volupload.image import glance
from volupload.volume import notifications
from volupload.volume import reach
from volupload.volume import rpcapi
from volupload.volume.beginnings import Beginnings
from volupload.volume.status import UploadStatus

LOG = logging.getLogger(__name__)


class UploadAPI:
    """
    :param images: the image service; a seam for tests.
    :param manager: how managers are woken; a seam for tests.
    :param notifier: tells the message bus of what ends here.
    """

    def __init__(self, images: glance.ImageService | None = None,
                 manager: rpcapi.VolumeAPI | None = None,
                 notifier: notifications.Notifier | None = None) -> None:
        self.images = images or glance.ImageService()
        self.manager = manager or rpcapi.VolumeAPI()
        self.notifier = notifier or notifications.Notifier()
        self.beginnings = Beginnings(self.images, self.notifier)

    def get_upload(self, context: RequestContext,
                   upload_id: str) -> models.Upload:
        """An upload of the caller's project; an admin gets anybody's.

        :raises UploadNotFound: it does not exist or is not for the caller.
        """
        if not reach.is_canonical(upload_id):
            raise exception.UploadNotFound(upload_id=upload_id)
        upload = uploads.get(upload_id, reach.reach(context))
        context.resource_uuid = upload.id   # for the log
        return upload

    def get_uploads(self, context: RequestContext, *,
                    all_projects: bool = False,
                    **wanted: Any) -> list[models.Upload]:
        """A page of uploads; as `get_all`."""
        return uploads.get_all(reach.scope(context, all_projects), **wanted)

    def cancel_upload(self, context: RequestContext,
                      upload: models.Upload) -> None:
        """Have an upload end; it may take a while, and can be asked again.

        One that runs is ended by its manager within two seconds, whether or
        not a message gets there. One that waits is ended here; if that goes
        wrong in the middle, a manager finds it ``cancelling``.

        :raises StatusConflict: it has ended already, or has not begun yet.
        """
        was = queue.cancel(upload.id)
        if was is None:
            now = uploads.get(upload.id).status
            if now != UploadStatus.CANCELLING:
                raise exception.StatusConflict(
                    f'Upload {upload.id} is {now} and cannot be cancelled.')
        LOG.info('Upload %s of volume %s was %s and is to be cancelled',
                 upload.id, upload.volume_id, was or 'cancelling')
        if was == UploadStatus.QUEUED:
            self._end_waiting(upload)
        else:
            self.manager.cancel_upload(context, upload.id)

    def _end_waiting(self, upload: models.Upload) -> None:
        """The image first: a row that is ended has none."""
        try:
            self.images.delete_image(upload.image_id, retry=False)
            if uploads.settle(uploads.get(upload.id), UploadStatus.CANCELLED,
                              'The upload was cancelled.'):
                LOG.info('Upload %s of volume %s into image %s is cancelled',
                         upload.id, upload.volume_id, upload.image_id)
                self.notifier.end(uploads.get(upload.id))
        except Exception as error:
            LOG.warning('Upload %s could not be ended here, a manager will '
                        'do it: %s', upload.id, error)

    def requeue_upload(self, context: RequestContext,
                       upload: models.Upload) -> models.Upload:
        """Have an upload that failed done again, with a new image.

        :raises StatusConflict: it has not failed, or its volume cannot be
            uploaded now.
        :raises ImageRefused: Glance does not want such an image.
        :raises ImageServiceError: Glance cannot be spoken to.
        """
        if upload.status != UploadStatus.FAILED:
            raise exception.StatusConflict(
                f'Upload {upload.id} is {upload.status}; only one that '
                'failed can be done again.')
        upload = self.beginnings.begin_again(context, upload)
        self.announce(context, upload)
        return upload

    def announce(self, context: RequestContext,
                 upload: models.Upload) -> None:
        """Wake a manager; one that hears nothing finds it by itself."""
        context.resource_uuid = upload.id   # for the log
        self.manager.copy_volume_to_image(context, upload.host, upload.id)
        LOG.info('Upload %s of volume %s into image %s is queued',
                 upload.id, upload.volume_id, upload.image_id)

    def get_message(self, context: RequestContext,
                    message_id: str) -> models.Message:
        """
        :raises MessageNotFound: it does not exist or is not for the caller.
        """
        if not reach.is_canonical(message_id):
            raise exception.MessageNotFound(message_id=message_id)
        return messages.get(message_id, reach.reach(context))

    def get_messages(self, context: RequestContext, *,
                     all_projects: bool = False,
                     **wanted: Any) -> list[models.Message]:
        """A page of messages; as `get_all`."""
        return messages.get_all(reach.scope(context, all_projects), **wanted)

    def delete_message(self, context: RequestContext,
                       message: models.Message) -> None:
        messages.delete(message.id)
