# SPDX-License-Identifier: Apache-2.0
"""Glance does not want such an image: its status, and its reason as text."""

import json
from pathlib import Path
from typing import Any
import uuid

from tests.fixtures import services
from tests.integration import calls
from tests.integration import conformance
from tests.integration import glances
from tests.integration import inprocess
from tests.integration import scripted
from tools.cloud import glance
from tools.cloud import http
from tools.cloud import keystone

# A Glance in which members may not make an image, and where the number of
# everybody's images is limited to none.
STRICT = '''
[oslo_policy]
policy_file = strict-policy.yaml

[DEFAULT]
use_keystone_limits = true

[oslo_limit]
auth_type = password
auth_url = {auth_url}
username = admin
password = admin
user_domain_id = default
system_scope = all
endpoint_service_type = image
endpoint_region_name = {region}
endpoint_interface = public
'''


def is_plain(message: str) -> bool:
    """No markup, no entities, one line."""
    return not any(sign in message for sign in ('<', '&', '\n'))


class TestRecord(conformance.ApiTestCase):
    """Refused by an ordinary Glance."""

    scenarios = calls.scenarios(*calls.FACES, calls.V3_1)

    def _refused(self, code: int, message: str, **arguments: Any) -> None:
        with self.nothing_remains(times=False):
            answer = self.post(self.untouched, **arguments)
        told = self.check_fault(answer, code, message)
        self.assertTrue(is_plain(told), told)

    def test_a_character_of_four_bytes_is_refused_in_plain_text(
            self) -> None:
        for name in ('\U0001f600', 'a \U0001f600 & <b>'):
            self._refused(400, ".*can't.*4 byte.*", image_name=name)

    def test_a_container_that_only_v3_lets_by_is_refused_in_plain_text(
            self) -> None:
        if self.face.is_v3:
            for container in ('nonsense', 'BARE', '<b>'):
                answer = self.post(self.untouched,
                                   container_format=container)
                told = self.check_fault(answer, 400, '.*container_format.*')
                self.assertNotIn('&', told)
                self.assertNotIn('\n', told)


class StrictTestCase(inprocess.TroubleTestCase):
    """The API of a cloud whose Glance refuses."""

    def start_api(self) -> None:
        self.images = self.useFixture(services.Shared(
            'glance-strict', self._build)).service
        super().start_api()

    def _build(self, directory: Path) -> glance.Glance:
        directory.mkdir()
        (directory / 'strict-policy.yaml').write_text(
            '"add_image": "role:admin"\n')
        extra = STRICT.format(auth_url=self.identity.url,
                              region=keystone.REGION)
        strict = glances.OtherGlance(directory, self.identity, extra=extra)
        self._register_limit()
        return strict

    def _register_limit(self) -> None:
        """Room for the data, so that the number of images is what counts."""
        [image] = self.identity.call(
            'GET', '/services?type=image')['services']
        self.identity.call('POST', '/registered_limits', {
            'registered_limits': [
                {'service_id': image['id'], 'region_id': keystone.REGION,
                 'resource_name': resource, 'default_limit': limit}
                for resource, limit in (('image_count_total', 0),
                                        ('image_size_total', 1024 * 1024))]})

    def options(self) -> dict[str, dict[str, object]]:
        return {'glance': {'endpoint_override': self.images.url}}


class TestStrict(StrictTestCase):

    scenarios = calls.scenarios()

    def _refused(self, code: int, message: str, **arguments: Any) -> None:
        with self.nothing_remains(times=False):
            answer = self.post(self.untouched, **arguments)
        told = self.check_fault(answer, code, message)
        self.assertTrue(is_plain(told), told)
        self.assertEqual([], self.bus.received())

    def test_who_may_not_add_an_image_is_forbidden(self) -> None:
        self._refused(403, '.*add_image.*')

    def test_who_has_no_quota_left_is_over_the_limit(self) -> None:
        admin = self.token('admin')
        self._refused(413, '.*image_count_total.*', token=admin.id,
                      project_id=admin.project_id)


class TestConflict(inprocess.TroubleTestCase):
    """What Glance said of an id that was taken, said again of ours."""

    def options(self) -> dict[str, dict[str, object]]:
        demo = self.token('demo').id
        image = {'id': str(uuid.uuid4()), 'name': 'taken',
                 'disk_format': 'raw', 'container_format': 'bare'}
        for status in (201, 409):
            said = http.request('POST', f'{self.images.url}/v2/images',
                                json_body=image, token=demo,
                                headers={'Accept': 'application/json'})
            self.assertEqual(status, said.status, said.body)
        headers = {name: value for name, value in said.headers.items()
                   if name.lower() in ('content-type',
                                       'x-openstack-request-id')}
        server = self.useFixture(scripted.Server(
            scripted.answering(409, said.body, headers)))
        return {'glance': {'endpoint_override': server.url}}

    def test_a_conflict_is_told_with_its_reason(self) -> None:
        for face in calls.FACES:
            with self.nothing_remains(times=False):
                answer = self.post(self.untouched, face=face)
            told = self.check_fault(answer, 409, '.*already exists.*',
                                    face=face)
            self.assertTrue(is_plain(told), told)
            self.assertEqual([told], [json.loads(answer.body)[
                'conflictingRequest']['message']])
