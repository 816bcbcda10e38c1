# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import time
from typing import Any

from tests.unit.image import base
from volupload import exception

SIZE = 10 * 1024 ** 3


class TestAbort(base.ImageTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.create()
        self.sent = 0
        self.pool = futures.ThreadPoolExecutor()
        self.addCleanup(self.pool.shutdown)

    def endless(self) -> Iterator[memoryview]:
        block = memoryview(bytes(64 * 1024))
        while True:
            self.sent += len(block)
            yield block

    def upload(self, chunks: Iterator[memoryview], size: int | None) -> None:
        self.images.upload_data(self.image_id, chunks, size)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def stands_still(self) -> bool:
        """Whether the sender is blocked: no buffer has room left."""
        before = self.sent
        time.sleep(0.1)
        return before == self.sent > 0

    def has_put(self) -> bool:
        return self.glance.requests[-1][0] == 'PUT'

    def broken_off(self, running: futures.Future[Any]) -> None:
        began = time.monotonic()
        self.images.abort()
        self.fails(exception.TransferCancelled, running.result, 10)
        self.assertLess(time.monotonic() - began, 1)

    def test_an_upload_that_waits_for_room(self) -> None:
        self.glance.fail('PUT', hang=True, after=100_000)
        for size in (SIZE, None):
            with self.subTest(size=size):
                running = self.pool.submit(self.upload, self.endless(), size)
                self.until(self.stands_still)
                self.broken_off(running)
            self.images.close()
            self.images = type(self.images)()

    def test_an_upload_that_waits_for_the_answer(self) -> None:
        self.glance.fail('PUT', hang=True)
        running = self.pool.submit(self.upload, iter([memoryview(b'12')]), 2)
        self.until(self.has_put)
        time.sleep(0.1)
        self.broken_off(running)

    def test_an_upload_in_full_swing(self) -> None:
        running = self.pool.submit(self.upload, self.endless(), SIZE)
        self.until(lambda: self.sent > 10_000_000)
        self.broken_off(running)

    def test_an_upload_that_waits_for_the_image(self) -> None:
        self.glance.images[self.image_id]['status'] = 'saving'
        running = self.pool.submit(self.upload, self.endless(), SIZE)
        self.until(lambda: len(self.glance.requests) > 2)
        self.broken_off(running)

    def test_all_of_them(self) -> None:
        self.glance.fail('PUT', hang=True)
        uploads = [self.pool.submit(self.upload, iter(()), 0)
                   for _ in range(4)]
        self.until(lambda: [request[0] for request in self.glance.requests
                            ].count('PUT') == 4)
        for upload in uploads:
            self.broken_off(upload)

    def test_later_uploads_do_not_begin(self) -> None:
        self.images.abort()
        self.glance.requests.clear()
        self.fails(exception.TransferCancelled, self.upload, iter(()), 0)
        self.assertEqual([], self.glance.requests)

    def test_what_the_chunks_raise_passes_all_the_same(self) -> None:
        def chunks() -> Iterator[memoryview]:
            self.images.abort()
            raise LookupError
            yield
        self.fails(LookupError, self.upload, chunks(), SIZE)

    def test_a_refusal_that_came_before_remains_one(self) -> None:
        def chunks() -> Iterator[memoryview]:
            yield memoryview(bytes(10_000))
            self.until(self.has_put)
            before = set(self.glance._server.connections)
            yield memoryview(bytes(100_000))
            self.until(lambda: bool(
                before - self.glance._server.connections))
            self.images.abort()
            yield memoryview(bytes(100_000))
        self.glance.fail('PUT', status=413, reason='Full', after=60_000)
        error = self.fails(exception.ImageDataRefused, self.upload, chunks(),
                           SIZE)
        self.assertEqual(413, error.status)

    def test_a_look_at_the_stored_image_does_not_wait_on(self) -> None:
        self.glance.images[self.image_id]['status'] = 'saving'
        running = self.pool.submit(
            self.images.get_stored_image, self.image_id)
        self.until(lambda: len(self.glance.requests) > 2)
        self.broken_off(running)

    def test_small_requests_go_on(self) -> None:
        self.images.abort()
        self.images.delete_image(self.image_id)
        self.assertEqual({}, self.glance.images)
