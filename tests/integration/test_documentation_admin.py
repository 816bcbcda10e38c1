# SPDX-License-Identifier: Apache-2.0
"""What the pages for operators say is done, and comes out as they say."""

from pathlib import Path
import re
import subprocess

import fixtures

from tests.fixtures import reader
from tests.fixtures import services
from tests.integration import documentation
from tests.integration import small
from tests.integration import state
from tools.cloud import http
from tools.cloud import ports
from tools.cloud import volupload


class TestFileBackend(documentation.PageTestCase):

    page = 'doc/source/admin/file-backend'

    def test_a_volume_gets_the_content_of_an_image(self) -> None:
        self.free('debian')
        reading = self.open(
            places={'/srv/volumes': self.configuration.volumes})
        content = bytes(range(256)) * 2048   # eight of the ten small GiB
        raw = reading.directory / 'debian.raw'
        raw.write_bytes(content)
        subprocess.run(
            ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw,
             reading.directory / 'debian.qcow2'], check=True)
        reading.read()
        [volume] = self.state.volumes.rows(
            "SELECT id FROM volumes WHERE name = 'debian'")
        self.assertEqual(content + bytes(2 * small.SMALL_GIB),
                         self.file_of(volume['id']).read_bytes())


class TestPolicies(documentation.PageTestCase):

    page = 'doc/source/admin/policies'

    def open(self, **given: object) -> reader.Reader:
        """With files of its own where the programs look for them."""
        made = reader.Reader(
            self.page, environ=self.environ(None),
            places={'/etc/volupload': '.volupload'})
        self.useFixture(made)
        home = made.directory / '.volupload'
        home.mkdir()
        (home / 'volupload.conf').write_text('')
        return made

    def test_the_tools_know_the_rules_and_the_file(self) -> None:
        reading = self.open()
        reading.read()
        self.assertIn('#"volume:get": ', reading.done(
            'oslopolicy-sample-generator').output)
        self.assertNotIn('upload_image', reading.done(
            'oslopolicy-list-redundant').output)
        told = reading.done('oslopolicy-checker').output
        # A member, and the file wants a manager.
        self.assertIn('passed: volume:create\n', told)
        self.assertIn('failed: volume_extension:volume_actions:upload_image\n',
                      told)


class TestUploads(documentation.PageTestCase):

    page = 'doc/source/admin/uploads'
    user = 'admin'

    def test_volumes_of_a_type_hold_ciphertext(self) -> None:
        self.open().read()
        volume_id = self.make_volume(volume_type='locked')
        answer = self.post(volume_id, disk_format='qcow2')
        self.assertEqual(400, answer.status)
        self.assertIn(b'is encrypted', answer.body)


class TestTroubleshooting(documentation.PageTestCase):

    page = 'doc/source/admin/troubleshooting'
    user = 'admin'

    def test_the_reason_is_found(self) -> None:
        failed = self.make_volume()
        self.file_of(failed).unlink()
        self.finish(self.post(failed))
        waiting = self.make_volume(size=documentation.SLOW)
        self.post(waiting)
        self.addCleanup(self.cancel_all)
        reading = self.open(after_each=lambda done: None)
        reading.read()
        [upload] = self.state.volumes.uploads(failed)
        shown = reading.done('openstack volume upload show').output
        self.assertIn('No such file', shown)
        self.assertIn(upload['request_id'], shown)
        self.assertIn(waiting, reading.done(
            'volupload-manage upload list').output)
        self.assertRegex(reading.done('volupload-manage service').output,
                         r'demo@local +up ')
        self.assertNotIn('Failure', reading.done('volupload-status').output)


class TestStandalone(documentation.PageTestCase):

    page = 'doc/source/admin/standalone'

    def test_it_serves_with_keystone_and_without(self) -> None:
        one, other = ports.free_port(), ports.free_port()
        made = reader.Reader(
            self.page, healthy=self.is_healthy, places={
                'http://127.0.0.1:5000/v3': self.identity.url,
                'SECRET': 'volupload', '/var/lib/volupload': 'state',
                '8776': str(one), '8777': str(other)})
        self.useFixture(made)
        made.read()
        for port, status in ((one, 401), (other, 200)):
            self.assertEqual(status, http.request(
                'GET', f'http://127.0.0.1:{port}/v3/volumes').status)
        for directory in ('state', 'playground'):
            self.assertTrue(
                (made.directory / directory / 'volupload.db').exists())

    def is_healthy(self, command: str) -> bool:
        [port] = re.findall(r'--port (\d+)', command)
        return http.answers(f'http://127.0.0.1:{port}/healthcheck')


class TestRecovery(documentation.PageTestCase):
    """A backup from the middle of an upload, and one upload after it."""

    page = 'doc/source/admin/recovery'
    user = 'admin'

    def start_api(self) -> None:
        database = services.MariaDB()
        self.server = self.useFixture(database).service
        directory = Path(self.useFixture(fixtures.TempDir()).path)
        self.configuration = volupload.Configuration(
            directory, self.identity,
            connection=self.server.database('volupload'),
            options={'upload': {'bandwidth_limit': 1, 'max_concurrent': 1}})
        self.standalone = small.Standalone(self.configuration)
        self.addCleanup(self.standalone.stop)
        self.standalone.start()
        self.url, self.log = self.standalone.url, self.standalone.daemon.log
        self.state = state.State(
            state.Volumes(self.configuration.connection),
            state.Database(f'sqlite:///{self.images.directory}/glance.sqlite'))

    def test_uploads_of_the_backup_end_and_failed_ones_are_repeated(
            self) -> None:
        self.failed = self.make_volume()
        hidden = self.file_of(self.failed).rename(
            self.configuration.directory / 'hidden')
        self.finish(self.post(self.failed))
        hidden.rename(self.file_of(self.failed))
        self.running, self.later = (
            self.make_volume(size=128), self.make_volume())
        self.post(self.running)
        self.wait_for(lambda: self.state.volumes.uploads(
            self.running)[0]['status'] == 'running', 'it runs')
        reading = self.open(after_each=self.act)
        (reading.directory / '.my.cnf').write_text(
            '[client]\nhost = 127.0.0.1\nuser = volupload\n'
            f'password = volupload\nport = {self.server.port}\n')
        reading.read()
        self.settle()
        self.assertIn(self.lost, reading.done(
            'openstack image list --status queued').output)
        self.assertEqual(
            [['succeeded'], ['succeeded'], []],
            [[upload['status'] for upload in
              self.state.volumes.uploads(volume)]
             for volume in (self.failed, self.running, self.later)])
        [again] = self.state.volumes.uploads(self.running)
        self.assertEqual(2, again['attempt'])

    def act(self, done: reader.Done) -> None:
        """What an operator does, or a disaster, without a command."""
        if done.command.text.startswith('mariadb-dump'):
            self.lost = self.post(self.later).json[
                'os-volume_upload_image']['image_id']
            self.standalone.daemon.kill()
        elif done.command.text.startswith('volupload-manage db sync'):
            self.standalone.start()
            self.settle()
