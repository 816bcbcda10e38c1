# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from collections.abc import Iterator
import hashlib
import tempfile
import threading
import time
from typing import Any

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.db import models
from volupload.db import queue
from volupload.db import session
from volupload.db import uploads
from volupload.db import volume_types
from volupload.db import volumes
from volupload.transfer import Chunk
from volupload.transfer import FileRange
from volupload.volume.status import VolumeStatus
from volupload.volume.uploader import Uploader
from volupload.volume.watch import Cause
from volupload.volume.watch import Watch

DATA = bytes(range(256)) * 8192   # 2 MiB, more than one buffer


class TestUploader(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.images = doubles.Images()
        self.backend = doubles.MemoryBackend()
        self.aborted = False
        self.data = DATA
        self.active: dict[str, Any] = {}
        self.type_id: str | None = None
        self.volume_values: dict[str, Any] = {}
        self.uploader = Uploader({statements.HOST: self.backend}, self.images,
                                 lambda: self.aborted)

    def upload(self, **values: Any) -> models.Upload:
        """Run an upload of a volume in use, to its end; the row then."""
        volume = statements.make_volume(status=VolumeStatus.IN_USE,
                                        volume_type_id=self.type_id,
                                        **self.volume_values)
        self.backend.volumes.setdefault(volume.id, self.data)
        made = statements.make_upload(volume, request_id='req-1', **values)
        self.images.images[made.image_id] = {
            'id': made.image_id, 'status': 'queued', **self.active}
        claimed = queue.claim_next([statements.HOST], 'w')
        assert claimed is not None
        self.watch = Watch(claimed, self.images)
        self.uploader.run(self.watch)
        self.volume = volumes.get(volume.id)
        return uploads.get(made.id)

    def assertFailed(self, upload: models.Upload, reason: str) -> None:
        self.assertEqual('failed', upload.status)
        self.assertIn(reason, upload.reason or '')
        self.assertIsNotNone(upload.finished_at)
        self.assertEqual('in-use', self.volume.status)
        self.assertEqual({}, self.images.images)
        self.assertIn(reason, self.logs.output)

    def test_the_volumes_bytes_become_the_images(self) -> None:
        upload = self.upload()
        self.assertEqual('succeeded', upload.status)
        self.assertEqual((len(DATA), len(DATA), None), (
            upload.bytes_sent, upload.image_size, upload.reason))
        # Its beginning is looked at before.
        self.assertGreater(upload.bytes_read, len(DATA))
        self.assertEqual('in-use', self.volume.status)
        self.assertEqual(DATA, self.images.images[upload.image_id]['data'])

    def test_a_protected_image_is_protected_after_its_data(self) -> None:
        upload = self.upload(protected=True)
        self.assertTrue(self.images.images[upload.image_id]['protected'])

    def test_a_bit_that_falls_over_on_the_way_fails_the_upload(self) -> None:
        def meddle(chunks: Iterator[memoryview]) -> Iterator[memoryview]:
            for chunk in chunks:
                yield memoryview(bytes(chunk[:-1]) + b'?')
        self.images.meddle = meddle
        self.assertFailed(self.upload(), 'Glance stored something else')

    def test_an_image_of_another_length_fails_without_checksum_too(
            self) -> None:
        self.config(verify_checksum=False, group='upload')
        stored = self.images.get_image
        self.images.get_image = (  # type: ignore[method-assign]
            lambda image_id: {**stored(image_id), 'size': 5})
        self.assertFailed(self.upload(), 'its size is 5')

    def test_an_image_that_has_the_volumes_bytes_is_good(self) -> None:
        """An earlier process died after the last byte."""
        for verified in (True, False):
            self.config(verify_checksum=verified, group='upload')
            upload = self.upload_of_active(DATA)
            self.assertEqual(('succeeded', len(DATA)),
                             (upload.status, upload.image_size))
            self.assertIn(upload.image_id, self.images.images)

    def test_an_image_that_has_other_bytes_is_not_trusted(self) -> None:
        for data in (DATA[:-1] + b'?', DATA[:-1]):
            self.assertFailed(self.upload_of_active(data),
                              'cannot be proven any more')

    def test_an_image_hashed_otherwise_is_not_trusted(self) -> None:
        upload = self.upload_of_active(DATA, os_hash_algo='sha256')
        self.assertFailed(upload, 'cannot be proven any more')

    def upload_of_active(self, data: bytes, **values: Any) -> models.Upload:
        self.active = {
            'status': 'active', 'size': len(data), 'os_hash_algo': 'sha512',
            'os_hash_value': hashlib.sha512(data).hexdigest(), **values}
        return self.upload()

    def test_a_format_that_compresses_does(self) -> None:
        upload = self.upload(disk_format='qcow2')
        self.assertEqual('succeeded', upload.status)
        small = upload.image_size
        self.config(compression='none', group='upload')
        self.assertLess(small, self.upload(disk_format='qcow2').image_size)

    def test_content_that_glance_would_refuse_is_not_sent(self) -> None:
        self.data = bytes(510) + b'\x55\xaa' + DATA[:512]
        sent: list[str] = []
        self.images.upload_data = (  # type: ignore[method-assign]
            lambda image_id, chunks, size: sent.append(image_id))
        self.assertFailed(self.upload(), (
            'Glance would refuse this volume as a raw image: Image failed '
            'safety checks: mbr: GPT MBR has no partitions defined'))
        self.assertEqual([], sent)

    def upload_encrypted(self, **values: Any) -> models.Upload:
        volume_types.create({
            'id': '1', 'name': 'luks', 'extra_specs': {
                'volupload:encrypted': 'true',
                'volupload:compression': 'zlib'}})
        self.type_id = '1'
        self.volume_values = {'encrypted': True}
        return self.upload(**values)

    def test_ciphertext_becomes_the_image_byte_for_byte(self) -> None:
        self.data = b'LUKS\xba\xbe\x00\x01' + bytes(65536) + DATA
        upload = self.upload_encrypted()
        self.assertEqual('succeeded', upload.status, upload.reason)
        self.assertEqual(self.data,
                         self.images.images[upload.image_id]['data'])

    def test_luks_2_fails_before_a_byte_is_sent(self) -> None:
        self.data = b'LUKS\xba\xbe\x00\x02' + DATA
        self.assertFailed(self.upload_encrypted(),
                          'LUKS version 2 is not supported')
        self.assertEqual(0, self.watch.bytes_sent)

    def test_ciphertext_is_made_into_no_other_format(self) -> None:
        """An API of an earlier release has put it into the queue."""
        self.assertFailed(self.upload_encrypted(disk_format='qcow2'),
                          'is encrypted: its disk_format must be raw')
        self.assertEqual(0, self.watch.bytes_sent)

    def test_content_is_looked_at_where_glance_looks_at_it(self) -> None:
        self.data = bytes(510) + b'\x55\xaa' + DATA[:512]
        for values in ({'container_format': 'ovf'}, {'disk_format': 'vdi'}):
            self.assertEqual('succeeded', self.upload(**values).status)
        self.config(inspect_content=False, group='upload')
        self.assertEqual('succeeded', self.upload().status)

    def test_the_limit_is_for_all_uploads_of_the_manager(self) -> None:
        self.config(bandwidth_limit=4, group='upload')
        self.uploader.reload()
        began = time.monotonic()
        for _ in range(2):
            self.assertEqual('succeeded', self.upload().status)
        # 4 MiB, of which some had been saved up, or may be owed.
        self.assertGreater(time.monotonic() - began, 0.6)

    def test_a_type_that_cannot_compress_so_is_named(self) -> None:
        volume_type = volume_types.create({
            'id': '1', 'name': 'odd',
            'extra_specs': {'volupload:compression': 'brotli'}})
        self.type_id = volume_type.id
        self.assertFailed(self.upload(), 'Extra spec volupload:compression = '
                                         'brotli of volume type odd')

    def test_files_go_by_reference_when_nobody_needs_their_sum(self) -> None:
        seen: list[bool] = []
        def upload_data(image_id: str, chunks: Iterator[Chunk],
                        size: int | None) -> None:
            chunk = next(chunks)
            seen.append(isinstance(chunk, FileRange))
            raise exception.ImageServiceError(reason='enough')
        self.images.upload_data = upload_data  # type: ignore
        self.config(max_attempts=1, group='upload')
        with tempfile.TemporaryFile() as file:
            file.write(DATA)
            file.flush()
            self.backend.file = file.fileno()
            for takes_files, verified, expected in (
                    (True, False, True), (True, True, False),
                    (False, False, False)):
                self.images.takes_files = takes_files  # type: ignore
                self.config(verify_checksum=verified, group='upload')
                self.assertFailed(self.upload(), 'enough')
                self.assertIs(expected, seen[-1])

    def test_a_volume_that_cannot_be_read_fails_the_upload(self) -> None:
        def fail() -> None:
            raise OSError(5, 'Input/output error')
        self.backend.on_read = fail
        self.assertFailed(self.upload(), 'at byte 0: Input/output error')

    def test_a_format_that_no_volume_can_have_fails_the_upload(self) -> None:
        self.assertFailed(self.upload(disk_format='iso'),
                          'cannot be uploaded as iso')

    def assertCancelled(self, upload: models.Upload, reason: str) -> None:
        self.assertEqual(('cancelled', reason, 'in-use'), (
            upload.status, upload.reason, self.volume.status))
        self.assertIsNotNone(upload.finished_at)
        self.assertEqual({}, self.images.images)

    def test_an_image_deleted_meanwhile_cancels_the_upload(self) -> None:
        self.backend.on_read = self.images.images.clear
        self.uploader._images.upload_data = (  # type: ignore[method-assign]
            lambda image_id, chunks, size: list(chunks) and None)
        self.assertCancelled(self.upload(),
                             'The image was deleted during the upload.')

    def test_a_wish_to_cancel_ends_it_without_an_image(self) -> None:
        def cancel() -> None:
            queue.cancel(uploads.get_by_volume(
                next(iter(self.backend.volumes)))[0].id)
            self.watch.beat()
        self.backend.on_read = cancel
        self.assertCancelled(self.upload(), 'The upload was cancelled.')

    def test_a_wish_that_comes_after_the_last_byte_counts(self) -> None:
        stored = self.images.get_stored_image

        def cancel(image_id: str) -> dict[str, Any]:
            queue.cancel(self.watch.upload.id)
            self.watch.beat()
            return stored(image_id)
        self.images.get_stored_image = cancel  # type: ignore[method-assign]
        self.assertCancelled(self.upload(protected=True),
                             'The upload was cancelled.')

    def test_a_wish_that_nobody_saw_in_time_comes_too_late(self) -> None:
        stored = self.images.get_stored_image

        def cancel(image_id: str) -> dict[str, Any]:
            queue.cancel(self.watch.upload.id)
            return stored(image_id)
        self.images.get_stored_image = cancel  # type: ignore[method-assign]
        upload = self.upload()
        self.assertEqual(('succeeded', 'in-use'),
                         (upload.status, self.volume.status))
        self.assertIn(upload.image_id, self.images.images)

    def test_who_lost_the_lease_touches_nothing_any_more(self) -> None:
        self.lose_lease(lambda: None)

    def test_who_lost_the_lease_does_not_even_fail(self) -> None:
        def fail() -> None:
            raise OSError(5, 'Input/output error')
        self.lose_lease(fail)

    def lose_lease(self, then: Callable[[], None]) -> None:
        def lose() -> None:
            self.backend.on_read = lambda: None
            row = uploads.get(self.watch.upload.id)
            self.assertTrue(queue.take_over(row, 'successor'))
            then()
        self.backend.on_read = lose
        upload = self.upload()
        self.assertEqual(('running', 'successor', 'uploading'), (
            upload.status, upload.worker, self.volume.status))
        self.assertIn(upload.image_id, self.images.images)
        self.assertIs(Cause.LOST, self.watch.cause)

    def test_a_fault_that_may_pass_puts_it_back_for_a_while(self) -> None:
        self.config(max_attempts=3, retry_interval=1, group='upload')
        self.images.upload_data = self.refuse(503)  # type: ignore
        began = models.precise_now()
        upload = self.upload()
        self.assertEqual(('queued', None, 1, 'uploading'), (
            upload.status, upload.worker, upload.attempt,
            self.volume.status))
        self.assertIn('503 busy', upload.reason or '')
        assert upload.not_before is not None
        self.assertGreater(upload.not_before, began)
        self.assertIn(upload.image_id, self.images.images)
        self.assertIsNone(queue.claim_next([statements.HOST], 'w'))

    def refuse(self, status: int) -> Callable[..., None]:
        def upload_data(image_id: str, chunks: Iterator[Chunk],
                        size: int | None) -> None:
            raise exception.ImageDataRefused(status=status, reason='busy')
        return upload_data

    def test_the_last_attempt_fails_with_the_last_reason(self) -> None:
        self.config(max_attempts=1, group='upload')
        self.images.upload_data = self.refuse(503)  # type: ignore
        self.assertFailed(self.upload(), '503 busy')

    def test_a_fault_that_does_not_pass_fails_at_once(self) -> None:
        self.images.upload_data = self.refuse(413)  # type: ignore
        self.assertFailed(self.upload(), '413 busy')

    def test_an_error_that_nobody_foresaw_is_logged_and_named(self) -> None:
        def fail() -> None:
            raise ZeroDivisionError('secret')
        self.backend.on_read = fail
        upload = self.upload()
        self.assertFailed(upload, 'ZeroDivisionError')
        self.assertNotIn('secret', upload.reason or '')
        self.assertIn('Traceback', self.logs.output)

    def test_an_image_that_cannot_be_deleted_is_told(self) -> None:
        self.uploader.endings.deletion_patience = 0.1
        def fail() -> None:
            self.images.delete_error = exception.ImageServiceError(
                reason='503')
            raise OSError(5, 'Input/output error')
        self.backend.on_read = fail
        upload = self.upload()
        self.assertEqual('failed', upload.status)
        self.assertIn('could not be deleted', upload.reason or '')
        self.assertEqual([upload.id], [
            left.id for left in self.uploader.endings.left_behind])
        self.assertEqual('in-use', self.volume.status)

    def test_an_upload_that_is_broken_off_goes_back_to_the_queue(
            self) -> None:
        def abort() -> None:
            self.aborted = True
        self.backend.on_read = abort
        upload = self.upload()
        self.assertEqual(('queued', None, 0), (
            upload.status, upload.worker, upload.attempt))
        self.assertEqual('uploading', self.volume.status)
        self.assertIn(upload.image_id, self.images.images)

    def test_the_image_is_deleted_when_glance_is_back(self) -> None:
        def fail() -> None:
            self.images.delete_error = exception.ImageServiceError(
                reason='503')
            threading.Timer(
                0.2, setattr, [self.images, 'delete_error', None]).start()
            raise OSError(5, 'Input/output error')
        self.backend.on_read = fail
        upload = self.upload()
        self.assertEqual(('failed', 'in-use'),
                         (upload.status, self.volume.status))
        self.assertEqual({}, self.images.images)

    def test_a_good_image_outlives_a_database_that_is_away(self) -> None:
        def upload_data(image_id: str, chunks: Iterator[memoryview],
                        size: int | None) -> None:
            doubles.Images.upload_data(self.images, image_id, chunks, size)
            with session.engine().begin() as connection:
                connection.exec_driver_sql(
                    'ALTER TABLE uploads RENAME TO away')
            threading.Timer(0.2, come_back).start()

        def come_back() -> None:
            with session.engine().begin() as connection:
                connection.exec_driver_sql(
                    'ALTER TABLE away RENAME TO uploads')
        self.images.upload_data = upload_data  # type: ignore[method-assign]
        upload = self.upload()
        self.assertEqual('succeeded', upload.status)
        self.assertEqual(DATA, self.images.images[upload.image_id]['data'])
