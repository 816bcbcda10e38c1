# SPDX-License-Identifier: Apache-2.0
"""One upload, from the claimed row to the settled one.

`Uploader.run` is the whole flow: open the volume, lay the image out, stream
it into Glance, compare what Glance stored with what was sent, protect it if
that was asked for. Beside it the `Watch` of the upload keeps the lease; what
becomes of the row is decided in one place, `volupload.volume.endings`.

An upload that begins anew can find its image active: the process before died
after the last byte. It is not sent again, which Glance would refuse. The
image is laid out once more and its checksum compared instead. Where that says
something else the image may still be good, if a compressor works differently
each time or a server went on writing; but that cannot be known, and an image
of wrong bytes is worse than an upload that has to be asked for again.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime
import functools
import logging
from typing import Any
import uuid

from oslo_utils import units

from volupload import exception
from volupload.backends import Backend
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import volumes
from volupload.image import glance
from volupload.image import inspection
from volupload.transfer import Chunk
from volupload.transfer import Compression
from volupload.transfer import formats
from volupload.transfer import Identity
from volupload.transfer import Layout
from volupload.transfer import pipeline
from volupload.transfer import Source
from volupload.transfer.throttle import Throttle
from volupload.volume import compression as compressions
from volupload.volume import encryption
from volupload.volume import notifications
from volupload.volume.endings import Endings
from volupload.volume.metered import Metered
from volupload.volume.status import UploadPhase
from volupload.volume.watch import Watch

LOG = logging.getLogger(__name__)

HASH_ALGORITHM = 'sha512'   # what Glance computes by default


class Uploader:
    """Runs uploads; one object serves all worker threads.

    :param backends: by `host@backend`.
    :param aborted: tells, when asked, that the process is about to end.
    """

    def __init__(self, backends: Mapping[str, Backend],
                 images: glance.ImageService,
                 aborted: Callable[[], bool],
                 notifier: notifications.Notifier | None = None) -> None:
        self._backends = backends
        self._images = images
        self._aborted = aborted
        self._notifier = notifier or notifications.Notifier()
        self.endings = Endings(images, aborted, self._notifier)
        self.throttle = Throttle()
        self.reload()

    def reload(self) -> None:
        """Take over what has changed in the configuration."""
        self.throttle.limit = CONF.upload.bandwidth_limit * units.Mi

    def run(self, watch: Watch) -> None:
        """Take a running upload to its end. Raises nothing."""
        upload = watch.upload
        # Log lines of this thread name the request that began it all.
        RequestContext(request_id=upload.request_id, overwrite=True,
                       user_id=upload.user_id, project_id=upload.project_id,
                       resource_uuid=upload.id)
        LOG.info('Upload %s of volume %s into image %s begins, attempt %s',
                 upload.id, upload.volume_id, upload.image_id, upload.attempt)
        self._notifier.start(upload)
        with watch:
            try:
                sent = self._copy(watch)
            except exception.TransferCancelled:
                self.endings.stopped(watch)
            except Exception as error:
                if not isinstance(error, exception.VoluploadError):
                    LOG.exception('Upload %s met an error of a library',
                                  upload.id)
                self.endings.failed(watch, error)
            else:
                self.endings.succeeded(watch, sent)

    def _copy(self, watch: Watch) -> pipeline.Streamed:
        upload = watch.upload
        with self._images.abortable(upload.image_id):
            sent = self._stream(watch)
            if watch.stopped():
                raise exception.TransferCancelled()
        if upload.protected:
            self._images.update_image(upload.image_id, protected=True)
        return sent

    def _stream(self, watch: Watch) -> pipeline.Streamed:
        upload = watch.upload
        volume = volumes.get(upload.volume_id, metadata=False)
        # An API of an earlier release does not look.
        encryption.check_upload(
            volume, upload.disk_format, upload.container_format)
        lay_out = functools.partial(
            _lay_out, upload, compressions.of_type(volume.volume_type))
        backend = self._backends[upload.host]
        with backend.open(volume.id, volume.size_gb * units.Gi) as opened:
            source = Metered(opened, functools.partial(
                setattr, watch, 'bytes_read'))
            try:
                sent = self._send(watch, source, lay_out)
            except exception.ImageAlreadyActive:
                return self._prove(watch, source, lay_out)
        watch.phase = UploadPhase.VERIFYING
        self._verify(upload, sent)
        return sent

    def _send(self, watch: Watch, source: Source,
              lay_out: Callable[[Source], Layout]) -> pipeline.Streamed:
        def sink(chunks: Iterator[Chunk], image_size: int | None) -> None:
            watch.phase = UploadPhase.SENDING
            watch.image_size = image_size
            self._images.upload_data(
                watch.upload.image_id, chunks, image_size)
        checked = CONF.upload.verify_checksum
        return pipeline.stream(
            source, lay_out, sink,
            hash_algorithm=HASH_ALGORITHM if checked else None,
            by_reference=not checked and self._images.takes_files,
            progress=functools.partial(setattr, watch, 'bytes_sent'),
            cancelled=lambda: watch.stopped() or self._aborted(),
            throttle=self.throttle)

    def _prove(self, watch: Watch, source: Source,
               lay_out: Callable[[Source], Layout]) -> pipeline.Streamed:
        """What would have been sent, if the image is just that."""
        upload = watch.upload
        watch.phase = UploadPhase.VERIFYING
        LOG.warning('Image %s of upload %s has its data already, which is '
                    'compared with the volume now', upload.image_id,
                    upload.id)
        sent = pipeline.stream(
            source, lay_out, _swallow, hash_algorithm=HASH_ALGORITHM,
            cancelled=lambda: watch.stopped() or self._aborted())
        try:
            if not self._verify(upload, sent):
                raise exception.ImageAlreadyActive(image_id=upload.image_id)
        except (exception.ChecksumMismatch,
                exception.ImageAlreadyActive) as error:
            raise exception.ImageNotProven(reason=str(error)) from error
        return sent

    def _verify(self, upload: models.Upload,
                sent: pipeline.Streamed) -> bool:
        """Compare the image with what was sent.

        :returns: whether not only the size was compared.
        :raises ChecksumMismatch: it is something else.
        """
        image = self._images.get_stored_image(upload.image_id)
        if image.get('status') != 'active':
            raise exception.ImageServiceError(
                reason=f"the image is {image.get('status')} after its data "
                       'was sent')
        _compare('size', sent.bytes_sent, image.get('size'))
        if not sent.digest:
            return False
        if image.get('os_hash_algo') == HASH_ALGORITHM:
            _compare(HASH_ALGORITHM, sent.digest, image.get('os_hash_value'))
            return True
        LOG.warning('Glance hashes with %s, not %s: only the size of image'
                    ' %s was compared', image.get('os_hash_algo'),
                    HASH_ALGORITHM, upload.image_id)
        return False


def _lay_out(upload: models.Upload, compression: Compression,
             source: Source) -> Layout:
    """In the reading thread: it may wait for the volume."""
    make_layout = formats.FORMATS.get(upload.disk_format)
    if make_layout is None:
        raise exception.UnsupportedFormat(disk_format=upload.disk_format)
    # Glance looks into bare images only. What we make in the other formats
    # it has nothing against.
    if ((upload.disk_format, upload.container_format) == ('raw', 'bare')
            and CONF.upload.inspect_content):
        inspection.check(source)
    # The same at each attempt, so that what an earlier one has stored can be
    # proven to be this image.
    identity = Identity(uuid.UUID(upload.image_id),
                        upload.created_at.replace(tzinfo=datetime.UTC))
    return make_layout(source, compression, identity)


def _swallow(chunks: Iterator[Chunk], image_size: int | None) -> None:
    for _chunk in chunks:
        pass


def _compare(algorithm: str, ours: Any, glances: Any) -> None:
    if ours != glances:
        raise exception.ChecksumMismatch(
            algorithm=algorithm, expected=ours, actual=glances)
