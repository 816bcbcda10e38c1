# SPDX-License-Identifier: Apache-2.0

import datetime
import os
import subprocess
import sys
from typing import Any

import sqlalchemy as sa

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.db import models
from volupload.db import queue
from volupload.db import session
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume.reaper import Reaper

LONG_AGO = datetime.timedelta(hours=1)


class ReaperTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.config(lease_timeout=60, max_attempts=2, creating_timeout=180,
                    group='upload')
        self.images = doubles.Images()
        self.running: set[str] = set()
        self.left_behind: list[models.Upload] = []
        self.reaper = Reaper('testhost:1:me', self.images,
                             lambda: self.running, self.left_behind)

    def make(self, **values: Any) -> models.Upload:
        upload = statements.make_upload(statements.make_volume(), **values)
        self.images.images[upload.image_id] = {
            'id': upload.image_id, 'status': 'saving'}
        return upload

    def claim(self, worker: str = 'far:1:dead') -> models.Upload:
        self.make()
        upload = queue.claim_next([statements.HOST], worker)
        assert upload is not None
        return upload

    def age(self, upload: models.Upload) -> None:
        """As if nothing had happened to it for an hour."""
        self.change(upload, heartbeat_at=models.precise_now() - LONG_AGO,
                    created_at=models.precise_now() - LONG_AGO)

    def change(self, upload: models.Upload, **values: Any) -> None:
        with session.connection() as writing:
            writing.execute(sa.update(models.Upload).where(
                models.Upload.id == upload.id).values(**values))

    def assertEnded(self, upload: models.Upload, status: str,
                    reason: str) -> None:
        row = uploads.get(upload.id)
        self.assertEqual(status, row.status)
        self.assertIn(reason, row.reason or '')
        self.assertEqual('available', volumes.get(row.volume_id).status)
        self.assertNotIn(row.image_id, self.images.images)


class TestExpired(ReaperTestCase):

    def test_what_a_dead_worker_ran_begins_anew(self) -> None:
        upload = self.claim()
        self.age(upload)
        self.reaper.sweep()
        row = uploads.get(upload.id)
        self.assertEqual(('queued', None, 1),
                         (row.status, row.worker, row.attempt))
        self.assertIn('far:1:dead', row.reason or '')
        self.assertEqual('uploading', volumes.get(row.volume_id).status)
        self.assertIn(row.image_id, self.images.images)
        self.assertIsNotNone(queue.claim_next([statements.HOST], 'w'))

    def test_a_worker_that_beats_keeps_its_own(self) -> None:
        upload = self.claim()
        self.reaper.sweep()
        self.assertEqual('far:1:dead', uploads.get(upload.id).worker)

    def test_the_last_attempt_fails_and_its_image_goes(self) -> None:
        upload = self.claim()
        self.age(upload)
        self.change(upload, attempt=2)
        self.reaper.sweep()
        self.assertEnded(upload, 'failed', 'far:1:dead has died')

    def test_a_dead_worker_that_was_to_cancel_is_replaced(self) -> None:
        upload = self.claim()
        queue.cancel(upload.id)
        self.age(upload)
        self.reaper.sweep()
        self.assertEnded(upload, 'cancelled', 'cancelled')

    def test_a_cancelled_upload_of_the_queue_is_ended(self) -> None:
        upload = self.make()
        queue.cancel(upload.id)
        self.reaper.sweep()
        self.assertEnded(upload, 'cancelled', 'cancelled')

    def test_a_protected_image_goes_all_the_same(self) -> None:
        upload = self.make(protected=True)
        delete = self.images.delete_image

        def refuse(image_id: str, *, retry: bool = True) -> None:
            if self.images.images[image_id].get('protected', True):
                raise exception.ImageServiceError(reason='403 protected')
            delete(image_id)
        self.images.delete_image = refuse  # type: ignore[method-assign]
        queue.cancel(upload.id)
        self.reaper.sweep()
        self.assertEnded(upload, 'cancelled', 'cancelled')

    def test_no_row_ends_before_its_image_is_deleted(self) -> None:
        upload = self.make()
        queue.cancel(upload.id)
        self.images.delete_error = exception.ImageServiceError(reason='503')
        self.reaper.sweep()
        self.assertEqual('cancelling', uploads.get(upload.id).status)
        self.images.delete_error = None
        self.age(upload)
        self.reaper.sweep()
        self.assertEnded(upload, 'cancelled', 'cancelled')

    def test_what_runs_here_is_not_taken_from_ourselves(self) -> None:
        upload = self.claim('testhost:1:me')
        self.running.add(upload.id)
        self.age(upload)
        self.reaper.sweep()
        self.assertEqual('running', uploads.get(upload.id).status)


class TestLeftBehind(ReaperTestCase):

    def test_an_image_is_deleted_when_glance_is_back(self) -> None:
        upload = self.make()
        self.left_behind.append(upload)
        self.images.delete_error = exception.ImageServiceError(reason='503')
        self.reaper.sweep()
        self.assertEqual([upload], self.left_behind)
        self.images.delete_error = None
        self.reaper.sweep()
        self.assertEqual(([], {}), (self.left_behind, self.images.images))


class TestCreating(ReaperTestCase):

    def test_an_api_that_died_leaves_neither_image_nor_volume(self) -> None:
        upload = self.make(queued=False)
        self.age(upload)
        self.reaper.sweep()
        self.assertEnded(upload, 'failed', 'API process')

    def test_an_api_that_is_at_work_is_left_alone(self) -> None:
        upload = self.make(queued=False)
        self.reaper.sweep()
        self.assertEqual('creating', uploads.get(upload.id).status)
        self.assertIn(upload.image_id, self.images.images)

    def test_it_waits_for_a_glance_that_is_away(self) -> None:
        upload = self.make(queued=False)
        self.age(upload)
        self.images.delete_error = exception.ImageServiceError(reason='503')
        self.reaper.sweep()
        self.assertEqual('creating', uploads.get(upload.id).status)


class TestPredecessor(ReaperTestCase):

    def is_requeued(self, worker: str) -> bool:
        """Whether a manager of `testhost` takes it at its start."""
        upload = self.claim(worker)
        self.reaper.sweep()
        return uploads.get(upload.id).status == 'queued'

    def test_what_a_dead_process_left_begins_anew_at_once(self) -> None:
        dead = subprocess.Popen([sys.executable, '-c', ''])
        dead.wait()
        self.assertTrue(self.is_requeued(f'testhost:{dead.pid}:0'))

    def test_a_process_of_our_own_number_is_an_earlier_one(self) -> None:
        self.assertTrue(self.is_requeued(f'testhost:{os.getpid()}:0'))

    def test_what_a_living_process_runs_stays_its_own(self) -> None:
        self.assertFalse(self.is_requeued(f'testhost:{os.getppid()}:0'))

    def test_workers_of_other_hosts_have_their_time(self) -> None:
        self.assertFalse(self.is_requeued(f'far:{os.getpid()}:0'))

    def test_only_a_start_looks_for_predecessors(self) -> None:
        self.reaper.sweep()
        self.assertFalse(self.is_requeued(f'testhost:{os.getpid()}:0'))
