# SPDX-License-Identifier: Apache-2.0
"""The commands of the openstack client, against the application itself."""

import threading

from tests.functional import osc
from tests.functional.base import PROJECT
from volupload.db import uploads
from volupload.volume.status import UploadStatus


class TestCommands(osc.CommandsTestCase):

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
        for name, by_name in (('vol', True), ('by id', False), (None, False),
                              (' ', False)):
            volume = self.make_volume(name=name)
            shown = self.ask_for('create', name if by_name else volume.id)
            self.assertEqual(name if name and name.strip() else volume.id,
                             shown['image_name'])
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

    def test_lists_are_narrowed_down(self) -> None:
        made = {status: self.make_upload(status).id for status in (
            'queued', 'failed', 'succeeded')}
        for arguments, expected in (
                (('--status', 'failed'), {'failed'}),
                (('--status', 'failed', '--status', 'queued'),
                 {'failed', 'queued'}), (('--all-projects',), set(made))):
            found = self.ask_for('list', *arguments)
            self.assertEqual({made[status] for status in expected},
                             {one['ID'] for one in found})
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
