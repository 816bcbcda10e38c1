# SPDX-License-Identifier: Apache-2.0
"""How a worker's part of an upload ends, and what is insisted on in each way.

::

    succeeded   the row says so; the image stays, whatever the database does
    failed      the image goes, then the row says why
    cancelled   the same
    put back    the row is queued again: for another attempt, or because this
                process is to end

While the database is away each is tried for ``database_patience``, and the
lease is renewed meanwhile. Before an image is deleted the lease is renewed
as well: a worker that lost it touches nothing. An image that cannot be
deleted keeps its upload from its end for ``deletion_patience``. Whatever
does not come to an end here is left to `volupload.volume.reaper`.
"""

from collections.abc import Callable
import contextlib
import logging
import time
from typing import Any

from volupload import exception
from volupload import metrics
from volupload.conf import CONF
from volupload.db import models
from volupload.db import queue
from volupload.db import uploads
from volupload.image import glance
from volupload.transfer import pipeline
from volupload.volume import notifications
from volupload.volume import retries
from volupload.volume.status import UploadStatus
from volupload.volume.watch import Cause
from volupload.volume.watch import Watch

LOG = logging.getLogger(__name__)

_REASONS = {Cause.CANCELLED: 'The upload was cancelled.',
            Cause.GONE: 'The image was deleted during the upload.'}
_STALE = ('The database could not be reached for longer than the lease of '
          'the upload.')


