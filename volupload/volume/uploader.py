# SPDX-License-Identifier: Apache-2.0
"""One upload, from the claimed row to the settled one.

`Uploader.run` is the whole flow: open the volume, lay the image out, stream
it into Glance, compare what Glance stored with what was sent, settle. Every
failure ends in the same place: the image is deleted, the volume gets its
earlier status back, and the row says why.
"""

from collections.abc import Callable
from collections.abc import Mapping
import functools
import logging
import time
from typing import Any

from oslo_utils import units

from volupload import exception
from volupload.backends import Backend
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import uploads
from volupload.db import volumes
from volupload.image import glance
from volupload.transfer import Compression
from volupload.transfer import formats
from volupload.transfer import pipeline
from volupload.volume.status import UploadStatus

LOG = logging.getLogger(__name__)

HASH_ALGORITHM = 'sha512'   # what Glance computes by default



class Uploader:
    """Runs uploads; one object serves all worker threads.

    :param backends: by `host@backend`.
    :param aborted: tells, when asked, that the process is about to end.
    """

    # Seconds for which the end of an upload is tried to be written down, and
    # the image of a failed one to be deleted, while the database or Glance
    # are away.
    database_patience = 600.0
    deletion_patience = 120.0

    def __init__(self, backends: Mapping[str, Backend],
                 images: glance.ImageService,
                 aborted: Callable[[], bool]) -> None:
        self._backends = backends
        self._images = images
        self._aborted = aborted

    def run(self, upload: models.Upload) -> None:
        """Take a running upload to its end. Raises nothing."""
        # Log lines of this thread name the request that began it all.
        RequestContext(request_id=upload.request_id, overwrite=True,
                       user_id=upload.user_id, project_id=upload.project_id)
        try:
            sent = self._copy(upload)
        except exception.TransferCancelled:
            self._requeue(upload)
        except exception.VoluploadError as error:
            self._fail(upload, str(error))
        except Exception as error:
            LOG.exception('Upload %s met an error that nobody foresaw',
                          upload.id)
            self._fail(upload, f'Internal error: {type(error).__name__}')
        else:
            self._succeed(upload, sent)

    def _copy(self, upload: models.Upload) -> pipeline.Streamed:
        began = time.monotonic()
        LOG.info('Upload %s of volume %s into image %s begins',
                 upload.id, upload.volume_id, upload.image_id)
        sent = self._stream(upload)
        self._verify(upload, sent)
        if upload.protected:
            self._images.update_image(upload.image_id, protected=True)
        LOG.info('Upload %s of volume %s into image %s succeeded: %s bytes '
                 'in %.1f s', upload.id, upload.volume_id, upload.image_id,
                 sent.bytes_sent, time.monotonic() - began)
        return sent

    def _stream(self, upload: models.Upload) -> pipeline.Streamed:
        make_layout = formats.FORMATS.get(upload.disk_format)
        if make_layout is None:
            raise exception.UnsupportedFormat(disk_format=upload.disk_format)
        size = volumes.get(upload.volume_id).size_gb * units.Gi
        backend = self._backends[upload.host]
        with backend.open(upload.volume_id, size) as source:
            return pipeline.stream(
                source, lambda opened: make_layout(opened, Compression()),
                functools.partial(self._images.upload_data, upload.image_id),
                hash_algorithm=_hash_algorithm(), cancelled=self._aborted)

    def _verify(self, upload: models.Upload, sent: pipeline.Streamed) -> None:
        image = self._images.get_stored_image(upload.image_id)
        if image.get('status') != 'active':
            raise exception.ImageServiceError(
                reason=f"the image is {image.get('status')} after its data "
                       'was sent')
        _compare('size', sent.bytes_sent, image.get('size'))
        if sent.digest and image.get('os_hash_algo') == HASH_ALGORITHM:
            _compare(HASH_ALGORITHM, sent.digest, image.get('os_hash_value'))
        elif sent.digest:
            LOG.warning('Glance hashes with %s, not %s: only the size of image'
                        ' %s was compared', image.get('os_hash_algo'),
                        HASH_ALGORITHM, upload.image_id)

    # The four ends. The image of a success is never deleted, whatever happens
    # to the database afterwards.

    def _succeed(self, upload: models.Upload,
                 sent: pipeline.Streamed) -> None:
        self._settle(upload, UploadStatus.SUCCEEDED, None,
                     image_size=sent.bytes_sent, bytes_sent=sent.bytes_sent)

    def _fail(self, upload: models.Upload, reason: str) -> None:
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

    def _requeue(self, upload: models.Upload) -> None:
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


def _hash_algorithm() -> str | None:
    return HASH_ALGORITHM if CONF.upload.verify_checksum else None


def _compare(algorithm: str, ours: Any, glances: Any) -> None:
    if ours != glances:
        raise exception.ChecksumMismatch(
            algorithm=algorithm, expected=ours, actual=glances)
