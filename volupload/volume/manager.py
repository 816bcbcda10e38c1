# SPDX-License-Identifier: Apache-2.0
"""The volume manager: makes volumes, deletes them, uploads them.

What there is to do stands in the database. An RPC message only wakes one of
the loops, which look there and also do so by themselves every
``sweep_interval`` seconds; a message that is lost delays work, no more.

* *volumes* says that the manager lives, and has `volupload.volume.keeper`
  make new volumes and delete those that are to go;
* *uploads* claims a queued upload for every free one of ``max_concurrent``
  slots. Each is run in a thread of its own by `volupload.volume.uploader`,
  with a `volupload.volume.watch` beside it that keeps the claim alive;
* *reaper* finds uploads whose process has died, `volupload.volume.reaper`;
* *images* sees whether an image was deleted while it is being filled, every
  ``image_check_interval`` seconds.
"""

from collections.abc import Mapping
import logging
import threading

import oslo_messaging

from volupload import tracing
from volupload.backends import Backend
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import queue
from volupload.db import services
from volupload.image import glance
from volupload.volume import notifications
from volupload.volume import rpcapi
from volupload.volume.exporter import Exporter
from volupload.volume.keeper import Keeper
from volupload.volume.loop import Loop
from volupload.volume.reaper import Reaper
from volupload.volume.reaper import worker_name
from volupload.volume.slots import Slots
from volupload.volume.uploader import Uploader
from volupload.volume.watch import Watch

LOG = logging.getLogger(__name__)

BINARY = 'volupload-volume'

# Seconds that a loop may need to end what it is at, when the process ends.
_LAST_ROUND = 4.0


class VolumeManager:
    """The endpoint of the RPC interface, version 1.1.

    :param backends: by the name that they have as a host: `host@backend`.
    :param images: the image service; a seam for tests.
    """

    target = oslo_messaging.Target(version=rpcapi.VERSION)

    def __init__(self, backends: Mapping[str, Backend],
                 images: glance.ImageService | None = None) -> None:
        self._backends = backends
        self._images = images or glance.ImageService()
        self._stopping = threading.Event()
        self._aborted = threading.Event()
        self._worker = worker_name()
        self._slots = Slots()
        self._heard = tracing.Heard()
        self._keeper = Keeper(backends, self._stopping.is_set)
        self._notifier = notifications.Notifier()
        self._uploader = Uploader(backends, self._images,
                                  self._aborted.is_set, self._notifier)
        self._reaper = Reaper(self._worker, self._images, self._slots.uploads,
                              self._uploader.endings.left_behind,
                              self._stopping.is_set, self._notifier)
        self._exporter = Exporter(self._slots.watches)
        self._upload_loop = Loop('uploads', self.sweep_uploads, _interval)
        self._volume_loop = Loop('volumes', self.sweep_volumes, _interval)
        self._loops = (
            self._upload_loop, self._volume_loop,
            Loop('reaper', self._reap, _interval),
            Loop('images', self.check_images,
                 lambda: float(CONF.upload.image_check_interval)))

    # What arrives on the bus.

    @oslo_messaging.expose
    def create_volume(self, context: RequestContext, volume_id: str) -> None:
        self._volume_loop.wake()

    @oslo_messaging.expose
    def delete_volume(self, context: RequestContext, volume_id: str) -> None:
        self._volume_loop.wake()

    @oslo_messaging.expose
    def copy_volume_to_image(self, context: RequestContext,
                             upload_id: str) -> None:
        self._heard.keep(upload_id)
        self._upload_loop.wake()

    @oslo_messaging.expose
    def cancel_upload(self, context: RequestContext, upload_id: str) -> None:
        for watch in self._slots.watches():
            if watch.upload.id == upload_id:
                watch.wake()

    # The life of the manager.

    def start(self) -> None:
        self._exporter.start()
        for loop in self._loops:
            loop.start()

    def reload(self) -> None:
        """Take over what has changed in the configuration."""
        self._uploader.reload()
        self._upload_loop.wake()

    def stop(self, grace: float | None = None) -> None:
        """Claim nothing more and let the running uploads end.

        :param grace: after so many seconds the rest is broken off and put
            back into the queue; None waits for as long as it takes.
        """
        self._stopping.set()
        patience = threading.Timer(grace or 0, self._abort)
        if grace is not None:
            patience.start()
        for loop in self._loops:
            loop.stop(0)
        self._upload_loop.stop(grace)   # it may be claiming its last one
        self._slots.join()
        for loop in self._loops:
            loop.stop(_LAST_ROUND)
        patience.cancel()
        self._exporter.stop()

    def _abort(self) -> None:
        self._aborted.set()
        self._images.abort()

    # The loops' work.

    def sweep_volumes(self) -> None:
        """Say that the manager lives; make and delete volumes."""
        for host in self._backends:
            # A backend that is shared has another name than its managers.
            name = host.rpartition('@')[2]
            services.beat(f'{CONF.host}@{name}', BINARY, rpcapi.TOPIC)
        self._keeper.sweep()

    def sweep_uploads(self) -> None:
        """Claim an upload for each free slot, until there are none."""
        while (not self._stopping.is_set()
                and self._slots.taken() < CONF.upload.max_concurrent):
            upload = queue.claim_next(
                self._backends, self._worker,
                CONF.upload.max_concurrent_per_project)
            if upload is None:
                return
            self._slots.run(Watch(upload, self._images, self._tell),
                            self._run_upload)

    def _tell(self, upload: models.Upload) -> None:
        if CONF.upload.notify_progress:
            self._notifier.progress(upload)

    def _run_upload(self, watch: Watch) -> None:
        upload = watch.upload
        try:
            with tracing.span(
                    'upload', self._heard.take(upload.id), upload=upload.id,
                    volume=upload.volume_id, image=upload.image_id,
                    disk_format=upload.disk_format, attempt=upload.attempt,
                    request_id=upload.request_id) as made:
                self._uploader.run(watch)
                tracing.note(made, watch.fault, status=upload.status,
                             bytes_sent=watch.bytes_sent)
        finally:
            self._upload_loop.wake()

    def _reap(self) -> None:
        self._reaper.sweep()
        self._upload_loop.wake()   # it may have put something back

    def check_images(self) -> None:
        for watch in self._slots.watches():
            watch.check_image()


def _interval() -> float:
    return float(CONF.upload.sweep_interval)
