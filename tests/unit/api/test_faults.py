# SPDX-License-Identifier: Apache-2.0
"""From an error to an answer."""

import json
from typing import Any

from tests import base
from volupload import exception
from volupload.api import faults
from volupload.api import types

GENERAL = ('The server has either erred or is incapable of performing the '
           'requested operation.')


class TestFaults(base.TestCase):

    def respond(self, error: Exception,
                **environ: Any) -> tuple[str, dict[str, str], bytes]:
        started: list[Any] = []
        body = faults.respond(
            error, {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/', **environ},
            lambda *args: started.extend(args))
        return started[0], dict(started[1]), b''.join(body)

    def test_names_are_those_of_the_documents(self) -> None:
        for code, name in (
                (400, 'badRequest'), (403, 'forbidden'),
                (404, 'itemNotFound'), (409, 'conflictingRequest'),
                (413, 'overLimit'), (415, 'badMediaType'),
                (406, 'computeFault'), (429, 'computeFault')):
            status, _, body = self.respond(
                exception.ImageRefused(code=code, reason='why'))
            self.assertTrue(status.startswith(f'{code} '))
            self.assertEqual(
                f'{{"{name}": {{"message": "why", "code": {code}}}}}',
                body.decode())

    def test_whatever_is_not_the_clients_is_told_in_general(self) -> None:
        for error in (
                ValueError('secret'), exception.VoluploadError('secret'),
                exception.ImageServiceError(reason='secret'),
                exception.ImageRefused(code=200, reason='secret'),
                exception.ImageRefused(code=503, reason='secret'),
                exception.ImageRefused(code=499, reason='secret'),
                exception.ConfigError(
                    section='a', option='b', reason='secret')):
            status, _, body = self.respond(error)
            self.assertEqual('500 Internal Server Error', status)
            self.assertEqual(
                {'computeFault': {'message': GENERAL, 'code': 500}},
                json.loads(body))
        self.assertIn('ImageServiceError: ', self.logs.output)

    def test_malformed_url_has_the_published_bytes(self) -> None:
        _, headers, body = self.respond(exception.MalformedRequestUrl())
        self.assertEqual(65, len(body))
        self.assertEqual('application/json; charset=UTF-8',
                         headers['Content-Type'])

    def test_head_has_no_body(self) -> None:
        _, headers, body = self.respond(
            exception.RouteNotFound(), REQUEST_METHOD='HEAD')
        self.assertEqual((b'', '78'), (body, headers['Content-Length']))

    def test_v3_answers_carry_the_version(self) -> None:
        for environ, version in (
                ({'PATH_INFO': '/v3/x'}, 'volume 3.0'),
                ({'PATH_INFO': '/v3'}, 'volume 3.0'),
                ({types.API_VERSION: '3.1'}, 'volume 3.1'),
                ({'PATH_INFO': '/v2/x'}, None),
                ({'PATH_INFO': '/v30'}, None)):
            _, headers, _ = self.respond(exception.RouteNotFound(), **environ)
            self.assertEqual(version, headers.get('OpenStack-API-Version'))
