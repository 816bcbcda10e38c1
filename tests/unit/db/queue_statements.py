# SPDX-License-Identifier: Apache-2.0
"""What every database must do with the queue of uploads.

Run as `statements` is: on SQLite by the unit tests, on servers by the
integration tests.
"""

from concurrent import futures
import datetime
import time
import unittest

from oslo_utils import uuidutils

from tests.unit.db.statements import HOST
from tests.unit.db.statements import make_upload
from tests.unit.db.statements import make_volume
from volupload import exception
from volupload.db import clock
from volupload.db import messages
from volupload.db import models
from volupload.db import queue
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume.status import UploadPhase
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus

NEVER = datetime.datetime(2000, 1, 1)
ANN, BEN = 'host:1:aaaa', 'host:2:bbbb'


def queued(project_id: str = 'p1') -> models.Upload:
    return make_upload(make_volume(project_id=project_id))


def claimed(worker: str = ANN, per_project: int = 0) -> models.Upload:
    upload = queue.claim_next([HOST], worker, per_project)
    assert upload is not None
    return upload


def row(upload: models.Upload) -> models.Upload:
    return uploads.get(upload.id)


class QueueStatements(unittest.TestCase):
    """Mixed into a test case that has a database with the tables in it."""

    def test_the_clock_is_utc_with_fractions_of_a_second(self) -> None:
        there, here = clock.read(), models.precise_now()
        self.assertLess(abs(there - here), datetime.timedelta(seconds=30))
        self.assertTrue(any(clock.read().microsecond for _ in range(3)))

    def test_the_project_with_the_fewest_running_is_served_first(self) -> None:
        for project in ('big', 'big', 'big', 'small', 'big', 'late'):
            queued(project)
        self.assertEqual(
            ['big', 'small', 'late', 'big', 'big', 'big'],
            [claimed().project_id for _ in range(6)])

    def test_a_thousand_of_one_project_do_not_stop_another(self) -> None:
        for _ in range(50):
            queued('big')
        claimed(), claimed()
        queued('small')
        self.assertEqual('small', claimed().project_id)

    def test_the_limit_of_a_project_counts_all_managers(self) -> None:
        queued('big'), queued('big'), queued('small')
        claimed(ANN, 1), claimed(BEN, 1)
        self.assertIsNone(queue.claim_next([HOST], BEN, 1))
        self.assertIsNotNone(queue.claim_next([HOST], BEN, 2))

    def test_a_claim_is_a_lease_with_a_number(self) -> None:
        made = queued()
        before = clock.read()
        upload = claimed()
        for seen in (upload, row(made)):
            self.assertEqual((UploadStatus.RUNNING, ANN, 1),
                             (seen.status, seen.worker, seen.attempt))
        self.assertLessEqual(before, row(made).heartbeat_at)

    def test_many_who_claim_at_once_get_different_ones(self) -> None:
        made = {queued(f'p{number % 3}').id for number in range(12)}
        with futures.ThreadPoolExecutor(4) as pool:
            got = list(pool.map(lambda _: claimed().id, range(12)))
        self.assertEqual((made, 12), (set(got), len(got)))

    def test_a_beat_renews_and_writes_the_progress(self) -> None:
        queued()
        upload = claimed()
        first = row(upload).heartbeat_at
        time.sleep(0.01)
        self.assertEqual(UploadStatus.RUNNING, queue.beat(
            upload, phase=UploadPhase.SENDING, bytes_read=2 ** 40,
            bytes_sent=5, image_size=7, rate=None))
        seen = row(upload)
        self.assertLess(first, seen.heartbeat_at)
        self.assertEqual(
            ('sending', 2 ** 40, 5, 7, None),
            (seen.phase, seen.bytes_read, seen.bytes_sent, seen.image_size,
             seen.rate))

    def test_a_beat_tells_of_a_cancellation(self) -> None:
        queued()
        upload = claimed()
        self.assertEqual(UploadStatus.RUNNING, queue.cancel(upload.id))
        self.assertEqual(UploadStatus.CANCELLING, queue.beat(upload))
        self.assertIsNone(queue.cancel(upload.id))

    def test_who_lost_the_lease_can_change_nothing(self) -> None:
        queued()
        upload = claimed(ANN)
        found = row(upload)
        self.assertTrue(queue.take_over(found, BEN))
        self.assertIsNone(queue.beat(upload, bytes_sent=99))
        self.assertFalse(queue.requeue(upload))
        self.assertFalse(uploads.settle(upload, UploadStatus.SUCCEEDED))
        seen = row(upload)
        self.assertEqual((UploadStatus.RUNNING, BEN, 0),
                         (seen.status, seen.worker, seen.bytes_sent))
        self.assertEqual(UploadStatus.RUNNING, queue.beat(found))

    def test_the_same_worker_with_an_earlier_attempt_has_lost_it(self) -> None:
        queued()
        earlier = claimed(ANN)
        self.assertTrue(queue.requeue(row(earlier)))
        later = claimed(ANN)
        self.assertEqual(2, later.attempt)
        self.assertIsNone(queue.beat(earlier))
        self.assertEqual(UploadStatus.RUNNING, queue.beat(later))

    def test_an_upload_expires_without_signs_of_life(self) -> None:
        queued()
        upload = claimed()
        self.assertEqual([], queue.expired(None, 60))
        self.assertEqual([], queue.expired(['other@host'], 0))
        time.sleep(0.3)
        self.assertEqual([upload.id],
                         [late.id for late in queue.expired([HOST], 0.2)])
        queue.beat(upload)
        self.assertEqual([], queue.expired(None, 0.2))

    def test_what_lives_after_all_is_not_taken_over(self) -> None:
        queued()
        upload = claimed(ANN)
        found = row(upload)
        time.sleep(0.01)
        queue.beat(upload)
        self.assertFalse(queue.take_over(found, BEN))
        self.assertEqual(ANN, row(upload).worker)

    def test_what_was_cancelled_in_the_queue_is_found_at_once(self) -> None:
        upload = queued()
        self.assertEqual(UploadStatus.QUEUED, queue.cancel(upload.id))
        self.assertIsNone(queue.claim_next([HOST], ANN))
        found, = queue.expired(None, 60)
        self.assertTrue(queue.take_over(found, ANN))
        self.assertTrue(uploads.settle(found, UploadStatus.CANCELLED))
        self.assertEqual(VolumeStatus.AVAILABLE, volumes.get(
            upload.volume_id, metadata=False).status)

    def test_who_is_asked_to_stop_keeps_the_lease(self) -> None:
        queued()
        upload = claimed()
        queue.cancel(upload.id)
        self.assertEqual([], queue.expired(None, 60))
        self.assertFalse(queue.requeue(upload))
        self.assertFalse(queue.requeue(row(upload)))
        self.assertEqual(UploadStatus.CANCELLING, row(upload).status)

    def test_back_off_puts_an_upload_off(self) -> None:
        queued()
        upload = claimed()
        self.assertTrue(queue.requeue(upload, delay=0.5, reason='Glance: 503'))
        self.assertIsNone(queue.claim_next([HOST], ANN))
        time.sleep(0.6)
        again = claimed()
        self.assertEqual((2, 'Glance: 503', None),
                         (again.attempt, again.reason, again.not_before))

    def test_what_is_given_back_uncounted_has_its_attempt_back(self) -> None:
        queued()
        self.assertTrue(queue.requeue(claimed(), counted=False))
        self.assertEqual(1, claimed().attempt)

    def test_an_upload_that_is_never_queued_gets_stale(self) -> None:
        upload = make_upload(make_volume(), queued=False)
        queued()
        self.assertEqual([], queue.stale_creating(60))
        time.sleep(0.2)
        self.assertEqual([upload.id],
                         [old.id for old in queue.stale_creating(0.1)])

    def test_the_clock_of_the_api_says_nothing_of_what_is_stale(self) -> None:
        yesterday = models.precise_now() - datetime.timedelta(days=1)
        make_upload(make_volume(), queued=False, created_at=yesterday)
        self.assertEqual([], queue.stale_creating(60))
        upload = queued()
        uploads.settle(row(upload), UploadStatus.FAILED, 'why')
        uploads.restart(row(upload), uuidutils.generate_uuid())
        self.assertEqual([], queue.stale_creating(60))

    def test_waiting_are_those_that_are_not_begun(self) -> None:
        queued('p1'), queued('p1'), queued('p2')
        make_upload(make_volume(), queued=False)
        self.assertEqual(3, queue.count_waiting('p1'))
        claimed()
        self.assertEqual(2, queue.count_waiting('p1'))

    def test_a_failure_tells_its_user_why(self) -> None:
        queued()
        upload = claimed()
        uploads.settle(upload, UploadStatus.FAILED, 'the disk is broken')
        message, = messages.get_all('p1')
        self.assertEqual(
            (upload.volume_id, 'VOLUME', 'ERROR',
             'copy volume to image: the disk is broken'),
            (message.resource_uuid, message.resource_type,
             message.message_level, message.user_message))
        self.assertEqual([], messages.get_all('p2'))
        messages.delete(message.id)
        with self.assertRaises(exception.MessageNotFound):
            messages.get(message.id)

    def test_other_ends_leave_no_message(self) -> None:
        queued()
        uploads.settle(claimed(), UploadStatus.SUCCEEDED)
        self.assertEqual([], messages.get_all(None))

    def test_a_failed_upload_begins_anew_with_a_new_image(self) -> None:
        queued()
        failed = claimed()
        uploads.settle(failed, UploadStatus.FAILED, 'why')
        image_id = uuidutils.generate_uuid()
        anew = uploads.restart(row(failed), image_id)
        self.assertEqual(
            (UploadStatus.CREATING, image_id, 0, None, None, None),
            (anew.status, anew.image_id, anew.attempt, anew.reason,
             anew.finished_at, anew.worker))
        self.assertEqual(VolumeStatus.UPLOADING, volumes.get(
            anew.volume_id, metadata=False).status)
        with self.assertRaises(exception.StatusConflict):
            uploads.restart(row(failed), image_id)

    def test_only_what_has_failed_begins_anew(self) -> None:
        queued()
        done = claimed()
        uploads.settle(done, UploadStatus.SUCCEEDED)
        with self.assertRaises(exception.StatusConflict):
            uploads.restart(row(done), uuidutils.generate_uuid())
        self.assertEqual(VolumeStatus.AVAILABLE, volumes.get(
            done.volume_id, metadata=False).status)

    def test_uploads_are_listed_by_page_project_and_status(self) -> None:
        made = [queued().id for _ in range(5)]
        queued('p2')
        claimed()
        newest = uploads.get_all('p1', limit=2)
        self.assertEqual(made[:2:-1], [upload.id for upload in newest])
        rest = uploads.get_all('p1', marker=newest[-1].id)
        self.assertEqual(made[2::-1], [upload.id for upload in rest])
        self.assertEqual(6, len(uploads.get_all(None)))
        self.assertEqual(made[:1], [upload.id for upload in uploads.get_all(
            None, filters={'status': [UploadStatus.RUNNING]})])

    def test_only_finished_uploads_are_purged(self) -> None:
        queued(), queued(), queued()
        done = claimed()
        uploads.settle(done, UploadStatus.SUCCEEDED)
        claimed()
        later = models.utcnow() + datetime.timedelta(seconds=5)
        self.assertEqual(0, uploads.purge(NEVER, 100))
        self.assertEqual(1, uploads.purge(later, 100))
        self.assertEqual(2, len(uploads.get_all(None)))
