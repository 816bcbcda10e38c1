# SPDX-License-Identifier: Apache-2.0
"""Makes good what a process that died has left behind.

Every manager looks for such rows, of all managers, and takes them over by
compare-and-swap, so each is made good once::

    running, lease expired      back to the queue; after ``max_attempts``
                                the image is deleted and the upload failed
    cancelling, lease expired   the image is deleted, the upload cancelled
    cancelling, no worker       the same: whoever cancelled it in the queue
                                died before the image was deleted
    creating, for too long      an API process died between its steps: the
                                image is deleted if it was made, the upload
                                failed

An image that cannot be deleted keeps its row as it is, and is tried again by
whoever finds the lease expired next. Only of uploads that this process itself
had to end without that (`endings`) it deletes the images later, for as long as
it lives.

When a manager starts it need not wait for the leases of its predecessor: a
worker is called `host:pid:number`, and a process of this host that is gone
renews nothing.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import logging
import os
import secrets

from volupload import exception
from volupload import metrics
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import queue
from volupload.db import uploads
from volupload.image import glance
from volupload.volume import endings
from volupload.volume import notifications
from volupload.volume.status import UploadStatus
from volupload.volume.watch import Watch

LOG = logging.getLogger(__name__)

_NEVER_BEGUN = ('The API process that accepted the upload died before it was '
                'queued.')
_DIED = 'manager_died'   # to the metrics


class Reaper:
    """
    :param worker: how this process signs what it takes over.
    :param running: the ids of the uploads that this very process runs.
    :param left_behind: uploads that have ended, whose images have not.
    :param stopping: tells, when asked, that the process is about to end.
    """

    def __init__(self, worker: str, images: glance.ImageService,
                 running: Callable[[], Collection[str]],
                 left_behind: list[models.Upload],
                 stopping: Callable[[], bool] = lambda: False,
                 notifier: notifications.Notifier | None = None) -> None:
        self._worker = worker
        self._images = images
        self._running = running
        self._stopping = stopping
        self._left_behind = left_behind
        self._endings = endings.Endings(images, stopping, notifier)
        self._endings.deletion_patience = 0
        self._endings.gives_up = False
        self._adopted = False

    def sweep(self) -> None:
        """Make good whatever is found now; the first time our own, too."""
        if not self._adopted:
            self._sweep(filter(self._is_predecessors, queue.expired(None, 0)))
            self._adopted = True
        self._sweep(queue.expired(None, CONF.upload.lease_timeout))
        for upload in queue.stale_creating(CONF.upload.creating_timeout):
            if not self._stopping():
                _name_request(upload)
                self._end_creating(upload)
        while self._left_behind and self._delete_image(self._left_behind[0]):
            self._left_behind.pop(0)

    def _sweep(self, expired: Iterable[models.Upload]) -> None:
        for upload in expired:
            if self._stopping():
                return
            # Our own heartbeat is late, which is its thread's to find out.
            if upload.id not in self._running():
                _name_request(upload)
                self._make_good(upload)

    def _make_good(self, upload: models.Upload) -> None:
        dead = upload.worker
        if not queue.take_over(upload, self._worker):
            return   # another manager was faster, or it lives after all
        LOG.warning('Upload %s of volume %s was left %s by %s', upload.id,
                    upload.volume_id, upload.status, dead or 'the API')
        metrics.LEASES_EXPIRED.inc()
        reason = f'The manager process {dead} has died.'
        if upload.status == UploadStatus.RUNNING and (
                upload.attempt < CONF.upload.max_attempts):
            queue.requeue(upload, reason=reason)
            metrics.RETRIES.labels(_DIED).inc()
            return
        with Watch(upload, self._images) as watch:
            watch.fault = _DIED
            if self._end(watch, reason):
                metrics.IMAGES_REAPED.inc()

    def _end(self, watch: Watch, reason: str) -> bool:
        if watch.upload.status == UploadStatus.CANCELLING:
            return self._endings.cancel(watch, 'The upload was cancelled.')
        return self._endings.fail(
            watch,
            f'{reason} It was attempt {watch.upload.attempt}, the last.')

    def _end_creating(self, upload: models.Upload) -> None:
        """The image first: if we die in between it is found once more."""
        if self._delete_image(upload) and uploads.settle(
                upload, UploadStatus.FAILED, _NEVER_BEGUN):
            LOG.error('Upload %s of volume %s into image %s failed: %s',
                      upload.id, upload.volume_id, upload.image_id,
                      _NEVER_BEGUN)
            metrics.UPLOADS.labels(UploadStatus.FAILED, 'api_died').inc()
            self._endings.notifier.error(upload, _NEVER_BEGUN)

    def _delete_image(self, upload: models.Upload) -> bool:
        try:
            endings.delete_image(self._images, upload)
        except exception.ImageError as error:
            LOG.error('Image %s of upload %s cannot be deleted yet: %s',
                      upload.image_id, upload.id, error)
            return False
        metrics.IMAGES_REAPED.inc()
        return True

    def _is_predecessors(self, upload: models.Upload) -> bool:
        """Whether a process of this host had it that is gone."""
        host, pid, _ = ['', '', '', *(upload.worker or '').rsplit(':', 2)][-3:]
        # A container's process has the same number after every start.
        return host == CONF.host and upload.worker != self._worker and (
            pid == str(os.getpid()) or not _is_alive(pid))


def worker_name() -> str:
    """How this process signs the uploads that it runs."""
    return f'{CONF.host}:{os.getpid()}:{secrets.token_hex(4)}'


def _name_request(upload: models.Upload) -> None:
    """Log lines name the request that began it all."""
    RequestContext(request_id=upload.request_id, overwrite=True,
                   user_id=upload.user_id, project_id=upload.project_id)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass    # it is there, and not ours
    return True
