# SPDX-License-Identifier: Apache-2.0
"""What is no upload request at all is refused, in the words of 2014."""

import json
from typing import Any

import testscenarios

from tests.integration import calls
from tests.integration import conformance

GOOD = {'image_name': 'image'}
MALFORMED = 'Malformed request body'


class TestBody(conformance.ApiTestCase):
    """A row: the raw body."""

    body: bytes

    scenarios = testscenarios.multiply_scenarios(calls.scenarios(), [
        (name, {'body': body}) for name, body in {
            'cut off': b'{"os-volume_upload_image": {"image_name": "i"',
            'not JSON': b'image_name=image',
            'blank': b' ',
            'empty object': b'{}',
            'array': b'[{"os-volume_upload_image": {"image_name": "i"}}]',
            'empty array': b'[]',
            'string': b'"os-volume_upload_image"',
            'number': b'5',
            'null': b'null',
            'NaN': b'{"os-volume_upload_image": {"image_name": NaN}}',
            'not UTF-8': b'{"os-volume_upload_image": {"image_name": "\xff"}}',
            'byte order mark': b'\xef\xbb\xbf' + calls.upload_body(),
            'nested too deeply': b'[' * 50_000 + b']' * 50_000,
            'objects nested too deeply': b'{"a":' * 18_000 + b'1' + (
                b'}' * 18_000),
            'two actions': json.dumps(
                {calls.ACTION: GOOD, 'os-detach': {}}).encode(),
        }.items()])

    def test_is_told_that_the_body_is_malformed(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched, self.body)
        self.check_fault(answer, 400, MALFORMED)


class TestAction(conformance.ApiTestCase):

    scenarios = calls.scenarios()

    def test_no_body_is_no_action(self) -> None:
        with self.nothing_remains():
            answer = self.call('POST', self._path())
        self.check_fault(answer, 400, 'There is no such action: None.*')

    def test_a_body_of_no_type_is_no_action(self) -> None:
        with self.nothing_remains():
            answer = self.send('POST', self._path(), calls.upload_body(),
                               {'X-Auth-Token': self.demo.id})
        self.check_fault(answer, 400, 'There is no such action: None.*')

    def test_an_empty_body_of_type_json_is_no_action(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched, b'')
        self.check_fault(answer, 400, 'There is no such action: None.*')

    def test_an_unknown_action_is_named(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched, b'{"foo": {}}')
        self.check_fault(answer, 400, 'There is no such action: foo.*')

    def test_another_type_of_content_is_refused(self) -> None:
        for content_type in ('text/plain', 'application/xml',
                             'application/x-www-form-urlencoded'):
            with self.nothing_remains():
                answer = self.post(self.untouched, headers={
                    'Content-Type': content_type})
            self.check_fault(answer, 415, 'Unsupported Content-Type')

    def test_json_may_name_its_charset(self) -> None:
        answer = self.post(self.make_volume(), headers={
            'Content-Type': 'Application/JSON; charset=UTF-8'})
        self.succeed(answer)

    def test_what_is_no_object_is_named(self) -> None:
        values: list[Any] = [None, [], [GOOD], 'image', 5, True, 0.5]
        for value in values:
            with self.nothing_remains():
                answer = self.post(self.untouched, json.dumps(
                    {calls.ACTION: value}).encode())
            self.check_fault(answer, 400, f'.*{calls.ACTION}.*')

    def _path(self) -> str:
        return self.face.path(self.demo.project_id, self.untouched)
