# SPDX-License-Identifier: Apache-2.0
"""What tests of an upload itself have in common: the volume's bytes."""

import hashlib
import os
from pathlib import Path

from tests.integration import conformance
from tests.integration import small
from tests.integration import state
from tools.cloud import http

# So many small GiB that their upload is still under way when a test has had a
# look at it and done something: about two seconds.
LONG = 256 * 1024 * 1024 // small.SMALL_GIB


class UploadTestCase(conformance.ApiTestCase):

    def file_of(self, volume_id: str) -> Path:
        return self.configuration.volumes / volume_id

    def write(self, volume_id: str, pieces: dict[int, bytes]) -> None:
        """Write as a guest would: bytes by their offset."""
        with self.file_of(volume_id).open('r+b') as volume:
            for offset, data in pieces.items():
                volume.seek(offset)
                volume.write(data)

    def fill(self, volume_id: str) -> None:
        """Random bytes at the start, the end, and at odd places."""
        size = self.file_of(volume_id).stat().st_size
        self.write(volume_id, {
            offset: os.urandom(min(10_000, size - offset))
            for offset in (0, size // 3 + 1, size // 2, size - 10_000)})

    def download(self, image_id: str) -> bytes:
        """The image as its owner gets it from Glance."""
        answer = http.request(
            'GET', f'{self.images.url}/v2/images/{image_id}/file',
            token=self.demo.id)
        self.assertEqual(200, answer.status, answer.body[:1000])
        return answer.body

    def check_bytes(self, volume_id: str, upload: state.Row) -> None:
        """The image is active and the volume, byte by byte."""
        data = self.file_of(volume_id).read_bytes()
        image = self.state.image(upload['image_id'])
        self.assertEqual(
            ('active', len(data), 'sha512', hashlib.sha512(data).hexdigest()),
            (image['status'], image['size'], image['os_hash_algo'],
             image['os_hash_value']))
        self.assertTrue(data == self.download(upload['image_id']),
                        'the image has other bytes than the volume')
        self.assertEqual((len(data), len(data)),
                         (upload['image_size'], upload['bytes_sent']))

    def wait_until_sending(self, image_id: str) -> None:
        """Until Glance has some of the data, and not yet all."""
        stored = self.images.images / image_id
        self.wait_for(
            lambda: stored.exists() and stored.stat().st_size > 2 ** 20,
            f'data of image {image_id} arrives', interval=0.01)

    def check_failed(self, volume_id: str, upload: state.Row, reason: str,
                     status: str = 'available') -> None:
        """Failed for a reason like this one, and the volume is back."""
        self.assertEqual('failed', upload['status'])
        self.assertIn(reason, upload['reason'])
        self.assertEqual(status, self.state.volumes.status(volume_id))
        self.wait_for(lambda: bool(self._failures(upload['id'])),
                      'the failure is logged')   # the row is written first
        lines = self._failures(upload['id'])
        self.assertEqual(1, len(lines), lines)
        self.assertIn(upload['request_id'], lines[0])
        self.assertIn(reason, lines[0])

    def _failures(self, upload_id: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines()
                if f'Upload {upload_id} of' in line
                and ' failed after ' in line]

    def check_deleted(self, image_id: str) -> None:
        """The image is deleted.

        Not always at once: a Glance that has just noticed that its sender is
        gone may answer a deletion with 500, and is asked again.
        """
        self.wait_for(lambda: bool(self.state.image(image_id)['deleted']),
                      f'image {image_id} is deleted')

    def check_gone(self, image_id: str) -> None:
        """The image is deleted, and so is what there was of its data."""
        self.check_deleted(image_id)
        self.wait_for(lambda: not (self.images.images / image_id).exists(),
                      f'the data of image {image_id} is removed')
