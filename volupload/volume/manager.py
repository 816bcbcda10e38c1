# SPDX-License-Identifier: Apache-2.0
"""The volume manager: makes volumes, deletes them, uploads them.

What there is to do stands in the database. An RPC message only wakes one of
two loops, which look there and also do so by themselves every
``sweep_interval`` seconds; a message that is lost delays work, no more.

* *volumes* says that the manager lives, and has `volupload.volume.keeper`
  make new volumes and delete those that are to go;
* *uploads* gives every free slot of ``max_concurrent`` the oldest queued
  upload, to be run by `volupload.volume.uploader`.
"""

from collections.abc import Mapping
from concurrent import futures
import logging
import threading

import oslo_messaging

from volupload.backends import Backend
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import services
from volupload.db import uploads
from volupload.image import glance
from volupload.volume import orphans
from volupload.volume import rpcapi
from volupload.volume.keeper import Keeper
from volupload.volume.loop import Loop
from volupload.volume.uploader import Uploader

LOG = logging.getLogger(__name__)

BINARY = 'volupload-volume'


class VolumeManager:
    """The endpoint of the RPC interface, version 1.0.

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
        self._keeper = Keeper(backends, self._stopping.is_set)
        self._uploader = Uploader(backends, self._images,
                                  self._aborted.is_set)
        self._pool = futures.ThreadPoolExecutor(
            CONF.upload.max_concurrent, thread_name_prefix='upload')
        self._slots = threading.Semaphore(CONF.upload.max_concurrent)
        self._volume_loop = Loop('volumes', self.sweep_volumes, _interval)
        self._upload_loop = Loop('uploads', self.sweep_uploads, _interval)

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
        self._upload_loop.wake()

    # The life of the manager.

    def start(self) -> None:
        orphans.requeue(self._backends)
        self._volume_loop.start()
        self._upload_loop.start()

    def stop(self, grace: float | None = None) -> None:
        """Claim nothing more and let the running uploads end.

        :param grace: after so many seconds the rest is broken off and put
            back into the queue; None waits for as long as it takes.
        """
        self._stopping.set()
        patience = threading.Timer(grace or 0, self._abort)
        if grace is not None:
            patience.start()
        self._upload_loop.stop(grace)
        self._volume_loop.stop(grace)
        self._pool.shutdown(wait=True)
        patience.cancel()

    def _abort(self) -> None:
        self._aborted.set()
        self._images.abort()

    # The two loops' work.

    def sweep_volumes(self) -> None:
        """Say that the manager lives; make and delete volumes."""
        for host in self._backends:
            services.beat(host, BINARY, rpcapi.TOPIC)
        self._keeper.sweep()

    def sweep_uploads(self) -> None:
        """Give the free slots work, until there is none or no slot."""
        while self._slots.acquire(blocking=False):
            upload = None
            try:
                upload = uploads.claim_next(
                    self._backends, orphans.worker())
            finally:
                if upload is None:
                    self._slots.release()
            if upload is None:
                return
            self._pool.submit(self._run_upload, upload)

    def _run_upload(self, upload: models.Upload) -> None:
        try:
            self._uploader.run(upload)
        finally:
            self._slots.release()
            self._upload_loop.wake()


def _interval() -> float:
    return float(CONF.upload.sweep_interval)
