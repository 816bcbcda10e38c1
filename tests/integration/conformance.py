# SPDX-License-Identifier: Apache-2.0
"""What the tests of the API's contract have in common.

`ApiTestCase` has Keystone, Glance and a small volupload-standalone that all
tests of a process share. A table of cases becomes tests by testscenarios.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import http
import json
from pathlib import Path
import re
import ssl
from typing import Any

import testscenarios
from testtools import matchers

from tests.fixtures import services
from tests.integration import base
from tests.integration import calls
from tests.integration import small
from tests.integration import state
from tools.cloud import glance
from tools.cloud import keystone

NAMES = {
    400: 'badRequest', 401: 'unauthorized', 403: 'forbidden',
    404: 'itemNotFound', 405: 'badMethod', 406: 'computeFault',
    409: 'conflictingRequest', 413: 'overLimit', 415: 'badMediaType',
    500: 'computeFault', 503: 'serviceUnavailable',
}
GENERAL = ('The server has either erred or is incapable of performing the '
           'requested operation.')
NOWHERE = '5f0dd3d1-8a7e-4b53-9b3c-0d5f0c1e7a11'
REQUEST_ID = re.compile(
    r'req-[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}')

_tokens: dict[str, keystone.Token] = {}
_untouched: dict[str, str] = {}


class AnswerTestCase(testscenarios.WithScenarios, base.TestCase):
    """How an answer must look, whoever was asked and for what."""

    keystone_uri: str
    face: calls.Face = calls.V2

    def check_headers(self, answer: calls.Answer, face: calls.Face) -> str:
        """What every answer carries.

        :returns: the request's id
        """
        names = answer.headers
        [request_id] = names.get_all('X-Openstack-Request-Id', [])
        self.assertThat(request_id, matchers.MatchesRegex(
            f'{REQUEST_ID.pattern}$'))
        self.assertEqual([request_id],
                         names.get_all('X-Compute-Request-Id'))
        self.assertEqual(str(len(answer.body)), names['Content-Length'])
        if face.is_v3:
            self.assertEqual(f'volume {face.version or "3.0"}',
                             names['OpenStack-API-Version'])
            self.assertEqual('OpenStack-API-Version', names['Vary'])
        else:
            self.assertNotIn('OpenStack-API-Version', names)
            self.assertNotIn('Vary', names)
        return request_id

    def check_fault(self, answer: calls.Answer, code: int, message: str, *,
                    face: calls.Face | None = None) -> str:
        """A fault of this code, whose message matches a pattern whole.

        :returns: the message
        """
        self.assertEqual((code, NAMES[code]), (answer.status, answer.pairs
                                               and answer.pairs[0][0]),
                         answer.body)
        [(_, pairs)] = answer.pairs
        self.assertEqual(['message', 'code'], [key for key, _ in pairs])
        told, number = (value for _, value in pairs)
        self.assertEqual(code, number)
        self.assertThat(told, matchers.MatchesRegex(
            f'(?s:{message})$'))
        self.assertEqual(
            'application/json', answer.headers.get_content_type())
        if code != 413:   # its phrase changed in 2022
            self.assertEqual(http.HTTPStatus(code).phrase, answer.reason)
        self._check_challenge(answer)
        self.check_headers(answer, face or self.face)
        return str(told)

    def _check_challenge(self, answer: calls.Answer) -> None:
        wanted = ([f'Keystone uri="{self.keystone_uri}"']
                  if answer.status == 401 else None)
        self.assertEqual(wanted, answer.headers.get_all('WWW-Authenticate'))


class ApiTestCase(AnswerTestCase):
    """Has the services and a user `demo` with volumes.

    `untouched` is an available volume for requests that are refused; all
    tests share it, so nothing may be done to it.
    """

    identity: keystone.Keystone
    images: glance.Glance
    tls: ssl.SSLContext | None = None   # where `url` is https

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(services.Keystone()).service
        self.images = self.useFixture(services.Glance()).service
        self.keystone_uri = self.identity.root_url
        self.start_api()
        self.demo = self.token('demo')
        self.untouched = self._find_untouched()

    def start_api(self) -> None:
        self.standalone = self.useFixture(small.SharedStandalone()).service
        self.configuration = self.standalone.configuration
        self.url = self.standalone.url
        self.log = self.standalone.daemon.log
        self.state = state_of(self.configuration.directory, self.images)

    def token(self, user: str) -> keystone.Token:
        """One token of a user, the same for all tests."""
        if user not in _tokens:
            _tokens[user] = self.identity.token(user)
        return _tokens[user]

    def call(self, method: str, path: str, *, body: bytes | None = None,
             token: str | None = None,
             headers: Mapping[str, str] | None = None) -> calls.Answer:
        """Ask as `demo`, with a JSON body, unless told otherwise.

        :param token: '' for none
        """
        sent = {'X-Auth-Token': self.demo.id if token is None else token}
        if not sent['X-Auth-Token']:
            del sent['X-Auth-Token']
        if body is not None:
            sent['Content-Type'] = 'application/json'
        return self.send(method, path, body, sent | dict(headers or {}))

    def send(self, method: str, path: str,
             body: bytes | Iterable[bytes] | None,
             headers: Mapping[str, str]) -> calls.Answer:
        return calls.send(self.url, method, path, body=body, headers=headers,
                          tls=self.tls)

    def post(self, volume_id: str, body: bytes | None = None, *,
             face: calls.Face | None = None, project_id: str | None = None,
             token: str | None = None,
             headers: Mapping[str, str] | None = None,
             **arguments: Any) -> calls.Answer:
        """Ask for an upload; by default a good one, on `self.face`."""
        face = face or self.face
        if body is None:
            body = calls.upload_body(**arguments)
        return self.call(
            'POST', face.path(project_id or self.demo.project_id, volume_id),
            body=body, token=token, headers=face.headers | dict(
                headers or {}))

    def make_volume(self, *, size: int = 1, token: keystone.Token |
                    None = None, **fields: Any) -> str:
        """An available volume of the user's, by the API; its id."""
        owner = token or self.demo
        made = self.send(
            'POST', f'/v3/{owner.project_id}/volumes', json.dumps(
                {'volume': {'size': size, **fields}}).encode(),
            {'X-Auth-Token': owner.id, 'Content-Type': 'application/json'})
        self.assertEqual(202, made.status, made.body)
        volume_id = str(made.json['volume']['id'])
        self.wait_for_status(volume_id, 'available')
        return volume_id

    def _find_untouched(self) -> str:
        if self.url not in _untouched:
            _untouched[self.url] = self.make_volume(name='untouched')
        return _untouched[self.url]

    def wait_for_status(self, volume_id: str, status: str) -> None:
        self.wait_for(
            lambda: self.state.volumes.status(volume_id) == status,
            f'volume {volume_id} is {status}', interval=0.02)

    def finish(self, answer: calls.Answer,
               timeout: float = 60) -> state.Row:
        """Wait for the end of an accepted upload; its row then."""
        self.assertEqual(202, answer.status, answer.body)
        image_id = answer.json[calls.ACTION]['image_id']

        def row() -> state.Row:
            return self.state.volumes.rows(
                'SELECT * FROM uploads WHERE image_id = :id', id=image_id)[0]

        self.wait_for(
            lambda: row()['status'] in ('succeeded', 'failed', 'cancelled'),
            f'the upload of image {image_id} has ended', timeout,
            interval=0.02)
        return row()

    def succeed(self, answer: calls.Answer) -> state.Row:
        """Wait for an accepted upload, which must end well."""
        upload = self.finish(answer)
        self.assertEqual(('succeeded', None),
                         (upload['status'], upload['reason']))
        return upload

    @contextlib.contextmanager
    def nothing_remains(self, *, times: bool = True) -> Iterator[None]:
        """No volume, upload or image is another than before.

        :param times: whether a volume may not even show that it was
            changed and changed back
        """
        before = self.state.everything(times=times)
        yield
        after = self.state.everything(times=times)
        self.assertEqual((set(), set()), (before - after, after - before))


def state_of(directory: Path, images: glance.Glance) -> state.State:
    """Both databases, which are SQLite's."""
    return state.State(
        state.Volumes(f'sqlite:///{directory}/volupload.db'),
        state.Database(f'sqlite:///{images.directory}/glance.sqlite'))

