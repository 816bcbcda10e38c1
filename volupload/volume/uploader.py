# SPDX-License-Identifier: Apache-2.0
"""One upload, from the claimed row to the settled one.

`Uploader.run` is the whole flow: open the volume, lay the image out, stream
it into Glance, compare what Glance stored with what was sent, settle. Every
failure ends in the same place: the image is deleted, the volume gets its
earlier status back, and the row says why.

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
from volupload.db import volumes
from volupload.image import glance
from volupload.image import inspection
from volupload.transfer import Chunk
from volupload.transfer import Compression
from volupload.transfer import formats
from volupload.transfer import Layout
from volupload.transfer import pipeline
from volupload.transfer import Source
from volupload.transfer.throttle import Throttle
from volupload.volume import compression as compressions
from volupload.volume.endings import Endings

LOG = logging.getLogger(__name__)

HASH_ALGORITHM = 'sha512'   # what Glance computes by default


class Uploader:
    """Runs uploads; one object serves all worker threads.

    :param backends: by `host@backend`.
    :param aborted: tells, when asked, that the process is about to end.
    """

    def __init__(self, backends: Mapping[str, Backend],
                 images: glance.ImageService,
                 aborted: Callable[[], bool]) -> None:
        self._backends = backends
        self._images = images
        self._aborted = aborted
        self.endings = Endings(images, aborted)
        self.throttle = Throttle(CONF.upload.bandwidth_limit * units.Mi)

    def run(self, upload: models.Upload) -> None:
        """Take a running upload to its end. Raises nothing."""
        # Log lines of this thread name the request that began it all.
        RequestContext(request_id=upload.request_id, overwrite=True,
                       user_id=upload.user_id, project_id=upload.project_id)
        try:
            with self._images.abortable(upload.image_id):
                sent = self._copy(upload)
        except exception.TransferCancelled:
            self.endings.requeue(upload)
        except exception.VoluploadError as error:
            self.endings.fail(upload, str(error))
        except Exception as error:
            LOG.exception('Upload %s met an error that nobody foresaw',
                          upload.id)
            self.endings.fail(
                upload, f'Internal error: {type(error).__name__}')
        else:
            self.endings.succeed(upload, sent)

    def _copy(self, upload: models.Upload) -> pipeline.Streamed:
        began = time.monotonic()
        LOG.info('Upload %s of volume %s into image %s begins',
                 upload.id, upload.volume_id, upload.image_id)
        sent = self._stream(upload)
        if upload.protected:
            self._images.update_image(upload.image_id, protected=True)
        LOG.info('Upload %s of volume %s into image %s succeeded: %s bytes '
                 'in %.1f s', upload.id, upload.volume_id, upload.image_id,
                 sent.bytes_sent, time.monotonic() - began)
        return sent

    def _stream(self, upload: models.Upload) -> pipeline.Streamed:
        volume = volumes.get(upload.volume_id, metadata=False)
        lay_out = functools.partial(
            _lay_out, upload, compressions.of_type(volume.volume_type))
        backend = self._backends[upload.host]
        with backend.open(volume.id, volume.size_gb * units.Gi) as source:
            try:
                sent = self._send(upload, source, lay_out)
            except exception.ImageAlreadyActive:
                return self._prove(upload, source, lay_out)
        self._verify(upload, sent)
        return sent

    def _send(self, upload: models.Upload, source: Source,
              lay_out: Callable[[Source], Layout]) -> pipeline.Streamed:
        checked = CONF.upload.verify_checksum
        return pipeline.stream(
            source, lay_out,
            functools.partial(self._images.upload_data, upload.image_id),
            hash_algorithm=HASH_ALGORITHM if checked else None,
            by_reference=not checked and self._images.takes_files,
            cancelled=self._aborted, throttle=self.throttle)

    def _prove(self, upload: models.Upload, source: Source,
               lay_out: Callable[[Source], Layout]) -> pipeline.Streamed:
        """What would have been sent, if the image is just that."""
        LOG.warning('Image %s of upload %s has its data already, which is '
                    'compared with the volume now', upload.image_id,
                    upload.id)
        sent = pipeline.stream(source, lay_out, _swallow,
                               hash_algorithm=HASH_ALGORITHM,
                               cancelled=self._aborted)
        try:
            if not self._verify(upload, sent):
                raise exception.ImageAlreadyActive(image_id=upload.image_id)
        except (exception.ChecksumMismatch,
                exception.ImageAlreadyActive) as error:
            raise exception.ImageServiceError(
                reason='an attempt that broke off had sent everything, but '
                       'that it was this volume cannot be proven any more: '
                       f'{error}') from error
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
    return make_layout(source, compression)


def _swallow(chunks: Iterator[Chunk], image_size: int | None) -> None:
    for _chunk in chunks:
        pass


def _compare(algorithm: str, ours: Any, glances: Any) -> None:
    if ours != glances:
        raise exception.ChecksumMismatch(
            algorithm=algorithm, expected=ours, actual=glances)
