# SPDX-License-Identifier: Apache-2.0
"""What the pages for users say is done, and comes out as they say."""

import subprocess

from tests.fixtures import reader
from tests.integration import documentation

HOSTNAME = 'documented'


class TestUpload(documentation.PageTestCase):

    page = 'doc/source/user/upload'

    def test_each_way_leads_to_an_image(self) -> None:
        self.forget_images()
        self.free('my-volume')
        self.open().read()
        [volume] = self.state.volumes.rows(
            "SELECT id FROM volumes WHERE name = 'my-volume'")
        uploads = self.state.volumes.uploads(volume['id'])
        self.assertEqual(
            [('my-image', 'raw'), ('another-image', 'raw'),
             ('small-image', 'qcow2'), ('my-image', 'raw'),
             ('my-image', 'raw')],
            [(done['image_name'], done['disk_format']) for done in uploads])
        for done in uploads:
            self.assertEqual(('succeeded', None),
                             (done['status'], done['reason']))
            self.assertEqual('active',
                             self.state.image(done['image_id'])['status'])


class TestUploads(documentation.PageTestCase):

    page = 'doc/source/user/uploads'

    def test_an_upload_is_watched_and_cancelled_and_one_has_failed(
            self) -> None:
        failed = self.make_volume()
        self.file_of(failed).unlink()
        self.finish(self.post(failed))
        volume_id = self.make_volume(size=documentation.SLOW)
        reading = self.open(environ=self.of_upload(volume_id),
                              after_each=self.wait_a_while)
        reading.read()
        self.assertEqual('202', reading.done('curl -s -X DELETE').output)
        [upload] = self.state.volumes.uploads(volume_id)
        self.assertEqual('cancelled', upload['status'])
        self.assertIn('"status": "running"',
                      reading.done('curl -s "$UPLOAD"').output)
        self.assertIn(upload['id'], reading.done(
            'curl -s "$ENDPOINT/v3/$PROJECT/uploads?').output)
        self.assertEqual([], self.state.volumes.rows(
            'SELECT id FROM messages WHERE resource_uuid = :id', id=failed))

    def wait_a_while(self, done: reader.Done) -> None:
        """What is begun shall run, and what is cancelled shall end."""
        if done.command.text.startswith('UPLOAD='):
            self.wait_for(lambda: bool(self.state.volumes.rows(
                "SELECT id FROM uploads WHERE status = 'running'")),
                'the upload runs')
        elif 'DELETE' in done.command.text:
            self.settle()


class TestFormats(documentation.PageTestCase):

    page = 'doc/source/user/formats'

    def test_a_file_of_the_guest_is_read_from_the_image(self) -> None:
        self.forget_images()
        volume = self.file_of(self.volume('my-volume', 64))
        reading = self.open()
        etc = reading.directory / 'guest' / 'etc'
        etc.mkdir(parents=True)
        (etc / 'hostname').write_text(HOSTNAME)
        subprocess.run(['mkfs.ext4', '-q', '-F', '-d', etc.parent, volume],
                       check=True, capture_output=True)
        reading.read()
        self.assertEqual(HOSTNAME, reading.done('7zz e').output)
        self.assertIn('etc/hostname', reading.done('7zz l').output)
        self.assertEqual(
            volume.read_bytes(),
            (reading.directory / 'disk.raw').read_bytes())


class TestReference(documentation.PageTestCase):

    page = 'doc/source/user/reference'

    def test_an_error_is_as_it_is_shown(self) -> None:
        self.open(environ=self.of_upload('none')).read()


class TestVolumeUpload(documentation.PageTestCase):

    page = 'doc/source/cli/openstack-volume-upload'

    def test_it_is_made_listed_shown_and_cancelled(self) -> None:
        self.state.volumes.execute('DELETE FROM uploads')
        volume_id = self.volume('my-volume', documentation.SLOW)
        reading = self.open(after_each=lambda done: None)
        reading.read()
        first, second = self.state.volumes.uploads(volume_id)
        self.assertEqual(('qcow2', 'succeeded', 'raw', 'cancelled'), (
            first['disk_format'], first['status'], second['disk_format'],
            second['status']))
        self.assertIn(first['id'], reading.done(
            'openstack volume upload show').output)
