# SPDX-License-Identifier: Apache-2.0
"""What the policy forbids, also when its file is edited under a running API.
"""

import json
from typing import Any

import testscenarios

from tests.integration import calls
from tests.integration import conformance

GET = 'volume:get'
UPLOAD = 'volume_extension:volume_actions:upload_image'
COPY = 'volume:copy_volume_to_image'
PUBLIC = 'volume_extension:volume_actions:upload_public'
ON_3_1 = (calls.V3_1, calls.BARE_3_1)


def told(rule: str) -> str:
    return f"Policy doesn't allow {rule} to be performed."


class PolicyTestCase(conformance.ApiTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.policy_file = self.configuration.directory / 'policy.yaml'
        self.addCleanup(self.policy_file.unlink, missing_ok=True)

    def edit(self, **rules: str) -> None:
        self.policy_file.write_text(json.dumps(rules))   # YAML takes JSON

    def refused(self, code: int, message: str, **arguments: Any) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched, **arguments)
        self.check_fault(answer, code, message)


class TestDefaults(PolicyTestCase):

    scenarios = calls.scenarios(calls.V2, calls.V3, calls.BARE, calls.V3_1)

    def test_a_reader_may_look_and_not_upload(self) -> None:
        reader = self.token('reader').id
        path = self.face.path(self.demo.project_id, self.untouched)
        shown = self.call('GET', path.removesuffix('/action'), token=reader)
        self.assertEqual(200, shown.status)
        self.refused(403, told(UPLOAD), token=reader)

    def test_a_member_may_upload(self) -> None:
        self.succeed(self.post(self.make_volume()))


class TestEdited(PolicyTestCase):
    """The rules of one request after the other, without a restart."""

    scenarios = testscenarios.multiply_scenarios(calls.scenarios(), [
        (f'{rule} {check}', {'rule': rule, 'check': check})
        for rule in (UPLOAD, COPY)
        for check in ('!', 'role:admin', 'project_id:nobody',
                      'rule:missing')])

    rule: str
    check: str

    def test_a_denied_upload_is_told_its_rule_until_it_is_allowed(
            self) -> None:
        self.edit(**{self.rule: self.check})
        self.refused(403, told(self.rule))
        self.policy_file.unlink()
        self.succeed(self.post(self.make_volume()))


class TestGet(PolicyTestCase):

    scenarios = calls.scenarios()

    def _refused_get(self, **arguments: Any) -> None:
        if self.face.is_v3:
            # As if there were no such volume, so that nobody learns it.
            self.refused(404, f'Volume {self.untouched} could not be found.',
                         **arguments)
        else:
            self.refused(403, told(GET), **arguments)

    def test_who_may_not_get_a_volume_may_not_upload_it(self) -> None:
        self.edit(**{GET: '!'})
        self._refused_get()
        self.policy_file.unlink()
        self.succeed(self.post(self.make_volume()))

    def test_it_is_asked_before_the_upload(self) -> None:
        self.edit(**{GET: '!', UPLOAD: '!', COPY: '!'})
        self._refused_get()

    def test_the_extension_s_rule_is_asked_before_the_old_one(self) -> None:
        self.edit(**{UPLOAD: '!', COPY: '!'})
        self.refused(403, told(UPLOAD))

    def test_the_policy_is_asked_about_this_very_volume(self) -> None:
        self.edit(**{UPLOAD: 'user_id:%(user_id)s'})
        self.refused(403, told(UPLOAD), token=self.identity.token(
            'admin', 'demo').id)
        self.succeed(self.post(self.make_volume()))

    def test_a_file_that_cannot_be_read_leaves_the_rules_as_they_were(
            self) -> None:
        self.edit(**{UPLOAD: '!'})
        self.refused(403, told(UPLOAD))
        self.policy_file.write_text('{"volume:get": [')
        self.refused(403, told(UPLOAD))

    def test_a_reader_may_upload_where_the_policy_says_so(self) -> None:
        reader = 'role:reader and project_id:%(project_id)s'
        self.edit(**{UPLOAD: reader, COPY: reader})
        answer = self.post(self.untouched, token=self.token('reader').id)
        # Glance's own policy wants a member to make an image.
        self.check_fault(answer, 403, '.*add_image.*')


class TestPublic(PolicyTestCase):

    scenarios = calls.scenarios(*ON_3_1)

    def test_a_member_may_not_make_a_public_image(self) -> None:
        self.refused(403, told(PUBLIC), visibility='public')

    def test_an_admin_may(self) -> None:
        admin = self.token('admin')
        upload = self.succeed(self.post(
            self.make_volume(token=admin), visibility='public',
            token=admin.id, project_id=admin.project_id))
        self.assertEqual(
            'public', self.state.image(upload['image_id'])['visibility'])

    def test_glance_has_the_last_word(self) -> None:
        self.edit(**{PUBLIC: 'role:member'})
        with self.nothing_remains(times=False):
            answer = self.post(self.untouched, visibility='public')
        self.check_fault(answer, 403, '.*publici[sz]e_image.*')

    def test_every_other_visibility_needs_no_policy_of_ours(self) -> None:
        self.edit(**{PUBLIC: '!'})
        for visibility in ('private', 'shared'):
            answer = self.post(self.make_volume(), visibility=visibility)
            upload = self.succeed(answer)
            self.assertEqual(visibility,
                             answer.json[calls.ACTION]['visibility'])
            image = self.state.image(upload['image_id'])
            self.assertEqual(visibility, image['visibility'])

    def test_a_community_image_is_glance_s_to_allow(self) -> None:
        upload = self.succeed(self.post(self.make_volume(),
                                        visibility='community'))
        image = self.state.image(upload['image_id'])
        self.assertEqual('community', image['visibility'])
