# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import socket
import ssl
import threading
import time
from typing import Any
import uuid

from tests.unit.image import base
from volupload import exception
from volupload.image import wire

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

    def test_one_image_of_two(self) -> None:
        self.glance.fail('PUT', hang=True)
        first, self.image_id = self.image_id, str(uuid.uuid4())
        self.create()
        uploads = [self.pool.submit(self.images.upload_data, image_id,
                                    iter(()), 0)
                   for image_id in (first, self.image_id)]
        self.until(lambda: [request[0] for request in self.glance.requests
                            ].count('PUT') == 2)
        self.images.abort(first)
        self.fails(exception.TransferCancelled, uploads[0].result, 1)
        time.sleep(0.1)
        self.assertFalse(uploads[1].done())
        self.broken_off(uploads[1])

    def test_one_image_for_once_only(self) -> None:
        self.images.abort(self.image_id)
        with self.images.abortable(self.image_id):
            self.images.abort(self.image_id)
            self.fails(exception.TransferCancelled, self.upload, iter(()), 0)
            self.fails(exception.TransferCancelled,
                       self.images.get_stored_image, self.image_id)
        self.upload(iter(()), 0)
        self.assertEqual('active', self.images.get_stored_image(
            self.image_id)['status'])

    def test_a_request_that_waits_for_its_answer(self) -> None:
        self.glance.fail('GET', hang=True)
        for call in (lambda: self.upload(self.endless(), SIZE),
                     lambda: self.images.get_stored_image(self.image_id)):
            with self.images.abortable(self.image_id):
                self.glance.requests.clear()
                running = self.pool.submit(call)
                self.until(lambda: bool(self.glance.requests))
                began = time.monotonic()
                self.images.abort(self.image_id)
                self.fails(exception.TransferCancelled, running.result, 1)
                self.assertLess(time.monotonic() - began, 1)

    def test_a_look_after_a_lost_answer(self) -> None:
        self.glance.fail('PUT', reset=True)
        def chunks() -> Iterator[memoryview]:
            yield memoryview(b'12')
            self.glance.images[self.image_id]['status'] = 'saving'
        running = self.pool.submit(self.upload, chunks(), 2)
        self.until(lambda: [request[0] for request in self.glance.requests[-2:]
                            ] == ['PUT', 'GET'])
        self.broken_off(running)

    def test_what_comes_too_late_is_put_away(self) -> None:
        late: list[int] = []
        go_on = threading.Event()
        with self.images._running.scope('1') as scope:
            call = self.pool.submit(scope.apart, go_on.wait, late.append)
            time.sleep(0.1)
            self.images.abort('1')
            self.fails(exception.TransferCancelled, call.result, 1)
        go_on.set()
        self.until(lambda: late == [True])

    def test_small_requests_go_on(self) -> None:
        self.images.abort()
        self.images.delete_image(self.image_id)
        self.assertEqual({}, self.glance.images)


class TestConnecting(base.ImageTestCase):
    """A port where nobody accepts, or where the handshake stands still."""

    def setUp(self) -> None:
        super().setUp()
        self.create()
        self.pool = futures.ThreadPoolExecutor()
        self.addCleanup(self.pool.shutdown)

    def broken_off(self, server: socket.socket, scheme: str) -> None:
        url = f'{scheme}://127.0.0.1:{server.getsockname()[1]}'
        # Only the PUT goes there.
        self.images.close()
        self.images._session._wire = wire.Wire(
            url, ssl.create_default_context() if scheme == 'https' else None,
            20)
        self.images.get_image = (  # type: ignore[method-assign]
            lambda image_id, **kwargs: {'status': 'queued'})
        running = self.pool.submit(
            self.images.upload_data, self.image_id, iter(()), 0)
        time.sleep(0.3)
        self.assertFalse(running.done())
        began = time.monotonic()
        self.images.abort(self.image_id)
        self.fails(exception.TransferCancelled, running.result, 5)
        self.assertLess(time.monotonic() - began, 1)

    def test_a_connection_that_nobody_takes(self) -> None:
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(
                socket.create_server(('127.0.0.1', 0), backlog=0))
            waiting = stack.enter_context(
                socket.create_connection(server.getsockname()))
            self.assertIsNotNone(waiting)   # the one place in the queue
            self.broken_off(server, 'http')

    def test_a_handshake_without_an_answer(self) -> None:
        with socket.create_server(('127.0.0.1', 0)) as server:
            self.broken_off(server, 'https')
