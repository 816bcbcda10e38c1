# SPDX-License-Identifier: Apache-2.0
"""Who asks: tokens that count and tokens that do not."""

import json

from tests.integration import calls
from tests.integration import conformance
from tools.cloud import http

REFUSAL = 'The request you have made requires authentication.'


class TestToken(conformance.ApiTestCase):

    scenarios = calls.scenarios()

    def test_no_token_is_unauthorized(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched, token='')
        self.check_fault(answer, 401, REFUSAL)

    def test_a_token_that_is_none_is_unauthorized(self) -> None:
        for token in ('nonsense', 'x' * 4000, '00000000-0000', 'None', ' ',
                      self.demo.id[:-1], self.demo.id.swapcase()):
            with self.nothing_remains():
                answer = self.post(self.untouched, token=token)
            self.check_fault(answer, 401, REFUSAL)

    def test_a_revoked_token_is_unauthorized(self) -> None:
        revoked = self.identity.token('demo').id
        answer = http.request(
            'DELETE', f'{self.identity.url}/auth/tokens', token=revoked,
            headers={'X-Subject-Token': revoked})
        self.assertEqual(204, answer.status)
        with self.nothing_remains():
            refused = self.post(self.untouched, token=revoked)
        self.check_fault(refused, 401, REFUSAL)

    def test_a_service_token_that_is_none_is_unauthorized(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched, headers={
                'X-Service-Token': 'nonsense'})
        self.check_fault(answer, 401, REFUSAL)

    def test_nobody_can_say_who_they_are_without_a_token(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched, token='', headers={
                'X-Identity-Status': 'Confirmed', 'X-Roles': 'admin',
                'X-Project-Id': self.demo.project_id,
                'X-User-Id': self.demo.user_id})
        self.check_fault(answer, 401, REFUSAL)

    def test_a_token_of_no_project_can_do_nothing(self) -> None:
        for scope in (None, {'domain': {'id': 'default'}},
                      {'system': {'all': True}}):
            with self.nothing_remains():
                answer = self.post(self.untouched,
                                   token=self._token_of_admin(scope))
            # The project in the URL is not the token's, which has none;
            # where the URL has none, the policy wants one.
            self.assertIn(answer.status, (400, 403, 404), answer.body)

    def _token_of_admin(self, scope: object) -> str:
        auth = {'identity': {'methods': ['password'], 'password': {'user': {
            'name': 'admin', 'password': 'admin',
            'domain': {'id': 'default'}}}}, 'scope': scope or 'unscoped'}
        if not self.identity.call('GET', '/domains/default'):
            self.fail('there is no default domain')
        if scope == {'domain': {'id': 'default'}}:
            self._grant_on_domain()
        answer = http.request('POST', f'{self.identity.url}/auth/tokens',
                              json_body={'auth': auth})
        self.assertEqual(201, answer.status, answer.body)
        return str(answer.headers['X-Subject-Token'])

    def _grant_on_domain(self) -> None:
        user = self.identity.id_of('user', 'admin')
        role = self.identity.id_of('role', 'admin')
        self.identity.call(
            'PUT', f'/domains/default/users/{user}/roles/{role}')


class TestOrder(conformance.ApiTestCase):
    """Of several faults the one is told that is looked for first."""

    scenarios = calls.scenarios(calls.V2, calls.V3)

    def test_a_bad_token_comes_before_everything(self) -> None:
        other = self.token('other').project_id
        for path in ('/v2/x/nowhere', '/v3/x/nowhere',
                     self.face.path(other, conformance.NOWHERE)):
            for method in ('POST', 'DELETE'):
                answer = self.call(method, path, body=b'{', token='bad')
                self.check_fault(
                    answer, 401, REFUSAL,
                    face=calls.V3 if path.startswith('/v3') else calls.V2)

    def test_the_route_comes_before_the_body(self) -> None:
        path = self.face.path('x', self.untouched) + 's'
        self.check_fault(self.call('POST', path, body=b'{'), 404, '.*')

    def test_the_action_comes_before_the_project(self) -> None:
        answer = self.post(self.untouched, b'{"foo": {}}', project_id='x')
        self.check_fault(answer, 400, 'There is no such action.*')
        answer = self.post(self.untouched, b'{', project_id='x')
        self.check_fault(answer, 400, 'Malformed request body')

    def test_the_project_comes_before_the_parameters(self) -> None:
        answer = self.post(self.untouched, project_id='x', image_name='')
        self.check_fault(answer, 400, 'Malformed request url')

    def test_the_parameters_come_before_the_volume(self) -> None:
        answer = self.post(conformance.NOWHERE, image_name='')
        self.check_fault(answer, 400, '.*image_name.*')

    def test_the_volume_comes_before_the_policy(self) -> None:
        answer = self.post(conformance.NOWHERE,
                           token=self.token('reader').id)
        self.check_fault(answer, 404, 'Volume .*')

    def test_the_policy_comes_before_the_status(self) -> None:
        volume_id = self.make_volume()
        self.state.volumes.set_status(volume_id, 'error')
        answer = self.post(volume_id, token=self.token('reader').id)
        self.check_fault(answer, 403, "Policy doesn't allow .*")

    def test_the_status_comes_before_glance(self) -> None:
        volume_id = self.make_volume()
        self.state.volumes.set_status(volume_id, 'error')
        # Glance would refuse this name.
        answer = self.post(volume_id, image_name='\U0001f600')
        self.check_fault(answer, 400, 'Invalid volume: .*')

    def test_a_wrong_value_is_not_written_into_the_log_as_it_is(
            self) -> None:
        body = json.dumps({'a\nb': {}}).encode()
        self.check_fault(self.post(self.untouched, body), 400, '.*')
        self.assertNotIn('\nb', self.log.read_text())
