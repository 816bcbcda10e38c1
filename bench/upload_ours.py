# SPDX-License-Identifier: Apache-2.0
"""volupload's way of an upload: streamed, its checksum compared.

It is what a volume manager does between the claimed row and the settled one,
without database and bus. Orders without an image go to /dev/null: no more
than the conversion.
"""

from collections.abc import Iterator
import functools
from typing import Any
import uuid

from bench import worker
from volupload import conf
from volupload import exception
from volupload.backends import file
from volupload.image import glance
from volupload.transfer import Chunk
from volupload.transfer import Compression
from volupload.transfer import formats
from volupload.transfer import pipeline
from volupload.transfer import Sink

HASH_ALGORITHM = 'sha512'


class Ours:
    """Does one order after the other, as a worker thread of a manager does.

    :param configuration: a volupload.conf with a section [glance]
    :param volumes: a directory of files named by volume id
    """

    def __init__(self, configuration: str, volumes: str) -> None:
        conf.parse(['--config-file', configuration], 'bench')
        self._volumes = file.FileBackend('bench', volumes)
        self._images = glance.ImageService()
        self._make_contact()

    def __call__(self, *, volume_id: str, size: int, disk_format: str,
                 codec: str, image_id: str | None) -> dict[str, Any]:
        """Upload one volume, or only convert it.

        :raises SystemExit: Glance has other bytes than were sent
        """
        sink: Sink = _discard
        if image_id:
            sink = functools.partial(self._images.upload_data, image_id)
        make = formats.FORMATS[disk_format]
        with self._volumes.open(volume_id, size) as source:
            sent = pipeline.stream(
                source, lambda opened: make(opened, Compression(codec)),
                sink, hash_algorithm=HASH_ALGORITHM)
        if image_id:
            self._check(image_id, sent)
        return {'sent': sent.bytes_sent}

    def _check(self, image_id: str, sent: pipeline.Streamed) -> None:
        image = self._images.get_stored_image(image_id)
        got = image['status'], image['size'], image['os_hash_value']
        if got != ('active', sent.bytes_sent, sent.digest):
            raise SystemExit(f'Glance has {got} of {sent}')

    def _make_contact(self) -> None:
        """Get a token and find Glance, which a manager does once."""
        try:
            self._images.get_image(str(uuid.uuid4()))
        except exception.ImageNotFound:
            return
        raise SystemExit('Glance has an image that was never made')


def _discard(chunks: Iterator[Chunk], image_size: int | None) -> None:
    with open('/dev/null', 'wb', buffering=0) as nowhere:
        for chunk in chunks:
            assert isinstance(chunk, memoryview)
            nowhere.write(chunk)


if __name__ == '__main__':
    worker.serve(Ours)
