# SPDX-License-Identifier: Apache-2.0
"""How an upload ends: three ways, and what is insisted on in each.

The image of a success is never deleted, whatever happens to the database
afterwards. That of a failure goes before the row says so; if Glance is away
it is tried for a while longer.
"""

from collections.abc import Callable
import logging
import time
from typing import Any

from volupload import exception
from volupload.db import models
from volupload.db import uploads
from volupload.image import glance
from volupload.transfer import pipeline
from volupload.volume.status import UploadStatus

LOG = logging.getLogger(__name__)


class Endings:
    """
    :param aborted: tells, when asked, that the process is about to end.
    """

    # Seconds for which the end of an upload is tried to be written down, and
    # the image of a failed one to be deleted, while the database or Glance
    # are away.
    database_patience = 600.0
    deletion_patience = 120.0

    def __init__(self, images: glance.ImageService,
                 aborted: Callable[[], bool]) -> None:
        self._images = images
        self._aborted = aborted

    def succeed(self, upload: models.Upload, sent: pipeline.Streamed) -> None:
        self._settle(upload, UploadStatus.SUCCEEDED, None,
                     image_size=sent.bytes_sent, bytes_sent=sent.bytes_sent)

    def fail(self, upload: models.Upload, reason: str) -> None:
        LOG.error('Upload %s of volume %s into image %s failed: %s',
                  upload.id, upload.volume_id, upload.image_id, reason)
        deleted = self._delete_image(upload)
        if not deleted:
            reason += ' (and the image could not be deleted at once)'
        self._settle(upload, UploadStatus.FAILED, reason)
        if not deleted and not self._insist(
                lambda: self._delete_image(upload), self.deletion_patience):
            LOG.error('Image %s of upload %s remains in Glance',
                      upload.image_id, upload.id)

    def requeue(self, upload: models.Upload) -> None:
        LOG.info('Upload %s is put back into the queue', upload.id)
        self._insist(lambda: uploads.transition(
            upload.id, UploadStatus.RUNNING, UploadStatus.QUEUED,
            worker=None) or True, self.database_patience)

    def _settle(self, upload: models.Upload, to: UploadStatus,
                reason: str | None, **values: Any) -> None:
        def settle() -> bool:
            if not uploads.settle(upload, to, reason, **values):
                LOG.warning('Upload %s is no longer ours to be made %s',
                            upload.id, to)
            return True
        self._insist(settle, self.database_patience)

    def _delete_image(self, upload: models.Upload) -> bool:
        try:
            self._images.delete_image(upload.image_id)
        except exception.VoluploadError as error:
            LOG.error('Image %s of upload %s could not be deleted: %s',
                      upload.image_id, upload.id, error)
            return False
        return True

    def _insist(self, step: Callable[[], bool], patience: float) -> bool:
        """Try a step until it says that it is done, at growing distances.

        :param patience: seconds, unless the process is to end.
        :returns: whether it was done.
        """
        deadline, pause = time.monotonic() + patience, 0.5
        while not _done(step):
            if self._aborted() or time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 10)
        return True


def _done(step: Callable[[], bool]) -> bool:
    try:
        return step()
    except Exception:
        LOG.exception('A last step of an upload failed')
        return False
