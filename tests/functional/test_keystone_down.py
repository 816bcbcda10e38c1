# SPDX-License-Identifier: Apache-2.0
"""Each way in which Keystone can be down ends as 401, and ends with it."""

import socket
import threading

from tests.fixtures import keystone
from tests.fixtures.keystone import always
from tests.functional import base
from tests.functional.base import PROJECT

CHALLENGE = 'Keystone uri="http://keystone.example.org/v3"'

VALIDATION = '/v3/auth/tokens'
LOGIN = 'POST /v3/auth/tokens'


def discovery(status: int, body: object) -> dict[str, keystone.Answer]:
    return {'': always(status, body), '/v3': always(status, body)}


def validation(status: int, body: object) -> dict[str, keystone.Answer]:
    return {VALIDATION: always(status, body)}


def login(status: int, body: object) -> dict[str, keystone.Answer]:
    return {LOGIN: always(status, body)}


ILLNESSES = {
    'everything is 500': {'*': always(500, {})},
    'everything is 503': {'*': always(503, b'<html>')},
    'everything is 200 and HTML': {'*': always(200, b'<html>')},
    'discovery is 401': discovery(401, {}),
    'discovery is 404': discovery(404, {}),
    'discovery is HTML': discovery(200, b'<html>'),
    'discovery is empty': discovery(200, b''),
    'discovery is a list': discovery(200, []),
    'discovery is a number': discovery(200, 5),
    'discovery is null': discovery(200, None),
    'discovery has a number of versions': discovery(200, {'versions': 3}),
    'discovery has no values': discovery(200, {'versions': {'values': 3}}),
    'discovery has no version': discovery(200, {'version': 5}),
    'discovery has no links': discovery(200, {
        'version': {'id': 'v3.0', 'status': 'stable', 'links': 5}}),
    'the service is refused': login(401, {}),
    'the service is forbidden': login(403, {}),
    'login is 500': login(500, {}),
    'login is HTML': login(201, b'<html>'),
    'login is a list': login(201, []),
    'login has no token': login(201, {'token': 5}),
    'there is no endpoint': {LOGIN: keystone.new_token_without_catalog},
    'validation is 500': validation(500, {}),
    'validation is 401': validation(401, {}),
    'validation is 403': validation(403, {}),
    'validation is 300': validation(300, {}),
    'validation is HTML': validation(200, b'<html>'),
    'validation is a list': validation(200, []),
    'validation is a number': validation(200, 5),
    'validation is null': validation(200, None),
    'validation is empty': validation(200, {}),
    'validation has an odd token': validation(200, {'token': 5}),
    'validation has an empty token': validation(200, {'token': {}}),
}


class TestKeystoneDown(base.KeystoneTestCase):

    def assertUnauthorized(self, why: str) -> None:
        for api in ('v2', 'v3'):
            answer = self.ask('GET', f'/{api}/{PROJECT}/volumes')
            self.assertEqual(401, answer.status_int, why)
            self.assertFault(answer, 401, 'unauthorized')
            self.assertEqual([CHALLENGE],
                             answer.headers.getall('WWW-Authenticate'), why)

    def test_keystone_that_answers_nonsense(self) -> None:
        for why, answers in ILLNESSES.items():
            self.load()
            self.keystone.fall_ill(answers)
            self.assertUnauthorized(why)
            self.keystone.recover()
            answer = self.ask('GET', f'/v3/{PROJECT}/volumes')
            self.assertEqual(200, answer.status_int, why)

    def test_access_rules_hold_before_and_after(self) -> None:
        self.keystone.add_restricted_token(
            'restricted', 'member', 'reader', project=PROJECT,
            rules=[('GET', '/v3/**/volumes')])
        for _ in range(2):
            self.load()
            self.keystone.fall_ill(discovery(200, {'version': 5}))
            self.assertUnauthorized('')
            self.keystone.recover()
            for path, status in ((f'/v3/{PROJECT}/volumes', 200),
                                 (f'/v3/{PROJECT}/volumes/detail', 401),
                                 (f'/v2/{PROJECT}/volumes', 401)):
                answer = self.ask('GET', path, token='restricted')
                self.assertEqual(status, answer.status_int, path)

    def test_trouble_is_logged_without_secrets(self) -> None:
        self.keystone.fall_ill(discovery(200, {'version': 5}))
        self.assertUnauthorized('')
        self.assertIn('Keystone is in trouble', self.logs.output)
        self.assertNotIn('secret', self.logs.output)

    def test_nobody_listens(self) -> None:
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self.move(f'http://127.0.0.1:{port}/v3')
        self.assertUnauthorized('refused')

    def test_no_such_host(self) -> None:
        self.move('http://keystone.invalid/v3')
        self.assertUnauthorized('DNS')

    def test_no_tls(self) -> None:
        self.move(self.keystone.url.replace('http:', 'https:'))
        self.assertUnauthorized('TLS')

    def test_no_url(self) -> None:
        for url in ('nonsense', 'ftp://keystone', '', 'http://'):
            self.move(url)
            self.assertUnauthorized(url)

    def test_connections_that_break(self) -> None:
        for said in (b'', b'SSH-2.0-x\r\n',
                     b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'):
            with Breaking(said) as breaking:
                self.move(breaking.url)
                self.assertUnauthorized(repr(said))

    def test_keystone_that_is_silent(self) -> None:
        with Breaking(None) as silent:
            self.config(http_connect_timeout=0.05,
                        group='keystone_authtoken')
            self.move(silent.url)
            self.assertUnauthorized('silent')

    def test_discovery_and_health_need_no_keystone(self) -> None:
        self.keystone.fall_ill({'*': always(500, {})})
        for path, status in (('/', 300), ('/v3/', 200), ('/v2', 200),
                             ('/healthcheck', 200)):
            self.assertEqual(status, self.ask('GET', path).status_int)

    def move(self, url: str) -> None:
        self.config(auth_url=url, group='keystone_authtoken')
        self.load()


class Breaking:
    """Accepts, reads, says something (None: nothing, and waits), closes."""

    def __init__(self, said: bytes | None) -> None:
        self._said = said
        self._listening = socket.create_server(('127.0.0.1', 0))
        port = self._listening.getsockname()[1]
        self.url = f'http://127.0.0.1:{port}/v3'
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> 'Breaking':
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        socket.create_connection(self._listening.getsockname()).close()
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        waiting = []
        while not self._over.is_set():
            connection, _ = self._listening.accept()
            if self._said is None:
                waiting.append(connection)
                continue
            with connection:
                connection.recv(65536)
                connection.sendall(self._said)
        for connection in waiting:
            connection.close()
