# SPDX-License-Identifier: Apache-2.0
"""The ordinary clients, from create to bytes.

What they print is that which they print against Cinder: the documented keys
of the answer with the name of the volume type, and no warning.
"""

from collections.abc import Iterator
import contextlib
import json
import subprocess
from typing import Any
import uuid
import warnings

import openstack

from tests.integration import clients
from tests.integration import oldclient
from tools.cloud import client
from tools.cloud import http as cloud_http

# The sdk has many, for its own developers.
HIDDEN = (DeprecationWarning, PendingDeprecationWarning, ResourceWarning)


class TestOpenstack(clients.ClientTestCase):

    def create_image(self, volume: str, *arguments: str,
                     warning: str = '') -> str:
        """What is printed; on stderr there is this, and no more."""
        done = self.clients.run('openstack', 'image', 'create', '--volume',
                                volume, self.name, *arguments)
        self.assertEqual((0, warning), (done.returncode, done.stderr))
        return done.stdout

    def test_openstack_image_create_by_name_prints_what_it_did(self) -> None:
        self.kind = str(self.state.volumes.make_type()['name'])
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            '--type', self.kind, self.name)
        volume_id = self.made()
        table = self.create_image(self.name)
        self.check_answer(self.printed(
            volume_id, visibility='private', protected='False'),
            clients.cells(table))
        self.check_image(volume_id, visibility='private', protected=False)

    def test_openstack_image_create_by_id_prints_what_it_did(self) -> None:
        volume_id = self.make()
        shown = self.create_image(
            volume_id, '--disk-format', 'qcow2', '--container-format', 'ovf',
            '--community', '-f', 'json')
        self.check_answer({
            **self.answered(volume_id, disk_format='qcow2',
                            container_format='ovf'),
            'visibility': 'community', 'protected': False},
            json.loads(shown))
        self.check_image(volume_id, disk_format='qcow2',
                         container_format='ovf', visibility='community')

    def test_openstack_image_create_from_an_attached_volume(self) -> None:
        volume_id = self.make()
        self.state.volumes.set_status(volume_id, 'in-use')
        refused = self.clients.run(
            'openstack', 'image', 'create', '--volume', self.name, self.name)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn('in-use', refused.stderr)
        # The client warns of --force, whatever the cloud, and passes it on.
        self.create_image(
            self.name, '--force', '--disk-format', 'vmdk',
            warning="'--force' was given, which is not supported when "
            'creating an image from a volume. This will be an error in a '
            'future version.\n')
        self.check_image(volume_id, disk_format='vmdk')
        self.assertEqual('in-use', self.state.volumes.status(volume_id))

    def test_what_the_volume_says_the_image_says(self) -> None:
        volume_id = self.make()
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
        self.create_image(self.name, '--disk-format', 'qcow2')
        [begun] = self.state.volumes.uploads(volume_id)
        image = cloud_http.request(
            'GET', f"{self.images.url}/v2/images/{begun['image_id']}",
            token=self.demo.id).json
        self.assertNotIn('x', image)
        self.check_image(volume_id, disk_format='qcow2', os_distro='debian',
                         min_disk=2)

    def test_admins_reset_and_delete(self) -> None:
        admin = client.Client(self.identity, user='admin',
                              project=self.clients.project)
        volume_id = self.make()
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

    @contextlib.contextmanager
    def no_warnings(self) -> Iterator[None]:
        """None of those that Python shows to a user by default."""
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter('always')
            for category in HIDDEN:
                warnings.simplefilter('ignore', category)
            yield
        self.assertEqual([], [str(one.message) for one in seen])

    def create(self, storage: Any) -> Any:
        self.kind = str(self.state.volumes.make_type()['name'])
        volume = storage.create_volume(name=self.name, size=1,
                                       volume_type=self.kind)
        self.made()
        return volume

    def test_the_proxy_of_v3(self) -> None:
        storage = self.connect('3').block_storage
        with self.no_warnings():
            volume = self.create(storage)
            answer = storage.upload_volume_to_image(
                volume, self.name, disk_format='qcow2', visibility='private',
                protected=False)
        self.check_answer({
            **self.answered(volume.id, disk_format='qcow2'),
            'visibility': 'private', 'protected': False},
            answer | {'volume_type': answer['volume_type']['name']})
        self.check_image(volume.id, disk_format='qcow2')
        self.assertEqual([(volume.id, self.kind)], [
            (one.id, one.volume_type)
            for one in storage.volumes(name=self.name)])

    def test_the_proxy_of_v2(self) -> None:
        storage = self.connect('2').block_storage
        with self.no_warnings():
            volume = self.create(storage)
            answer = storage.upload_volume_to_image(volume, self.name)
        self.check_answer(self.answered(volume.id), answer)
        self.check_image(volume.id)

    def test_the_cloud_layer(self) -> None:
        connection = self.connect('3')
        volume = self.create(connection.block_storage)
        with self.no_warnings():
            image = connection.create_image(
                self.name, volume=volume, wait=True, timeout=120)
        self.assertEqual(
            ('active', self.name, 'qcow2', 'bare'),
            (image.status, image.name, image.disk_format,
             image.container_format))
        self.check_image(volume.id, disk_format='qcow2')


