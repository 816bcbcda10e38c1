# SPDX-License-Identifier: Apache-2.0

import os
import threading
import time

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import queue
from volupload.db import services
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume.loop import Loop
from volupload.volume.manager import VolumeManager
from volupload.volume.status import VolumeStatus


class TestManager(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        # Only what wakes it makes it work within the time of a test.
        self.config(sweep_interval=3600, max_concurrent=2, group='upload')
        self.images = doubles.Images()
        self.backend = doubles.MemoryBackend()
        self.context = RequestContext()

    def start(self) -> VolumeManager:
        manager = VolumeManager({statements.HOST: self.backend}, self.images)
        manager.start()
        self.addCleanup(manager.stop)
        return manager

    def queue(self) -> models.Upload:
        volume = statements.make_volume()
        self.backend.volumes[volume.id] = b'data'
        upload = statements.make_upload(volume)
        self.images.images[upload.image_id] = {
            'id': upload.image_id, 'status': 'queued'}
        return upload

    def wait_until(self, upload: models.Upload, status: str) -> None:
        deadline = time.monotonic() + 10
        while uploads.get(upload.id).status != status:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_what_waited_before_the_start_is_done(self) -> None:
        waiting = [self.queue() for _ in range(5)]
        self.start()
        for upload in waiting:
            self.wait_until(upload, 'succeeded')

    def test_a_message_wakes_it(self) -> None:
        manager = self.start()
        upload = self.queue()
        manager.copy_volume_to_image(self.context, upload.id)
        self.wait_until(upload, 'succeeded')

    def test_it_says_that_it_lives(self) -> None:
        VolumeManager({statements.HOST: self.backend},
                      self.images).sweep_volumes()
        service, = services.get_all()
        self.assertEqual((statements.HOST, 'volupload-volume'),
                         (service.host, service.binary))

    def test_no_more_uploads_run_than_there_are_slots(self) -> None:
        running, most = [], []
        lock, go_on = threading.Lock(), threading.Event()

        def read() -> None:
            with lock:
                running.append(1)
                most.append(len(running))
            go_on.wait(5)
            with lock:
                running.pop()
        self.backend.on_read = read
        waiting = [self.queue() for _ in range(6)]
        self.start()
        while len(running) < 2:
            time.sleep(0.01)
        time.sleep(0.1)
        go_on.set()
        for upload in waiting:
            self.wait_until(upload, 'succeeded')
        self.assertEqual(2, max(most))

    def test_a_limit_that_is_raised_lets_more_run_at_once(self) -> None:
        running, go_on = threading.Semaphore(0), threading.Event()
        self.addCleanup(go_on.set)

        def read() -> None:
            running.release()
            go_on.wait(5)
        self.backend.on_read = read
        waiting = [self.queue() for _ in range(4)]
        manager = self.start()
        for _ in range(2):
            self.assertTrue(running.acquire(timeout=5))
        self.assertFalse(running.acquire(timeout=0.1))
        self.config(max_concurrent=3, bandwidth_limit=7, group='upload')
        manager.reload()
        self.assertTrue(running.acquire(timeout=5))
        self.assertFalse(running.acquire(timeout=0.1))
        self.assertEqual(7 * 1024 * 1024, manager._uploader.throttle.limit)
        go_on.set()
        for upload in waiting:
            self.wait_until(upload, 'succeeded')

    def test_a_message_has_a_cancelled_upload_end_at_once(self) -> None:
        self.config(progress_interval=60, group='upload')
        reading, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def read() -> None:
            reading.set()
            go_on.wait(0.2)
        self.backend.on_read = read
        upload = self.queue()
        self.backend.volumes[upload.volume_id] = bytes(64 * 1024 * 1024)
        manager = self.start()
        self.assertTrue(reading.wait(5))
        queue.cancel(upload.id)
        manager.cancel_upload(self.context, upload.id)
        self.wait_until(upload, 'cancelled')
        self.assertEqual({}, self.images.images)

    def test_an_image_that_is_deleted_meanwhile_ends_its_upload(self) -> None:
        self.config(image_check_interval=1, group='upload')
        reading, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def read() -> None:
            reading.set()
            go_on.wait(0.2)
        self.backend.on_read = read
        upload = self.queue()
        self.backend.volumes[upload.volume_id] = bytes(256 * 1024 * 1024)
        self.start()
        self.assertTrue(reading.wait(5))
        self.images.images.pop(upload.image_id)
        self.wait_until(upload, 'cancelled')

    def test_what_a_dead_manager_left_is_done_by_the_next(self) -> None:
        upload = self.queue()
        left = queue.claim_next([statements.HOST], f'testhost:{os.getpid()}:x')
        self.assertIsNotNone(left)
        self.start()
        self.wait_until(upload, 'succeeded')
        self.assertEqual(2, uploads.get(upload.id).attempt)

    def test_stopping_lets_the_running_uploads_end(self) -> None:
        reading = threading.Event()

        def read() -> None:
            reading.set()
            time.sleep(0.3)
        self.backend.on_read = read
        upload = self.queue()
        manager = self.start()
        reading.wait(5)
        manager.stop(grace=10)
        self.assertEqual('succeeded', uploads.get(upload.id).status)

    def test_stopping_puts_back_what_does_not_end_in_time(self) -> None:
        reading, release = threading.Event(), threading.Event()

        def read() -> None:
            reading.set()
            release.wait(5)
        self.backend.on_read = read
        upload = self.queue()
        manager = self.start()
        reading.wait(5)
        threading.Timer(0.5, release.set).start()
        manager.stop(grace=0.1)
        self.assertEqual('queued', uploads.get(upload.id).status)

    def test_a_new_volume_is_made_when_its_message_comes(self) -> None:
        manager = self.start()
        volume = statements.make_volume(host=None,
                                        status=VolumeStatus.CREATING)
        manager.create_volume(self.context, volume.id)
        deadline = time.monotonic() + 10
        while volumes.get(volume.id).status != 'available':
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


class TestLoop(base.TestCase):

    def test_an_error_does_not_end_it(self) -> None:
        rounds = threading.Semaphore(0)

        def work() -> None:
            rounds.release()
            raise ValueError('the database is away')
        loop = Loop('test', work, lambda: 0.01)
        loop.start()
        self.addCleanup(loop.stop)
        for _ in range(3):
            self.assertTrue(rounds.acquire(timeout=5))
        self.assertIn('the database is away', self.logs.output)

    def test_a_wake_during_the_work_is_not_lost(self) -> None:
        rounds: list[int] = []
        done = threading.Event()

        def work() -> None:
            rounds.append(1)
            if len(rounds) == 1:
                loop.wake()
            else:
                done.set()
        loop = Loop('test', work, lambda: 3600)
        loop.start()
        self.addCleanup(loop.stop)
        self.assertTrue(done.wait(5))
