# SPDX-License-Identifier: Apache-2.0
"""The 202: ten keys in the document's order, each in its format."""

import json
import re
from typing import Any

from testtools import matchers

from tests.integration import calls
from tests.integration import conformance

KEYS = ['status', 'image_id', 'image_name', 'volume_type',
        'container_format', 'size', 'disk_format', 'id',
        'display_description', 'updated_at']
UUID = re.compile(r'[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\Z')
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\Z')
EVERYWHERE = (calls.V2, calls.V3, calls.BARE, calls.V3_1, calls.BARE_3_1)


class TestAnswer(conformance.ApiTestCase):

    scenarios = calls.scenarios(*EVERYWHERE)

    def _ask(self, volume_id: str, **arguments: Any) -> dict[str, Any]:
        """The view in the answer, after the upload has ended well."""
        answer = self.post(volume_id, **arguments)
        self.assertEqual((202, 'Accepted'), (answer.status, answer.reason))
        self.assertEqual('application/json', answer.headers['Content-Type'])
        self.check_headers(answer, self.face)
        self.succeed(answer)
        [(name, pairs)] = answer.pairs
        self.assertEqual(calls.ACTION, name)
        more = ['visibility', 'protected'] if self.face.is_v3 else []
        self.assertEqual(KEYS + more, [key for key, _ in pairs])
        view: dict[str, Any] = answer.json[calls.ACTION]
        return view

    def test_every_key_has_its_format(self) -> None:
        volume_id = self.make_volume(size=3)
        view = self._ask(volume_id, image_name='an image',
                         container_format='bare', disk_format='raw',
                         force=False)
        self.assertThat(view['image_id'], matchers.MatchesRegex(UUID.pattern))
        self.assertThat(view['updated_at'],
                        matchers.MatchesRegex(TIME.pattern))
        expected = {
            'status': 'uploading', 'image_name': 'an image',
            'volume_type': None, 'container_format': 'bare', 'size': 3,
            'disk_format': 'raw', 'id': volume_id,
            'display_description': None}
        self.assertEqual(expected, {key: view[key] for key in expected})
        self.assertIs(int, type(view['size']))

    def test_the_time_is_the_one_that_the_volume_has_then(self) -> None:
        volume_id = self.make_volume()
        before = self.state.volumes.volume(volume_id)['updated_at'][:19]
        view = self._ask(volume_id)
        after = self.state.volumes.volume(volume_id)['updated_at'][:19]
        shown = view['updated_at'].replace('T', ' ')[:19]
        self.assertEqual(sorted([before, shown, after]),
                         [before, shown, after])

    def test_the_description_is_the_volume_s(self) -> None:
        view = self._ask(self.make_volume(description='what it is for'))
        self.assertEqual('what it is for', view['display_description'])

    def test_the_volume_type_is_a_name_on_v2_and_an_object_on_v3(
            self) -> None:
        made = self.state.volumes.make_type()
        view = self._ask(self.make_volume(volume_type=made['name']))
        shown = view['volume_type']
        if self.face.is_v3:
            self.assertEqual((made['id'], made['name']),
                             (shown['id'], shown['name']))
        else:
            self.assertEqual(made['name'], shown)

    def test_the_image_is_the_one_that_was_told(self) -> None:
        view = self._ask(self.make_volume(), image_name='told')
        image = self.state.image(view['image_id'])
        self.assertEqual(
            ('told', 'active', self.demo.project_id),
            (image['name'], image['status'], image['owner']))

    def test_the_answer_shows_what_the_image_has(self) -> None:
        view = self._ask(self.make_volume())
        image = self.state.image(view['image_id'])
        # Before 3.1 nothing is asked for, and Glance's own default holds.
        expected = 'private' if self.face.version == '3.1' else 'shared'
        self.assertEqual(expected, image['visibility'])
        if self.face.is_v3:
            self.assertEqual((expected, False),
                             (view['visibility'], view['protected']))

    def test_the_request_s_id_is_in_the_row_and_in_the_log(self) -> None:
        answer = self.post(self.make_volume())
        upload = self.succeed(answer)
        request_id = answer.headers['X-Openstack-Request-Id']
        self.assertEqual(request_id, upload['request_id'])
        lines = [line for line in self.log.read_text().splitlines()
                 if request_id in line and upload['id'] in line]
        self.assertThat('\n'.join(lines), matchers.MatchesAll(
            matchers.Contains('is queued'), matchers.Contains('begins'),
            matchers.Contains('succeeded')))

    def test_a_global_request_id_does_not_replace_the_own(self) -> None:
        inbound = 'req-11111111-2222-3333-4444-555555555555'
        answer = self.post(self.make_volume(), headers={
            'X-Openstack-Request-Id': inbound})
        self.succeed(answer)
        self.assertNotEqual(inbound, self.check_headers(answer, self.face))
        self.assertIn(inbound, self.log.read_text())


class TestDocumentedRequest(conformance.ApiTestCase):
    """The example of the document, sent as it stands there."""

    def test_the_example_is_answered_as_the_document_shows(self) -> None:
        volume_id = self.make_volume()
        body = (b'{"os-volume_upload_image": {"container_format": "bare", '
                b'"force": false, "image_name": "testupdateimage", '
                b'"disk_format": "raw"}}')
        answer = self.send(
            'POST', f'/v2/{self.demo.project_id}/volumes/{volume_id}/action',
            body, {'X-Auth-Project-Id': 'demo',
                   'Accept-Encoding': 'gzip, deflate, compress',
                   'Accept': 'application/json',
                   'User-Agent': 'python-cinderclient',
                   'X-Auth-Token': self.demo.id,
                   'Content-Type': 'application/json'})
        self.succeed(answer)
        view = answer.json[calls.ACTION]
        # Byte for byte, but for what is made up anew each time.
        expected = {
            'status': 'uploading', 'image_id': view['image_id'],
            'image_name': 'testupdateimage', 'volume_type': None,
            'container_format': 'bare', 'size': 1, 'disk_format': 'raw',
            'id': volume_id, 'display_description': None,
            'updated_at': view['updated_at']}
        self.assertEqual(json.dumps({calls.ACTION: expected}).encode(),
                         answer.body)
        self.assertIsNone(answer.headers['Content-Encoding'])
