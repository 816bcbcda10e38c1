# SPDX-License-Identifier: Apache-2.0
"""A standalone volupload in the catalogue, and what its clients leave behind.
"""

import http.client
from pathlib import Path
import subprocess
import uuid

import fixtures

from tests.fixtures import services
from tests.integration import conformance
from tests.integration import upload
from tools.cloud import client
from tools.cloud import http as cloud_http
from tools.cloud import volupload

PIECE = 2 ** 20


class ClientTestCase(upload.UploadTestCase):

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

    def _build(self, directory: Path) -> volupload.Standalone:
        return volupload.Standalone(
            volupload.Configuration(directory, self.identity))

    def made(self) -> str:
        """The volume that a client made under our name; written to."""
        [row] = self.state.volumes.rows(
            'SELECT id FROM volumes WHERE name = :name', name=self.name)
        volume_id = str(row['id'])
        self.wait_for_status(volume_id, 'available')
        self.fill(volume_id)
        return volume_id

    def check_uploaded(self, volume_id: str) -> None:
        """The upload ends with an active image of the volume's bytes."""
        self.wait_for_status(volume_id, 'available')
        [done] = self.state.volumes.uploads(volume_id)
        self.assertEqual(('succeeded', self.name),
                         (done['status'], done['image_name']))
        shown = self.clients.json('openstack', 'image', 'show',
                                  done['image_id'])
        self.assertEqual(('active', 2 ** 30, self.name),
                         (shown['status'], shown['size'], shown['name']))
        self.assertTrue(self._is_same(volume_id, done['image_id']),
                        'the image has other bytes than the volume')
        # Glance keeps the zeros, too: a GiB of disk.
        cloud_http.request(
            'DELETE', f"{self.images.url}/v2/images/{done['image_id']}",
            token=self.demo.id)

    def check_converted(self, volume_id: str, disk_format: str) -> None:
        """The same of a format that is not the volume's bytes."""
        self.wait_for_status(volume_id, 'available')
        [done] = self.state.volumes.uploads(volume_id)
        self.assertEqual(('succeeded', disk_format),
                         (done['status'], done['disk_format']))
        shown = self.clients.json('openstack', 'image', 'show',
                                  done['image_id'])
        self.assertEqual(
            ('active', disk_format, 2 ** 30), (
                shown['status'], shown['disk_format'],
                shown['virtual_size']))
        path = Path(self.useFixture(fixtures.TempDir()).path, 'image')
        path.write_bytes(self.download(done['image_id']))
        compared = subprocess.run(
            ['qemu-img', 'compare', '-f', disk_format, '-F', 'raw', path,
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
