# SPDX-License-Identifier: Apache-2.0
"""The commands of the openstack client, against the application itself."""

import io
import json
import logging
import threading
from typing import Any

from cliff import app as cliff_app
from cliff import commandmanager
import fixtures
from openstack import connection

from tests.functional import base
from tests.functional.base import PROJECT
from volupload.db import uploads
from volupload.osc import commands
from volupload.volume.status import UploadStatus

COMMANDS = {'create': commands.CreateUpload, 'list': commands.ListUploads,
            'show': commands.ShowUpload, 'cancel': commands.CancelUpload}


class Client:
    """What the client hands to its commands."""

    def __init__(self, url: str) -> None:
        self.sdk_connection = connection.Connection(
            auth_type='none', block_storage_endpoint_override=(
                f'{url}/v3/{PROJECT}'))


class Shell(cliff_app.App):
    """A shell that has these commands only."""

    def __init__(self, url: str) -> None:
        manager = commandmanager.CommandManager('volupload.none')
        for name, command in COMMANDS.items():
            manager.add_command(name, command)
        self.out, self.err = io.StringIO(), io.StringIO()
        super().__init__('openstack', '1', manager, stdin=io.StringIO(),
                         stdout=self.out, stderr=self.err)
        self.client_manager = Client(url)

    def configure_logging(self) -> None:
        """Errors are logged, and the client's log is what a user sees."""
        handler = logging.StreamHandler(self.err)
        handler.setLevel(logging.ERROR)
        self.LOG.addHandler(handler)

    def clean_up(self, *args: Any) -> None:
        self.LOG.handlers.clear()


