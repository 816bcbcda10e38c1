# SPDX-License-Identifier: Apache-2.0
"""Uploads that go wrong: the volume is back, and the reason can be read."""

import os

from tests.integration import calls
from tests.integration import test_upload
from tests.integration import upload
from tools.cloud import http


class TestSource(upload.UploadTestCase):
    """The volume's file is not what it should be."""

    def setUp(self) -> None:
        super().setUp()
        self.volume_id = self.make_volume(size=4)
        self.path = self.file_of(self.volume_id)

    def _check(self, reason: str) -> None:
        for status in ('available', 'in-use'):
            self.state.volumes.set_status(self.volume_id, status)
            failed = self.finish(self.post(self.volume_id, force=True))
            self.check_failed(self.volume_id, failed, reason, status)
            self.check_gone(failed['image_id'])

    def test_a_file_that_is_missing(self) -> None:
        self.path.unlink()
        self._check('No such file')

    def test_a_file_that_is_too_short(self) -> None:
        os.truncate(self.path, 1000)
        self._check('has 1000 bytes')

    def test_a_file_that_is_another_one(self) -> None:
        secret = self.configuration.volumes / 'secret'
        self.path.rename(secret)
        self.path.symlink_to(secret)
        self._check('cannot open volume')

    def test_a_directory(self) -> None:
        self.path.unlink()
        self.path.mkdir()
        self._check('not a regular file')

    def test_it_is_uploaded_once_it_is_well_again(self) -> None:
        away = self.path.with_name('away')
        self.path.rename(away)
        self._check('No such file')
        away.rename(self.path)
        self.state.volumes.set_status(self.volume_id, 'available')
        self.fill(self.volume_id)
        self.check_bytes(self.volume_id,
                         self.succeed(self.post(self.volume_id)))


class TestUnderWay(upload.UploadTestCase):
    """What happens while the data moves."""

    def setUp(self) -> None:
        super().setUp()
        self.volume_id = self.make_volume(size=upload.LONG)
        self.fill(self.volume_id)

    def _begin(self) -> tuple[calls.Answer, str]:
        answer = self.post(self.volume_id)
        self.assertEqual(202, answer.status, answer.body)
        image_id = answer.json[calls.ACTION]['image_id']
        self.wait_until_sending(image_id)
        return answer, image_id

    def test_a_file_that_shrinks(self) -> None:
        answer, image_id = self._begin()
        os.truncate(self.file_of(self.volume_id), 1000)
        failed = self.finish(answer)
        self.check_failed(self.volume_id, failed, 'ended early')
        self.check_gone(image_id)

    def test_an_image_that_its_owner_deletes(self) -> None:
        answer, image_id = self._begin()
        deleted = http.request(
            'DELETE', f'{self.images.url}/v2/images/{image_id}',
            token=self.demo.id)
        self.assertEqual(204, deleted.status)
        cancelled = self.finish(answer)
        self.assertEqual(
            ('cancelled', 'The image was deleted during the upload.'),
            (cancelled['status'], cancelled['reason']))
        self.assertEqual('available',
                         self.state.volumes.status(self.volume_id))
        self.check_gone(image_id)

    def test_a_manager_that_is_asked_to_end_leaves_it_to_the_next(
            self) -> None:
        answer, image_id = self._begin()
        self.standalone.daemon.restart()
        self._check_finished(answer, image_id)

    def test_a_manager_that_is_killed_leaves_it_to_the_next(self) -> None:
        answer, image_id = self._begin()
        self.standalone.daemon.kill()
        self.standalone.start()
        self._check_finished(answer, image_id)

    def _check_finished(self, answer: calls.Answer, image_id: str) -> None:
        done = self.succeed(answer)
        self.assertEqual(image_id, done['image_id'])
        self.check_bytes(self.volume_id, done)
        self.assertEqual('available',
                         self.state.volumes.status(self.volume_id))


class TestContent(upload.UploadTestCase):

    def test_what_glance_finds_unsafe_is_refused_with_its_reason(
            self) -> None:
        volume_id = self.make_volume(size=4)
        # A qcow2 that would have another file read.
        header = bytearray(test_upload.QCOW2)
        header[8:20] = (1024).to_bytes(8, 'big') + (11).to_bytes(4, 'big')
        self.write(volume_id, {0: bytes(header), 1024: b'/etc/passwd'})
        failed = self.finish(self.post(volume_id))
        self.check_failed(volume_id, failed,
                          'backing_file: Image has a backing file')
        self.check_gone(failed['image_id'])
