# SPDX-License-Identifier: Apache-2.0
"""The ordinary clients, with a volume of a whole GiB, from create to bytes."""

import json
import uuid

import openstack

from tests.integration import clients
from tests.integration import oldclient
from tools.cloud import client
from tools.cloud import http as cloud_http


class TestOpenstack(clients.ClientTestCase):

    def test_openstack_image_create_from_a_volume(self) -> None:
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            self.name)
        volume_id = self.made()
        answer = self.clients.output(
            'openstack', 'image', 'create', '--volume', self.name,
            '--disk-format', 'raw', self.name)
        self.assertIn('uploading', answer)
        self.check_uploaded(volume_id)

    def test_openstack_image_create_as_vmdk(self) -> None:
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            self.name)
        volume_id = self.made()
        self.clients.output(
            'openstack', 'image', 'create', '--volume', self.name,
            '--disk-format', 'vmdk', self.name)
        self.check_converted(volume_id, 'vmdk')

    def test_openstack_image_create_from_an_attached_volume(self) -> None:
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            self.name)
        volume_id = self.made()
        self.state.volumes.set_status(volume_id, 'in-use')
        refused = self.clients.run(
            'openstack', 'image', 'create', '--volume', self.name, self.name)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn('in-use', refused.stderr)


    def test_openstack_image_create_by_id_prints_what_it_did(self) -> None:
        kind = self.state.volumes.make_type()
        self.clients.output(
            'openstack', 'volume', 'create', '--size', '1', '--type',
            kind['name'], self.name)
        volume_id = self.made()
        done = self.clients.run(
            'openstack', 'image', 'create', '--volume', volume_id,
            '--disk-format', 'qcow2', self.name, '-f', 'json')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        shown = json.loads(done.stdout)
        self.assertEqual(
            (volume_id, 'uploading', self.name, 'qcow2', 'bare', 1,
             kind['name']),
            tuple(shown[key] for key in (
                'id', 'status', 'image_name', 'disk_format',
                'container_format', 'size', 'volume_type')))
        self.check_converted(volume_id, 'qcow2')


    def test_what_the_volume_says_the_image_says(self) -> None:
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            self.name)
        volume_id = self.made()
        self.clients.output(
            'openstack', 'volume', 'set', '--bootable', '--image-property',
            'os_distro=debian', '--image-property', 'min_disk=2',
            '--image-property', 'checksum=wrong', '--image-property', 'x=y',
            self.name)
        self.clients.output('openstack', 'volume', 'unset',
                            '--image-property', 'x', self.name)
        shown = self.clients.json('openstack', 'volume', 'show', self.name)
        self.assertEqual(
            ('true', {'os_distro': 'debian', 'min_disk': '2',
                      'checksum': 'wrong'}),
            (str(shown['bootable']).lower(), shown['volume_image_metadata']))
        self.clients.output(
            'openstack', 'image', 'create', '--volume', self.name,
            '--disk-format', 'qcow2', self.name)
        self.wait_for_status(volume_id, 'available')
        [done] = self.state.volumes.uploads(volume_id)
        image = cloud_http.request(
            'GET', f"{self.images.url}/v2/images/{done['image_id']}",
            token=self.demo.id).json
        self.assertEqual(
            ('active', 'debian', 2, None), (
                image['status'], image['os_distro'], image['min_disk'],
                image.get('x')))

    def test_admins_reset_and_delete(self) -> None:
        admin = client.Client(self.identity, user='admin',
                              project=self.clients.project)
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            self.name)
        volume_id = self.made()
        refused = self.clients.run('openstack', 'volume', 'set', '--state',
                                   'error', volume_id)
        self.assertNotEqual(0, refused.returncode)
        admin.output('openstack', 'volume', 'set', '--state', 'maintenance',
                     volume_id)
        self.wait_for_status(volume_id, 'maintenance')
        admin.output('openstack', 'volume', 'delete', '--force', volume_id)
        self.assertNotIn(volume_id, self.clients.output(
            'openstack', 'volume', 'list', '-f', 'value', '-c', 'ID',
            '--name', self.name))


class TestSdk(clients.ClientTestCase):

    def connect(self, version: str) -> openstack.connection.Connection:
        environ = self.clients.environ
        connection = openstack.connection.Connection(
            region_name=environ['OS_REGION_NAME'],
            block_storage_api_version=version,
            auth={name: environ[f'OS_{name.upper()}'] for name in (
                'auth_url', 'username', 'password', 'project_name',
                'user_domain_id', 'project_domain_id')})
        self.addCleanup(connection.close)
        return connection

    def test_the_proxy_of_v3(self) -> None:
        storage = self.connect('3').block_storage
        volume = storage.create_volume(name=self.name, size=1)
        volume_id = self.made()
        answer = storage.upload_volume_to_image(
            volume, self.name, disk_format='qcow2', visibility='private',
            protected=False)
        self.assertEqual(('uploading', 'qcow2', 'private'), tuple(
            answer[key] for key in ('status', 'disk_format', 'visibility')))
        self.check_converted(volume_id, 'qcow2')
        self.assertEqual([volume_id], [
            one.id for one in storage.volumes(name=self.name)])

    def test_the_proxy_of_v2(self) -> None:
        storage = self.connect('2').block_storage
        volume = storage.create_volume(name=self.name, size=1)
        volume_id = self.made()
        answer = storage.upload_volume_to_image(volume, self.name)
        self.assertEqual(('uploading', 'raw', 'bare'), tuple(
            answer[key] for key in (
                'status', 'disk_format', 'container_format')))
        self.check_uploaded(volume_id)

    def test_the_cloud_layer(self) -> None:
        connection = self.connect('3')
        volume = connection.create_volume(1, name=self.name)
        volume_id = self.made()
        image = connection.create_image(
            self.name, volume=volume, wait=True, timeout=120)
        self.assertEqual(('active', self.name, 'qcow2'),
                         (image.status, image.name, image.disk_format))
        self.check_converted(volume_id, 'qcow2')


class TestCinder(clients.ClientTestCase):

    def test_cinder_upload_to_image_on_v3(self) -> None:
        self.clients.output('cinder', 'create', '1', '--name', self.name)
        volume_id = self.made()
        answer = self.clients.output(
            'cinder', 'upload-to-image', '--force', 'True', self.name,
            self.name)
        self.assertRegex(answer, r'status\s*\|\s*uploading')
        self.check_uploaded(volume_id)

    def test_cinder_upload_to_image_as_qcow2_and_vmdk(self) -> None:
        for disk_format in ('qcow2', 'vmdk'):
            self.name = f'client-{uuid.uuid4()}'
            self.clients.output('cinder', 'create', '1', '--name', self.name)
            volume_id = self.made()
            self.clients.output(
                'cinder', 'upload-to-image', '--disk-format', disk_format,
                self.name, self.name)
            self.check_converted(volume_id, disk_format)

    def test_cinder_7_4_upload_to_image_on_v2(self) -> None:
        old = client.Client(self.identity,
                            bin_directory=oldclient.bin_directory())
        version = old.run('cinder', '--version')
        self.assertRegex(version.stdout + version.stderr, r'^7\.4\.')
        v2 = ('cinder', '--os-volume-api-version', '2')
        old.output(*v2, 'create', '1', '--name', self.name)
        volume_id = self.made()
        answer = old.output(*v2, 'upload-to-image', self.name, self.name)
        self.assertRegex(answer, r'status\s*\|\s*uploading')
        self.check_uploaded(volume_id)
        self.assertIn(f'"POST /v2/{self.demo.project_id}/volumes/{volume_id}/'
                      'action" 202', self.log.read_text())
