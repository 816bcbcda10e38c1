# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
import threading
import time
from typing import Any

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.db import queue
from volupload.db import session
from volupload.db import uploads
from volupload.volume.status import UploadPhase
from volupload.volume.watch import Cause
from volupload.volume.watch import Watch


class TestWatch(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.config(progress_interval=1, lease_timeout=10, group='upload')
        self.images = doubles.Images()
        self.aborted: list[str | None] = []
        self.images.abort = self.aborted.append  # type: ignore
        made = statements.make_upload(statements.make_volume())
        self.images.images[made.image_id] = {'status': 'queued'}
        upload = queue.claim_next([statements.HOST], 'w')
        assert upload is not None
        self.watch = Watch(upload, self.images)
        self.upload = upload

    def row(self) -> Any:
        return uploads.get(self.upload.id)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_a_beat_writes_the_progress_and_renews_the_lease(self) -> None:
        before = self.row().heartbeat_at
        self.watch.phase = UploadPhase.SENDING
        self.watch.image_size = 100
        self.watch.bytes_read, self.watch.bytes_sent = 60, 50
        self.assertTrue(self.watch.beat())
        row = self.row()
        self.assertEqual(('sending', 60, 50, 100), (
            row.phase, row.bytes_read, row.bytes_sent, row.image_size))
        self.assertGreater(row.heartbeat_at, before)

    def test_the_rate_is_that_of_late(self) -> None:
        self.watch.beat()
        time.sleep(0.2)
        self.watch.bytes_sent = 1000
        self.watch.beat()
        rate = self.row().rate
        self.assertTrue(2000 < rate <= 5000, rate)

    def test_it_beats_by_itself(self) -> None:
        with self.watch:
            self.watch.bytes_sent = 7
            self.wait_for(lambda: self.row().bytes_sent == 7)

    def test_who_wants_to_know_is_told_of_every_beat(self) -> None:
        told: list[int] = []
        watch = Watch(self.upload, self.images,
                      lambda upload: told.append(upload.bytes_sent))
        watch.bytes_sent = 7
        with watch:
            watch.wake()
            self.wait_for(lambda: told == [7])

    def test_a_wish_to_cancel_breaks_the_sending_off(self) -> None:
        with self.watch:
            queue.cancel(self.upload.id)
            self.watch.wake()
            self.wait_for(self.watch.stopped)
        self.assertIs(Cause.CANCELLED, self.watch.cause)
        self.assertEqual([self.upload.image_id], self.aborted)
        self.assertEqual('cancelling', self.upload.status)

    def test_a_wish_is_seen_without_a_message_too(self) -> None:
        with self.watch:
            queue.cancel(self.upload.id)
            self.wait_for(self.watch.stopped)

    def test_who_lost_the_lease_stops(self) -> None:
        successor = uploads.get(self.upload.id)
        self.assertTrue(queue.take_over(successor, 'other'))
        self.assertFalse(self.watch.beat())
        self.assertIs(Cause.LOST, self.watch.cause)
        self.assertEqual('other', self.row().worker)

    def test_a_loss_outdoes_every_other_cause(self) -> None:
        self.watch.stop(Cause.GONE)
        self.watch.stop(Cause.CANCELLED)
        self.assertIs(Cause.GONE, self.watch.cause)
        self.watch.stop(Cause.LOST)
        self.assertIs(Cause.LOST, self.watch.cause)

    def test_who_cannot_renew_stops_before_another_may_begin(self) -> None:
        self.watch._renewed -= 9
        self.assertFalse(self.watch.stopped())
        self.watch._renewed -= 2
        self.assertTrue(self.watch.stopped())
        self.assertIs(Cause.STALE, self.watch.cause)

    def test_a_database_that_is_away_for_a_moment_stops_nothing(self) -> None:
        def rename(old: str, new: str) -> None:
            with session.engine().begin() as connection:
                connection.exec_driver_sql(
                    f'ALTER TABLE {old} RENAME TO {new}')
        rename('uploads', 'away')
        with self.watch:
            self.watch.wake()
            self.wait_for(lambda: 'cannot be renewed' in self.logs.output)
            rename('away', 'uploads')
            self.watch.bytes_sent = 7
            self.wait_for(lambda: self.row().bytes_sent == 7)
        self.assertIsNone(self.watch.cause)

    def test_nothing_beats_after_the_end(self) -> None:
        self.assertTrue(self.watch.finish(
            lambda: queue.requeue(self.upload)))
        self.assertFalse(self.watch.beat())
        self.assertIsNone(self.watch.cause)
        self.assertEqual([], self.aborted)

    def test_a_beat_waits_for_the_end_that_is_being_written(self) -> None:
        beaten: list[bool] = []
        beating = threading.Thread(
            target=lambda: beaten.append(self.watch.beat()))

        def requeue() -> bool:
            done = queue.requeue(self.upload)
            beating.start()
            time.sleep(0.1)   # it would see a row that is nobody's
            return done
        self.assertTrue(self.watch.finish(requeue))
        beating.join()
        self.assertEqual(([False], None), (beaten, self.watch.cause))

    def test_an_image_that_its_owner_deletes_stops_it(self) -> None:
        self.watch.check_image()
        self.assertIsNone(self.watch.cause)
        self.images.images.clear()
        self.watch.check_image()
        self.assertIs(Cause.GONE, self.watch.cause)

    def test_a_glance_that_is_away_stops_nothing(self) -> None:
        def refuse(image_id: str, retry: bool = True) -> dict[str, Any]:
            raise exception.ImageServiceError(reason='connection refused')
        self.images.get_image = refuse  # type: ignore[method-assign]
        self.watch.check_image()
        self.assertIsNone(self.watch.cause)
