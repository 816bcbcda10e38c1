# SPDX-License-Identifier: Apache-2.0
"""volupload-manage, as a program, on a database with uploads in it."""

import datetime
import json
import pathlib
import subprocess
import sys

from oslo_utils import uuidutils
import sqlalchemy as sa

from tests import base
from tests.fixtures import database
from tests.fixtures import glance
from tests.unit.db.statements import HOST
from tests.unit.db.statements import make_upload
from tests.unit.db.statements import make_volume
from volupload.conf import CONF
from volupload.db import messages
from volupload.db import models
from volupload.db import queue
from volupload.db import services
from volupload.db import session
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus


class TestManage(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.glance = self.useFixture(glance.FakeGlance())
        self.file = pathlib.Path(self.state_path, 'volupload.conf')
        self.file.write_text(
            f'[database]\nconnection = {CONF.database.connection}\n'
            '[glance]\nauth_type = none\n'
            f'endpoint_override = {self.glance.url}\n')

    def run_it(self, *arguments: str,
               code: int = 0) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [sys.executable, '-c',
             'from volupload.cmd import manage; manage.main()',
             '--config-file', str(self.file), *arguments],
            text=True, capture_output=True, timeout=50)
        self.assertEqual(code, ended.returncode, ended.stderr)
        self.assertNotIn('Traceback', ended.stderr)
        return ended

    def read(self, *arguments: str) -> list[dict]:
        return json.loads(self.run_it(*arguments, '--json').stdout)

    def running(self) -> models.Upload:
        make_upload(make_volume())
        upload = queue.claim_next([HOST], 'there:1:a')
        assert upload is not None
        return upload

    def test_unfinished_uploads_are_listed_unless_all_are_wanted(self) -> None:
        done = self.running()
        uploads.settle(done, UploadStatus.SUCCEEDED)
        upload = self.running()
        row, = self.read('upload', 'list')
        self.assertEqual((upload.id, 'running', 'there:1:a'),
                         (row['id'], row['status'], row['worker']))
        self.assertEqual(
            [upload.id, done.id],
            [row['id'] for row in self.read('upload', 'list', '--all')])
        self.assertEqual([done.id], [row['id'] for row in self.read(
            'upload', 'list', '--status', 'succeeded')])
        self.assertEqual([], self.read('upload', 'list', '--project', 'p9'))
        head, line = self.run_it('upload', 'list').stdout.splitlines()
        self.assertTrue(head.startswith('ID'))
        self.assertTrue(line.startswith(upload.id))

    def test_what_a_terminal_would_obey_is_not_printed(self) -> None:
        make_upload(make_volume(), image_name='red \x1b[31m\nline')
        upload, = uploads.get_all(None)
        shown = self.run_it('upload', 'show', upload.id).stdout
        self.assertIn('red  [31m line', shown)
        self.assertEqual(len(models.Upload.__table__.columns) + 1,
                         len(shown.splitlines()))

    def test_a_reset_ends_upload_image_and_status(self) -> None:
        upload = self.running()
        self.glance.images[upload.image_id] = {
            'id': upload.image_id, 'status': 'queued', 'protected': False}
        said = self.run_it('upload', 'reset', upload.id).stdout
        self.assertIn(f'volume {upload.volume_id} available', said)
        row = uploads.get(upload.id)
        self.assertEqual(('failed', 'An operator ended the upload.'),
                         (row.status, row.reason))
        self.assertEqual(VolumeStatus.AVAILABLE, volumes.get(
            upload.volume_id, metadata=False).status)
        self.assertNotIn(upload.image_id, self.glance.images)
        self.assertIsNone(queue.beat(upload))
        message, = messages.get_all('p1')
        self.assertIn('An operator ended', message.user_message)

    def test_what_is_finished_is_not_reset(self) -> None:
        upload = self.running()
        uploads.settle(upload, UploadStatus.SUCCEEDED)
        said = self.run_it('upload', 'reset', upload.id, code=1).stderr
        self.assertIn(f'upload {upload.id} is succeeded already', said)

    def test_a_reset_without_glance_changes_nothing(self) -> None:
        upload = make_upload(make_volume())
        self.file.write_text(self.file.read_text().replace(
            self.glance.url, 'http://127.0.0.1:9'))
        said = self.run_it('upload', 'reset', upload.id, code=1).stderr
        self.assertIn('The image service failed', said)
        self.assertEqual('queued', uploads.get(upload.id).status)

    def test_only_old_finished_uploads_are_purged(self) -> None:
        old, new = self.running(), self.running()
        for upload in (old, new):
            uploads.settle(upload, UploadStatus.SUCCEEDED)
        with session.writer() as writing:
            row = writing.get(models.Upload, old.id)
            assert row is not None
            row.finished_at -= datetime.timedelta(days=9)
        running = self.running()
        said = self.run_it('upload', 'purge', '--days', '8').stdout
        self.assertTrue(said.startswith('Uploads removed: 1 '))
        self.assertEqual({new.id, running.id},
                         {upload.id for upload in uploads.get_all(None)})

    def test_all_that_is_old_is_purged_at_once(self) -> None:
        running = self.running()
        services.beat('gone@local', 'volupload-volume', 'volupload-volume')
        with session.writer() as writing:
            [row] = writing.scalars(sa.select(models.Service))
            row.updated_at -= datetime.timedelta(days=9)
        services.beat('here@local', 'volupload-volume', 'volupload-volume')
        said = self.run_it('db', 'purge', '--days', '8').stdout.splitlines()
        self.assertTrue(said[0].startswith('Uploads removed: 0 '))
        self.assertEqual(['Messages removed: 0', 'Services removed: 1'],
                         said[1:])
        self.assertEqual(['here@local'],
                         [row.host for row in services.get_all()])
        self.assertEqual(running.id, uploads.get(running.id).id)

    def test_an_id_or_number_that_is_none_is_named(self) -> None:
        missing = uuidutils.generate_uuid()
        self.assertIn(f'Upload {missing} could not be found', self.run_it(
            'upload', 'show', missing, code=1).stderr)
        self.assertIn('--days', self.run_it(
            'upload', 'purge', '--days', '-1', code=2).stderr)

    def test_managers_that_are_silent_are_down(self) -> None:
        services.beat('one@local', 'volupload-volume', 'volupload-volume')
        services.beat('two@local', 'volupload-volume', 'volupload-volume')
        with session.writer() as writing:
            for row in writing.scalars(sa.select(models.Service)):
                if row.host == 'two@local':
                    row.updated_at -= datetime.timedelta(minutes=5)
        self.assertEqual(
            [('one@local', 'up'), ('two@local', 'down')],
            [(row['host'], row['state'])
             for row in self.read('service', 'list')])

    def test_expired_messages_are_purged(self) -> None:
        for _ in range(2):
            uploads.settle(self.running(), UploadStatus.FAILED, 'why')
        with session.writer() as writing:
            message = writing.scalars(sa.select(models.Message)).first()
            message.expires_at = datetime.datetime(2020, 1, 1)
        self.assertEqual('Messages removed: 1\n',
                         self.run_it('message', 'purge').stdout)

    def test_a_database_without_tables_is_told_in_a_line(self) -> None:
        self.file.write_text('[database]\nconnection = sqlite:////'
                             f'{self.state_path}/empty.db\n')
        said = self.run_it('upload', 'list', code=1).stderr
        self.assertIn('the database cannot be used', said.splitlines()[-1])
