# SPDX-License-Identifier: Apache-2.0
"""A standalone volupload in the catalogue, and what its clients leave behind.
"""

from collections.abc import Mapping
import http.client
from pathlib import Path
import subprocess
from typing import Any
import uuid

import fixtures

from tests.fixtures import services
from tests.integration import conformance
from tests.integration import small
from tests.integration import upload
from tools.cloud import client
from tools.cloud import http as cloud_http
from tools.cloud import volupload

PIECE = 2 ** 20
TIME = r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$'


def cells(table: str) -> dict[str, str]:
    """The rows of a table of two columns, without its head."""
    rows = [[cell.strip() for cell in line.strip('|').split('|')]
            for line in table.splitlines() if line.startswith('|')]
    return {name: value for name, value in rows[1:]}


class ClientTestCase(upload.UploadTestCase):
    """:ivar kind: the name of the volume's type."""

    kind: str | None = None

    def start_api(self) -> None:
        standalone = self.useFixture(
            services.Shared('volupload', self._build)).service
        # Other tests of this process publish APIs of their own.
        volupload.publish(self.identity, standalone.url)
        self.configuration = standalone.configuration
        self.url = standalone.url
        self.log = standalone.daemon.log
        self.state = conformance.state_of(self.configuration.directory,
                                          self.images)
        self.clients = client.Client(self.identity)
        self.name = f'client-{uuid.uuid4()}'

    def _build(self, directory: Path) -> small.Standalone:
        return small.Standalone(
            volupload.Configuration(directory, self.identity))

    def made(self) -> str:
        """The volume that a client made under our name; written to."""
        [row] = self.state.volumes.rows(
            'SELECT id FROM volumes WHERE name = :name', name=self.name)
        volume_id = str(row['id'])
        self.wait_for_status(volume_id, 'available')
        self.fill(volume_id)
        return volume_id

    def make(self) -> str:
        """A volume under our name, of a type; written to."""
        self.kind = str(self.state.volumes.make_type()['name'])
        self.make_volume(name=self.name, volume_type=self.kind)
        return self.made()

    def answered(self, volume_id: str, *, disk_format: str = 'raw',
                 container_format: str = 'bare') -> dict[str, Any]:
        """The ten keys of the answer to an upload, but `updated_at`."""
        [begun] = self.state.volumes.uploads(volume_id)
        return {
            'id': volume_id, 'status': 'uploading', 'size': 1,
            'display_description': None, 'volume_type': self.kind,
            'image_id': begun['image_id'], 'image_name': self.name,
            'disk_format': disk_format, 'container_format': container_format}

    def printed(self, volume_id: str, **values: str) -> dict[str, str]:
        """The same in a table, with more or other cells."""
        return {key: str(value) for key, value in {
            **self.answered(volume_id), **values}.items()}

    def check_answer(self, expected: Mapping[str, Any],
                     printed: Mapping[str, Any]) -> None:
        """These keys with these values, a time, and nothing else."""
        left = dict(printed)
        self.assertRegex(left.pop('updated_at'), TIME)
        self.assertEqual(expected, left)

    def check_image(self, volume_id: str, *, disk_format: str = 'raw',
                    container_format: str = 'bare',
                    **others: object) -> None:
        """The upload ends with an active image of the volume's bytes.

        :param others: more keys of the image, with their values
        """
        self.wait_for(lambda: [row['status'] for row in (
            self.state.volumes.uploads(volume_id))] == ['succeeded'],
            f'the upload of {volume_id} succeeds')
        [done] = self.state.volumes.uploads(volume_id)
        url = f"{self.images.url}/v2/images/{done['image_id']}"
        image = cloud_http.request('GET', url, token=self.demo.id).json
        # Glance looks into what is in no container.
        size = small.SMALL_GIB if container_format == 'bare' else None
        expected = {
            'status': 'active', 'name': self.name, 'virtual_size': size,
            'disk_format': disk_format, 'container_format': container_format,
            **others}
        self.assertEqual(expected, {key: image[key] for key in expected})
        if disk_format == 'raw':
            self.assertTrue(self._is_same(volume_id, done['image_id']),
                            'the image has other bytes than the volume')
        else:
            self._compare(volume_id, done['image_id'], disk_format)

    def _compare(self, volume_id: str, image_id: str,
                 disk_format: str) -> None:
        path = Path(self.useFixture(fixtures.TempDir()).path, 'image')
        path.write_bytes(self.download(image_id))
        driver = {'vhd': 'vpc'}.get(disk_format, disk_format)
        compared = subprocess.run(
            ['qemu-img', 'compare', '-f', driver, '-F', 'raw', path,
             self.file_of(volume_id)], capture_output=True, text=True)
        self.assertEqual(0, compared.returncode, compared)

    def _is_same(self, volume_id: str, image_id: str) -> bool:
        connection = http.client.HTTPConnection('127.0.0.1',
                                                self.images.port)
        connection.request('GET', f'/v2/images/{image_id}/file', headers={
            'X-Auth-Token': self.demo.id})
        with (connection.getresponse() as image,
              self.file_of(volume_id).open('rb') as volume):
            while piece := image.read(PIECE):
                if piece != volume.read(len(piece)):
                    return False
            return volume.read(1) == b''