class Endings:
    """
    :param aborted: tells, when asked, that the process is about to end.
    :param notifier: tells the message bus.
    """

    # Seconds for which the end of an upload is tried to be written down, and
    # its image to be deleted.
    database_patience = 600.0
    deletion_patience = 300.0
    # Whether an upload ends without the deletion when that time is over.
    gives_up = True

    def __init__(self, images: glance.ImageService,
                 aborted: Callable[[], bool],
                 notifier: notifications.Notifier | None = None) -> None:
        self._images = images
        self._aborted = aborted
        self.notifier = notifier or notifications.Notifier()
        # Uploads that have ended with an image that could not be deleted.
        self.left_behind: list[models.Upload] = []

    def succeeded(self, watch: Watch, sent: pipeline.Streamed) -> None:
        if self._settle(watch, UploadStatus.SUCCEEDED, None,
                        image_size=sent.bytes_sent,
                        bytes_sent=sent.bytes_sent,
                        bytes_read=sent.bytes_read):
            self.notifier.end(watch.upload)

    def failed(self, watch: Watch, error: Exception) -> None:
        """End it, or put it back if the fault may pass."""
        if watch.cause is not None:   # then the error is its consequence
            self.stopped(watch)
            return
        watch.fault = type(error).__name__
        upload, reason = watch.upload, retries.reason(error)
        verdict = retries.verdict(error)
        if verdict is retries.Verdict.GONE:
            watch.stop(Cause.GONE)
            self.stopped(watch)
        elif (verdict is retries.Verdict.AGAIN
                and upload.attempt < CONF.upload.max_attempts):
            self._put_back(watch, reason, delay=retries.delay(upload.attempt))
        else:
            self.fail(watch, reason)

    def stopped(self, watch: Watch) -> None:
        """End what was broken off, as the cause wants it."""
        match watch.cause:
            case Cause.CANCELLED | Cause.GONE:
                self.cancel(watch, _REASONS[watch.cause])
            case Cause.STALE:
                watch.fault = 'lease_not_renewed'
                self._put_back(watch, _STALE)
            case Cause.LOST:
                self._log_loss(watch)
            case None:
                watch.fault = 'manager_stopping'
                self._put_back(watch, None, counted=False)

    def fail(self, watch: Watch, reason: str) -> bool:
        """:returns: whether it has ended so, and its image is gone."""
        if not self._end_without_image(watch, UploadStatus.FAILED, reason):
            return False
        self.notifier.error(watch.upload, reason)
        return True

    def cancel(self, watch: Watch, reason: str) -> bool:
        """:returns: whether it has ended so, and its image is gone."""
        if not self._end_without_image(watch, UploadStatus.CANCELLED, reason):
            return False
        self.notifier.end(watch.upload)
        return True

    def _put_back(self, watch: Watch, reason: str | None, *,
                  delay: float = 0.0, counted: bool = True) -> None:
        upload = watch.upload
        LOG.warning('Upload %s of volume %s into image %s goes back to the '
                    'queue for %g s, attempt %s ended after %s bytes and '
                    '%.1f s: %s', upload.id, upload.volume_id,
                    upload.image_id, delay, upload.attempt, watch.bytes_sent,
                    watch.seconds, reason or 'the manager is to end')
        if not self._change(watch, lambda: queue.requeue(
                upload, delay=delay, counted=counted, reason=reason)):
            # Somebody may have cancelled it at the same moment.
            if watch.cause is Cause.CANCELLED:
                self.stopped(watch)
            return
        metrics.RETRIES.labels(watch.fault).inc()

    def _end_without_image(self, watch: Watch, to: UploadStatus,
                           reason: str) -> bool:
        """The image first: so no crash leaves one that nobody knows of."""
        deleted = self._insist(lambda: self._delete_image(watch),
                               self.deletion_patience)
        if watch.cause is Cause.LOST:
            self._log_loss(watch)
            return False
        if not deleted:
            LOG.error('Image %s of upload %s could not be deleted',
                      watch.upload.image_id, watch.upload.id)
            if self._aborted() or not self.gives_up:
                return False
            reason += ' (and the image could not be deleted)'
            self.left_behind.append(watch.upload)
        return self._settle(watch, to, reason)

    def _delete_image(self, watch: Watch) -> bool:
        if watch.beat():
            delete_image(self._images, watch.upload)
        return True

    def _settle(self, watch: Watch, to: UploadStatus, reason: str | None,
                **values: Any) -> bool:
        upload = watch.upload
        values['finished_at'] = models.utcnow()
        if not self._change(watch, lambda: uploads.settle(
                upload, to, reason, **values)):
            return False
        upload.update({'status': to, 'reason': reason, **values})
        _count(watch, to)
        if to == UploadStatus.FAILED:
            LOG.error('Upload %s of volume %s into image %s failed after %s '
                      'bytes and %.1f s: %s', upload.id, upload.volume_id,
                      upload.image_id, watch.bytes_sent, watch.seconds,
                      reason)
        else:
            LOG.info('Upload %s of volume %s into image %s is %s: %s bytes '
                     'in %.1f s', upload.id, upload.volume_id,
                     upload.image_id, to, watch.bytes_sent, watch.seconds)
        return True

    def _change(self, watch: Watch, change: Callable[[], bool]) -> bool:
        """Do a compare-and-swap as the last thing.

        :returns: False if the upload is not ours any more, if its status
            does not allow it, or if the database stays away.
        """
        changed = False

        def step() -> bool:
            nonlocal changed
            # A beat brings the status up to date that is swapped.
            changed = watch.finish(change) or (
                watch.beat() and watch.finish(change))
            return True
        if self._insist(step, self.database_patience) and not changed:
            self._log_loss(watch)
        return changed

    def _log_loss(self, watch: Watch) -> None:
        LOG.warning('Upload %s is no longer ours to end', watch.upload.id)

    def _insist(self, step: Callable[[], bool], patience: float) -> bool:
        """Try a step until it says that it is done, at growing distances.

        :param patience: seconds, unless the process is to end.
        :returns: whether it was done.
        """
        deadline, pause = time.monotonic() + patience, 0.5
        while not _done(step):
            if self._aborted() or time.monotonic() + pause > deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 10)
        return True


def delete_image(images: glance.ImageService, upload: models.Upload) -> None:
    """Remove the image of an upload; one that is gone is fine.

    :raises ImageError: Glance cannot be asked, or refuses.
    """
    try:
        images.delete_image(upload.image_id)
    except exception.ImageError:
        if not upload.protected:
            raise
        # It may have got that far: the process died before the last step.
        with contextlib.suppress(exception.ImageNotFound):
            images.update_image(upload.image_id, protected=False)
        images.delete_image(upload.image_id)


def _count(watch: Watch, to: UploadStatus) -> None:
    failed = to == UploadStatus.FAILED
    metrics.UPLOADS.labels(to, watch.fault if failed else '').inc()
    if to == UploadStatus.SUCCEEDED:
        metrics.UPLOAD_SECONDS.labels(watch.upload.disk_format).observe(
            watch.seconds)


def _done(step: Callable[[], bool]) -> bool:
    try:
        return step()
    except exception.VoluploadError as error:
        LOG.error('A last step of an upload failed: %s', error)
    except Exception:
        LOG.exception('A last step of an upload failed')
    return False
