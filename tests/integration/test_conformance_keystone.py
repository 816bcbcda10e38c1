# SPDX-License-Identifier: Apache-2.0
"""Keystone in each of the kinds of trouble: nobody is confirmed, so 401."""

from collections.abc import Callable
from collections.abc import Iterable
import json
from typing import Any

from tests.integration import calls
from tests.integration import conformance
from tests.integration import inprocess
from tests.integration import scripted
from tools.cloud import ports

REFUSAL = 'The request you have made requires authentication.'
Answer = Callable[[Any], None]


def _json(value: Any) -> Answer:
    return scripted.answering(200, json.dumps(value).encode())


SERVERS: dict[str, Answer] = {
    'answers 500': scripted.answering(500),
    'answers 503': scripted.answering(503, b'busy'),
    'answers 502 with a page': scripted.answering(
        502, b'<html>Bad gateway</html>', {'Content-Type': 'text/html'}),
    'answers 404': scripted.answering(404),
    'answers 401 to discovery': scripted.answering(
        401, b'{"error": {"code": 401, "message": "no"}}'),
    'answers 403': scripted.answering(403),
    'answers 200 with a page': scripted.answering(
        200, b'<html>It works!</html>', {'Content-Type': 'text/html'}),
    'answers nothing': scripted.answering(200),
    'answers no object': _json(['version']),
    'answers a number': _json(5),
    'answers an empty object': _json({}),
    'has versions that are none': _json({'versions': 'many'}),
    'has a version that is none': _json({'version': 3}),
    'has versions in null': _json({'versions': {'values': None}}),
    'has a version without links': _json(
        {'version': {'id': 'v3.14', 'status': 'stable'}}),
    'has only versions of long ago': _json({'versions': {'values': [
        {'id': 'v1.0', 'status': 'stable', 'links': []}]}}),
    'hangs up': scripted.hanging_up,
    'says nothing': scripted.silent,
    'sends to itself': scripted.answering(
        302, b'', {'Location': '/v3/auth/tokens'}),
}


class KeystoneTestCase(inprocess.TroubleTestCase):
    """As who has a good token of a Keystone that was well before."""

    def options(self) -> dict[str, dict[str, object]]:
        return {'keystone_authtoken': {
            'http_connect_timeout': 1, 'http_request_max_retries': 0,
            **self.trouble()}}

    def trouble(self) -> dict[str, object]:
        raise NotImplementedError

    def check_unauthorized(
            self, faces: Iterable[calls.Face] = calls.FACES) -> None:
        for face in faces:
            with self.nothing_remains():
                answer = self.post(self.untouched, face=face)
            self.check_fault(answer, 401, REFUSAL, face=face)
        self.assertEqual([], self.bus.received())


class TestServer(KeystoneTestCase):
    """Something else listens where Keystone should."""

    scenarios = [(name, {'answer': staticmethod(answer)})
                 for name, answer in SERVERS.items()]

    answer: Answer

    def trouble(self) -> dict[str, object]:
        server = self.useFixture(scripted.Server(self.answer))
        return {'auth_url': f'{server.url}/v3'}

    def test_every_token_is_unauthorized(self) -> None:
        # Silence takes its time.
        self.check_unauthorized(
            calls.FACES[:1] if self.answer is scripted.silent
            else calls.FACES)


class TestConfiguration(KeystoneTestCase):
    """The real Keystone is well and cannot be used."""

    scenarios = [(name, {'changed': changed}) for name, changed in {
        'connection refused': {'auth_url': 'http://127.0.0.1:{free}/v3'},
        'name that does not resolve': {
            'auth_url': 'http://keystone.invalid:5000/v3'},
        'no identity endpoint': {'region_name': 'Nowhere'},
        'no identity endpoint of that interface': {'interface': 'nonsense'},
        'wrong password': {'password': 'wrong'},
        'unknown user': {'username': 'nobody'},
        'unknown project': {'project_name': 'nowhere'},
    }.items()]

    changed: dict[str, str]

    def trouble(self) -> dict[str, object]:
        return {option: value.format(free=ports.free_port())
                for option, value in self.changed.items()}

    def test_every_token_is_unauthorized(self) -> None:
        self.check_unauthorized()


class TestTLS(KeystoneTestCase):
    """keystoneauth raises what it raises for nothing else."""

    scenarios = [(name, {'with_certificate': with_certificate})
                 for name, with_certificate in (
                     ('certificate of nobody', True), ('no TLS', False))]

    with_certificate: bool

    def trouble(self) -> dict[str, object]:
        tls = (scripted.certificate(self.directory())
               if self.with_certificate else None)
        answer = _json({}) if tls else scripted.hanging_up
        server = self.useFixture(scripted.Server(answer, tls))
        return {'auth_url': server.url.replace('http:', 'https:') + '/v3'}

    def test_every_token_is_unauthorized(self) -> None:
        self.check_unauthorized()
        self.assertIn('SSL', self.logs.output)


class TestGoneEndpoint(KeystoneTestCase):

    def trouble(self) -> dict[str, object]:
        return {}

    def test_a_catalogue_without_identity_is_unauthorized(self) -> None:
        self.addCleanup(self.identity.publish, 'identity', 'keystone',
                        self.identity.url)
        self.identity.withdraw('identity')
        self.check_unauthorized()


class TestStopped(conformance.ApiTestCase):
    """The real Keystone, stopped while the API runs."""

    def test_tokens_are_unauthorized_until_it_is_back(self) -> None:
        # Tokens that the API has not seen, so nothing keeps them in a cache.
        tokens = [self.identity.token('demo').id for _ in range(3)]
        self.identity.stop()
        self.addCleanup(self.identity.start)
        for face, token in zip((calls.V2, calls.V3), tokens, strict=False):
            with self.nothing_remains():
                answer = self.post(self.untouched, token=token, face=face)
            self.check_fault(answer, 401, REFUSAL, face=face)
        self.identity.start()
        for token in tokens:
            self.succeed(self.post(self.make_volume(), token=token))
