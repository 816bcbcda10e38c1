# SPDX-License-Identifier: Apache-2.0
"""Deletes, later, images that Glance was not there to delete.

They are of uploads that have failed before they were queued: the volume is
given back at once, whatever Glance does. A thread tries every few seconds, for
as long as the process lives. What is left when it ends is in the log.
"""

import logging
import threading
import time

from volupload import exception
from volupload.db import models
from volupload.image import glance
from volupload.volume import aside

LOG = logging.getLogger(__name__)


class Leftovers:
    """The first upload of the process starts the thread."""

    pause = 10.0   # seconds between two rounds

    def __init__(self, images: glance.ImageService) -> None:
        self._images = images
        self._lock = threading.Lock()
        self._waiting: list[models.Upload] = []
        self._thread: threading.Thread | None = None

    def put(self, upload: models.Upload, error: Exception) -> None:
        """Have its image deleted; `error` is why it could not be."""
        LOG.error('Image %s of upload %s, which failed, cannot be deleted '
                  'yet: %s', upload.image_id, upload.id, error)
        with self._lock:
            self._waiting.append(upload)
            if self._thread is None:   # not before the server has forked
                self._thread = aside.start(self._run, 'leftovers')

    def _run(self) -> None:
        while True:
            time.sleep(self.pause)
            for upload in tuple(self._waiting):
                if self._delete(upload):
                    with self._lock:
                        self._waiting.remove(upload)

    def _delete(self, upload: models.Upload) -> bool:
        try:
            self._images.delete_image(upload.image_id, retry=False)
        except exception.ImageError:
            return False
        except Exception:
            LOG.exception('Image %s is still there', upload.image_id)
            return False
        LOG.info('Image %s of upload %s, which failed, is deleted',
                 upload.image_id, upload.id)
        return True