class TestCommands(base.ApiTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.url = self.useFixture(base.Served(self.app)).url

    def run_command(self, *arguments: str) -> tuple[int, str]:
        """Exit status, and what was printed."""
        shell = Shell(self.url)
        with fixtures.MonkeyPatch('sys.stderr', shell.err):
            status = shell.run(list(arguments))
        self.addCleanup(shell.client_manager.sdk_connection.close)
        self.said = shell.err.getvalue()
        return status, shell.out.getvalue()

    def ask_for(self, *arguments: str) -> Any:
        status, out = self.run_command(*arguments, '-f', 'json')
        self.assertEqual(0, status, self.said)
        return json.loads(out)

    def test_create_begins_an_upload_and_shows_it(self) -> None:
        volume = self.make_volume(name='vol')
        shown = self.ask_for(
            'create', 'vol', '--name', 'img', '--disk-format', 'qcow2',
            '--community', '--protected')
        [row] = uploads.get_all(PROJECT)
        self.assertEqual(
            (row.id, volume.id, 'img', 'qcow2', 'bare', 'queued', 0.0), (
                shown['id'], shown['volume_id'], shown['image_name'],
                shown['disk_format'], shown['container_format'],
                shown['status'], shown['progress']))
        self.assertTrue(row.protected)
        self.assertEqual('community',
                         self.images.images[row.image_id]['visibility'])
        self.assertNotIn('links', shown)

    def test_the_image_is_called_as_the_volume_and_private(self) -> None:
        self.make_volume(name='vol')
        shown = self.ask_for('create', 'vol')
        self.assertEqual('vol', shown['image_name'])
        self.assertEqual('private', self.images.images[
            shown['image_id']]['visibility'])

    def test_what_is_refused_is_said_and_fails(self) -> None:
        self.make_volume(name='used', status='in-use')
        for arguments, words in (
                (('used',), 'force was not given'),
                (('none',), 'No volume named none')):
            status, out = self.run_command('create', *arguments)
            self.assertEqual((1, ''), (status, out))
            self.assertIn(words, self.said)
        self.assertEqual('queued', self.ask_for('create', 'used', '--force')
                         ['status'])

    def test_waiting_ends_with_the_upload(self) -> None:
        for ending, status, words in (
                (UploadStatus.SUCCEEDED, 0, 'is succeeded'),
                (UploadStatus.FAILED, 1, 'failed: the disk is full'),
                (UploadStatus.CANCELLED, 1, 'cancelled')):
            volume = self.make_volume()
            ended = threading.Thread(target=self._end, args=(
                volume.id, ending))
            ended.start()
            self.addCleanup(ended.join)
            self.assertEqual(status, self.run_command(
                'create', volume.id, '--wait')[0])
            self.assertIn(words, self.said)

    def _end(self, volume_id: str, ending: UploadStatus) -> None:
        """As a manager does it, once the upload is there."""
        reason = 'the disk is full'
        while not (found := uploads.get_all(PROJECT, filters={
                'volume_id': volume_id, 'status': ['queued']})):
            threading.Event().wait(0.05)
        [upload] = found
        uploads.transition(upload.id, UploadStatus.QUEUED,
                           UploadStatus.RUNNING, attempt=1, worker='w')
        uploads.settle(uploads.get(upload.id), ending,
                       reason if ending == UploadStatus.FAILED else None)

    def test_lists_are_for_people_and_for_programs(self) -> None:
        half = self.make_upload('running', image_size=2 ** 30,
                                bytes_sent=2 ** 29, rate=2 ** 20)
        done = self.make_upload('succeeded', image_name='done')
        [other] = self.ask_for('list', '--volume', half.volume_id, '--long')
        self.assertEqual((half.id, 0.5, 2 ** 29, 2 ** 20), tuple(
            other[key] for key in ('id', 'progress', 'bytes_sent', 'rate')))
        status, table = self.run_command('list', '--long')
        self.assertEqual(0, status)
        for words in ('50%', '512 MiB', '1.0 MiB', '100%', done.id):
            self.assertIn(words, table)
        status, csv = self.run_command('list', '-f', 'csv', '-c', 'id', '-c',
                                       'progress', '--sort', 'status:asc')
        self.assertEqual(['"id","progress"', f'"{half.id}","0.5"',
                          f'"{done.id}","1.0"'], csv.split())

    def test_lists_are_narrowed_down(self) -> None:
        made = {status: self.make_upload(status).id for status in (
            'queued', 'failed', 'succeeded')}
        for arguments, expected in (
                (('--status', 'failed'), {'failed'}),
                (('--status', 'failed', '--status', 'queued'),
                 {'failed', 'queued'}), (('--all-projects',), set(made))):
            found = self.ask_for('list', *arguments)
            self.assertEqual({made[status] for status in expected},
                             {one['id'] for one in found})
        self.assertEqual(1, len(self.ask_for('list', '--limit', '1')))

    def test_show_tells_all_that_is_for_users(self) -> None:
        upload = self.make_upload('failed', reason='no room')
        shown = self.ask_for('show', upload.id)
        self.assertEqual((upload.id, 'failed', 'no room', 0.0), tuple(
            shown[key] for key in ('id', 'status', 'reason', 'progress')))
        self.assertEqual(set(), {'links', 'worker', 'host'} & set(shown))
        status, _out = self.run_command('show', 'x')
        self.assertEqual(1, status)
        self.assertIn('Upload x could not be found', self.said)

    def test_cancel_does_what_it_can_and_says_what_it_cannot(self) -> None:
        queued = [self.make_upload('queued').id for _ in range(2)]
        done = self.make_upload('succeeded').id
        status, _out = self.run_command('cancel', queued[0], done, queued[1],
                                        '--wait')
        self.assertEqual(1, status)
        self.assertIn(done, self.said)
        self.assertNotIn(f'Upload {queued[0]}:', self.said)
        for upload_id in queued:
            self.assertEqual('cancelled', uploads.get(upload_id).status)
        waiting = self.make_upload('queued').id
        self.assertEqual(0, self.run_command('cancel', waiting)[0])
        self.assertEqual('cancelled', uploads.get(waiting).status)