class TestCinder(clients.ClientTestCase):

    def upload(self, *arguments: str) -> dict[str, str]:
        """The table that is printed, with nothing beside it on stderr."""
        done = self.clients.run('cinder', 'upload-to-image', *arguments,
                                self.name, self.name)
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        return clients.cells(done.stdout)

    def test_cinder_upload_to_image_of_an_attached_volume(self) -> None:
        self.kind = str(self.state.volumes.make_type()['name'])
        self.clients.output('cinder', 'create', '1', '--name', self.name,
                            '--volume-type', self.kind)
        volume_id = self.made()
        self.state.volumes.set_status(volume_id, 'in-use')
        printed = self.upload('--force', 'True')
        self.check_answer(self.printed(
            volume_id, visibility='private', protected='False'), printed)
        self.check_image(volume_id, visibility='private', protected=False)
        self.assertEqual('in-use', self.state.volumes.status(volume_id))

    def test_cinder_upload_to_image_in_every_format(self) -> None:
        for disk_format, container_format, visibility in (
                ('qcow2', 'bare', 'private'), ('vmdk', 'ovf', 'community'),
                ('vdi', 'bare', 'private'), ('vhd', 'ovf', 'private'),
                ('vhdx', 'bare', 'shared')):
            self.name = f'client-{uuid.uuid4()}'
            volume_id = self.make()
            printed = self.upload(
                '--disk-format', disk_format, '--container-format',
                container_format, '--visibility', visibility)
            self.check_answer(self.printed(
                volume_id, disk_format=disk_format, protected='False',
                container_format=container_format, visibility=visibility),
                printed)
            self.check_image(
                volume_id, disk_format=disk_format,
                container_format=container_format, visibility=visibility)



class TestOldCinder(clients.ClientTestCase):
    """The last client that speaks v2, of which it warns, whatever it meets."""

    WARNING = ('WARNING:cinderclient.api_versions:Version 2 is deprecated, '
               'use alternative version 3 instead.\n')

    def setUp(self) -> None:
        super().setUp()
        self.old = client.Client(self.identity,
                                 bin_directory=oldclient.bin_directory())

    def run_old(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.old.run('cinder', '--os-volume-api-version', '2',
                            *arguments)

    def test_cinder_7_4_upload_to_image_on_v2(self) -> None:
        version = self.old.run('cinder', '--version')
        self.assertRegex(version.stdout + version.stderr, r'^7\.4\.')
        self.run_old('create', '1', '--name', self.name)
        volume_id = self.made()
        done = self.run_old('upload-to-image', self.name, self.name)
        self.assertEqual((0, self.WARNING), (done.returncode, done.stderr))
        self.check_answer(self.printed(volume_id),
                          clients.cells(done.stdout))
        self.check_image(volume_id)
        self.assertIn(f'"POST /v2/{self.demo.project_id}/volumes/{volume_id}/'
                      'action" 202', self.log.read_text())

    def test_cinder_7_4_cannot_print_a_volume_type_on_v2(self) -> None:
        """It looks for an object, where the document of v2 has a name.

        It stumbles after it has the answer, so the upload is not hurt.
        """
        volume_id = self.make()
        done = self.run_old('upload-to-image', '--disk-format', 'qcow2',
                            self.name, self.name)
        self.assertEqual(
            (1, f"{self.WARNING}ERROR: 'str' object has no attribute "
             "'get'\n"), (done.returncode, done.stderr))
        self.check_image(volume_id, disk_format='qcow2')
