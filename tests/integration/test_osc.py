# SPDX-License-Identifier: Apache-2.0
"""openstack volume upload, as it is installed, against the real services."""

from tests.integration import clients


class TestVolumeUpload(clients.ClientTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            self.name)
        self.volume_id = self.made()

    def test_from_the_first_command_to_the_image(self) -> None:
        done = self.clients.run(
            'openstack', 'volume', 'upload', 'create', self.name,
            '--disk-format', 'qcow2', '--wait', '-f', 'value', '-c', 'id')
        self.assertEqual(0, done.returncode, done.stderr)
        upload_id = done.stdout.strip()
        self.assertTrue(done.stderr.endswith(
            f'Upload {upload_id} is succeeded.\n'), done.stderr)
        self.check_image(self.volume_id, disk_format='qcow2')
        shown = self.clients.json('openstack', 'volume', 'upload', 'show',
                                  upload_id)
        self.assertEqual((self.volume_id, 'succeeded', 1.0), (
            shown['volume_id'], shown['status'], shown['progress']))
        [listed] = self.clients.json(
            'openstack', 'volume', 'upload', 'list', '--volume',
            self.volume_id)
        self.assertEqual(upload_id, listed['ID'])
        refused = self.clients.run('openstack', 'volume', 'upload', 'cancel',
                                   upload_id)
        self.assertEqual(1, refused.returncode)
        self.assertIn('succeeded', refused.stderr)

    def test_what_will_be_no_image_ends_with_its_reason(self) -> None:
        self.file_of(self.volume_id).unlink()
        done = self.clients.run('openstack', 'volume', 'upload', 'create',
                                self.name, '--wait')
        self.assertEqual((1, ''), (done.returncode, done.stdout))
        self.assertRegex(done.stderr, r'Upload \S+ failed: .+')
