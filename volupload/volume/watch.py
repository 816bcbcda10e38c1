# SPDX-License-Identifier: Apache-2.0
"""Watches one upload while it runs: lease, progress, and why it must stop.

A running upload is on loan to the worker that claimed it. Every
``progress_interval`` seconds a thread of its own renews the loan and writes
the progress, in one UPDATE, which also tells what others want::

    running       go on
    cancelling    somebody asked for the end
    nothing       the row is another worker's, or finished: we were away for
                  longer than ``lease_timeout``, stopped or cut off

Whoever cannot renew for ``lease_timeout`` stops by its own clock before the
next byte: by then another manager may have begun the same upload anew. The
times that are compared between managers are the database's.

``cause`` says why the upload has to stop; the first cause stays, except that
a lease that is lost outdoes all others: then nothing may be touched any more.
"""

import collections
from collections.abc import Callable
import enum
import logging
import threading
import time
from types import TracebackType
from typing import Self

from oslo_context import context as oslo_context

from volupload import exception
from volupload import metrics
from volupload import tracing
from volupload.conf import CONF
from volupload.db import models
from volupload.db import queue
from volupload.image import glance
from volupload.volume.status import UploadPhase
from volupload.volume.status import UploadStatus

LOG = logging.getLogger(__name__)

# Seconds over which the rate is taken.
_WINDOW = 10.0

# Statuses of an image that its owner has deleted, where Glance shows it still.
_DELETED = ('deleted', 'pending_delete')


class Cause(enum.Enum):
    CANCELLED = enum.auto()   # somebody asked for it
    GONE = enum.auto()        # the image is deleted
    STALE = enum.auto()       # the lease could not be renewed in time
    LOST = enum.auto()        # the upload is somebody else's


class Watch:
    """Use it as a context around all that is done for the upload.

    The thread that runs the upload sets `phase`, `image_size` and the two
    counts of bytes; they are written with the next beat. `fault` names what
    broke it off, for the metrics.

    :param upload: claimed or taken over by this process. Its status and
        progress are kept up to date.
    :param told: called after every beat by itself.
    """

    def __init__(self, upload: models.Upload, images: glance.ImageService,
                 told: Callable[[models.Upload], None] = lambda upload: None,
                 ) -> None:
        self.upload = upload
        self.fault = ''
        self.image_size: int | None = None
        self.bytes_read = 0
        self.bytes_sent = 0
        self.began = self._entered = time.monotonic()
        self._phase = UploadPhase.LAYING_OUT
        self._counted = 0, 0
        self.cause: Cause | None = None
        self._images = images
        self._told = told
        self._renewed = self.began
        self._sent: collections.deque[tuple[float, int]] = collections.deque()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._run, name=f'watch-{self.upload.id}', daemon=True,
            args=(oslo_context.get_current(),))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        # Not joined: a beat may hang as long as the database does.
        self._ended.set()
        self._woken.set()

    @property
    def phase(self) -> UploadPhase:
        return self._phase

    @phase.setter
    def phase(self, phase: UploadPhase) -> None:
        self._leave_phase()
        self._phase = phase

    @property
    def seconds(self) -> float:
        """Since the upload was claimed."""
        return time.monotonic() - self.began

    def stopped(self) -> bool:
        """Whether the upload has to stop; asked before every chunk."""
        if self.cause is None and self._is_stale():
            self.stop(Cause.STALE)
        return self.cause is not None

    def stop(self, cause: Cause) -> None:
        """Break off what runs for the image, unless that is done already."""
        if self.cause is None or cause is Cause.LOST:
            self.cause = cause
            LOG.info('Upload %s has to stop: %s', self.upload.id,
                     cause.name.lower())
            self._images.abort(self.upload.image_id)

    def wake(self) -> None:
        """Look into the row now: something may have changed."""
        self._woken.set()

    def beat(self) -> bool:
        """Renew the lease and write the progress.

        :returns: whether the upload is still ours. Only then may its image
            be deleted.
        :raises DBError: the database is away, so nobody knows.
        """
        with self._lock:
            if self._ended.is_set():
                return False
            now = time.monotonic()
            self._note(now)
            status = queue.beat(
                self.upload, phase=self.phase, bytes_read=self.bytes_read,
                bytes_sent=self.bytes_sent, image_size=self.image_size,
                rate=self.upload.rate)
            if status is None:
                self.stop(Cause.LOST)
                return False
            self._renewed = now
            self.upload.status = status
        if status == UploadStatus.CANCELLING:
            self.stop(Cause.CANCELLED)
        return True

    def finish(self, change: Callable[[], bool]) -> bool:
        """Do the change that ends our part; afterwards nothing beats.

        A beat after it would take the end for a loss, and break off whoever
        has the upload next: it can be another thread of this process.

        :param change: a compare-and-swap; tells whether it came about.
        """
        with self._lock:
            if not change():
                return False
            self._ended.set()
            self._leave_phase()
            self._count()
        return True

    def check_image(self) -> None:
        """See whether the image's owner has deleted it meanwhile."""
        try:
            image = self._images.get_image(self.upload.image_id, retry=False)
            gone = image.get('status') in _DELETED
        except exception.ImageNotFound:
            gone = True
        except exception.ImageError:
            return   # whoever sends the data will notice
        if gone:
            self.stop(Cause.GONE)

    def _run(self, context: oslo_context.RequestContext | None) -> None:
        if context:
            context.update_store()   # so that log lines name the request
        while not self._ended.is_set():
            self._woken.wait(CONF.upload.progress_interval)
            self._woken.clear()
            if self._ended.is_set() or self.cause is Cause.LOST:
                return
            try:
                if self.beat():
                    self._told(self.upload)
            except Exception as error:
                LOG.warning('The lease of upload %s cannot be renewed: %s',
                            self.upload.id, error)
                self.stopped()

    def _is_stale(self) -> bool:
        return (time.monotonic() - self._renewed
                > float(CONF.upload.lease_timeout))

    def _leave_phase(self) -> None:
        now = time.monotonic()
        metrics.PHASE_SECONDS.labels(self._phase).observe(now - self._entered)
        tracing.passed(self._phase, now - self._entered)
        self._entered = now

    def _count(self) -> None:
        """Tell Prometheus what has come since the last time."""
        now = self.bytes_read, self.bytes_sent
        for direction, count, before in zip(
                ('read', 'sent'), now, self._counted, strict=True):
            metrics.BYTES.labels(direction).inc(max(count - before, 0))
        self._counted = now

    def _note(self, now: float) -> None:
        """Keep the row in memory up to date, with the rate of late."""
        self._count()
        sent = self._sent
        sent.append((now, self.bytes_sent))
        while now - sent[0][0] > _WINDOW and len(sent) > 2:
            sent.popleft()
        seconds = now - sent[0][0]
        self.upload.rate = (
            int((self.bytes_sent - sent[0][1]) / seconds) if seconds else None)
        self.upload.phase = self.phase
        self.upload.bytes_read = self.bytes_read
        self.upload.bytes_sent = self.bytes_sent
        if self.image_size is not None:
            self.upload.image_size = self.image_size
