# SPDX-License-Identifier: Apache-2.0
"""Which refusals of the service may pass by themselves."""

from typing import Any

from keystoneauth1 import exceptions as auth_exceptions
from osc_lib import exceptions
import requests

from tests import base
from volupload.osc import uploads


class Storage:
    """A proxy whose service answers with one status, or not at all."""

    def __init__(self, answer: int | Exception) -> None:
        self._answer = answer

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        if isinstance(self._answer, Exception):
            raise self._answer
        response = requests.Response()
        response.status_code = self._answer
        response._content = b'{"upload": {"id": "x"}}'
        return response


class TestTrouble(base.TestCase):

    def test_what_may_pass_is_told_from_what_will_not(self) -> None:
        for answer, passing in (
                (500, True), (502, True), (503, True), (429, True),
                # volupload has no Keystone to ask.
                (401, True), (400, False), (403, False), (404, False),
                (auth_exceptions.ConnectFailure(), True),
                (auth_exceptions.ConnectTimeout(), True),
                (auth_exceptions.UnknownConnectionError('x', None), True),
                # Keystone, of whom a new token was asked.
                (auth_exceptions.ServiceUnavailable(http_status=503), True),
                (auth_exceptions.Forbidden(http_status=403), False)):
            error = self.assertRaises(
                exceptions.CommandError,
                uploads.Uploads(Storage(answer)).get, 'x')
            self.assertEqual(passing, isinstance(error, uploads.Trouble),
                             answer)

    def test_what_is_answered_is_no_trouble(self) -> None:
        self.assertEqual({'id': 'x'}, uploads.Uploads(Storage(200)).get('x'))
