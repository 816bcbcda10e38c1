# SPDX-License-Identifier: Apache-2.0
"""The proxy by which the fault matrix breaks Glance does what it is told."""

from concurrent import futures
import http.client
import socket
import time

from tests import base
from tests.fixtures import glance
from tests.fixtures import proxy

_DATA = b'v' * 300_000


class TestProxy(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.glance = self.useFixture(glance.FakeGlance(keep_data=True))
        self.proxy = self.useFixture(proxy.Proxy(self.glance.url))
        self.address = self.proxy.url.removeprefix('http://')

    def _ask(self, method: str, path: str,
             body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, f'/v2/images{path}', body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _create(self, image_id: str = 'one') -> int:
        return self._ask('POST', '', b'{"id": "%s"}' % image_id.encode())[0]

    def _wait_for(self, status: str) -> None:
        end = time.monotonic() + 10
        while self.glance.images['one']['status'] != status:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_without_a_fault_everything_comes_through(self) -> None:
        self.assertEqual(201, self._create())
        self.assertEqual(204, self._ask('PUT', '/one/file', _DATA)[0])
        self.assertEqual(_DATA, self.glance.data['one'])
        self.assertEqual([('POST', 13, 201), ('PUT', len(_DATA), 204)], [
            (seen.method, seen.sent, seen.status)
            for seen in self.proxy.requests])

    def test_an_answer_comes_instead_of_the_request(self) -> None:
        self.proxy.answer('POST', '/images$', 503, nth=2)
        self.assertEqual([201, 503, 201], [
            self._create(name) for name in ('one', 'two', 'three')])
        self.assertEqual({'one', 'three'}, set(self.glance.images))

    def test_an_answer_comes_after_the_request_took_effect(self) -> None:
        self.proxy.answer('POST', '/images$', 503, at=proxy.AFTER)
        self.assertEqual(503, self._create())
        self.assertIn('one', self.glance.images)

    def test_an_answer_comes_in_the_middle_of_the_body(self) -> None:
        self._create()
        self.proxy.answer('PUT', '/file$', 413, at=100_000)
        self.assertEqual(413, self._ask('PUT', '/one/file', _DATA)[0])
        self.assertEqual(100_000, self.proxy.seen('PUT')[0].sent)
        self._wait_for('queued')

    def test_what_comes_back_is_not_http(self) -> None:
        self.proxy.garble('GET', '/one')
        self.assertRaises(http.client.BadStatusLine, self._ask, 'GET', '/one')

    def test_nothing_comes_back(self) -> None:
        self.proxy.hang_up('GET', '/one', times=None)
        for _ in range(2):
            self.assertRaises(http.client.RemoteDisconnected, self._ask,
                              'GET', '/one')
        self.proxy.heal()
        self.assertEqual(404, self._ask('GET', '/one')[0])

    def test_the_connection_breaks(self) -> None:
        self._create()
        self.proxy.break_off('PUT', '/file$', at=100_000)
        self.assertRaises(ConnectionResetError, self._ask, 'PUT',
                          '/one/file', _DATA)
        self._wait_for('queued')

    def test_what_is_held_goes_on_when_it_is_released(self) -> None:
        self._create()
        for at in (proxy.BEFORE, 0, 1, 150_000, len(_DATA), proxy.AFTER):
            with self.subTest(at=at), futures.ThreadPoolExecutor() as pool:
                self.glance.images['one']['status'] = 'queued'
                self.glance.data.clear()
                held = self.proxy.hold('PUT', '/file$', at=at)
                answer = pool.submit(self._ask, 'PUT', '/one/file', _DATA)
                held.wait()
                self.assertFalse(answer.done())
                if not isinstance(at, int):
                    self.assertEqual(at is proxy.AFTER,
                                     'one' in self.glance.data)
                held.release()
                self.assertEqual(204, answer.result()[0])
                self.assertEqual(_DATA, self.glance.data['one'])

    def test_who_hangs_up_while_held_ends_his_request(self) -> None:
        self._create()
        held = self.proxy.hold('PUT', '/file$', at=1000)
        host, _, port = self.address.partition(':')
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b'PUT /v2/images/one/file HTTP/1.1\r\n'
                b'Content-Length: 300000\r\n\r\n' + _DATA[:5000])
            held.wait()
            self._wait_for('saving')
        self._wait_for('queued')

    def test_a_fault_that_nobody_meets_is_told(self) -> None:
        held = self.proxy.hold('PUT', '/file$')
        self.assertRaises(TimeoutError, held.wait, 0.01)
