# SPDX-License-Identifier: Apache-2.0
"""The pipeline without Keystone: whoever asks is who it says it is."""

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT


class TestNoAuth(base.ApiTestCase):

    def owner(self, path: str, token: str | None) -> tuple[str, str]:
        answer = self.ask('POST', f'{path}/volumes',
                          {'volume': {'size': 1}}, token=token)
        self.assertEqual(202, answer.status_int, answer.text)
        made = answer.json['volume']['id']
        answer = self.ask('GET', f'{path}/volumes/{made}', token=token)
        shown = answer.json['volume']
        return shown['user_id'], shown['os-vol-tenant-attr:tenant_id']

    def test_token_is_a_user_and_a_project(self) -> None:
        for path, token, owner in (
                ('/v3/p', None, ('noauth', 'p')),
                ('/v2/p', '', ('noauth', 'p')),
                ('/v3/p', 'u', ('u', 'p')), ('/v3/p', 'u:p', ('u', 'p')),
                ('/v3/p', 'u:', ('u', 'p')), ('/v3', 'u:p', ('u', 'p')),
                ('/v3', 'u', ('u', 'u')), ('/v3', None, ('noauth', 'noauth'))):
            self.assertEqual(owner, self.owner(path, token))

    def test_project_of_the_token_must_be_that_of_the_url(self) -> None:
        volume = self.make_volume()
        for api in ('v2', 'v3'):
            answer = self.upload(volume, api=api, project=OTHER_PROJECT,
                                 token=f'u:{PROJECT}')
            self.assertEqual(400, answer.status_int)
            self.assertEqual(65, len(answer.body))

    def test_everybody_is_an_administrator(self) -> None:
        volume = self.make_volume(project_id=OTHER_PROJECT)
        path = f'/v3/{PROJECT}/volumes'
        self.assertEqual(
            200, self.ask('GET', f'{path}/{volume.id}').status_int)
        answer = self.ask('GET', f'{path}?all_tenants=1')
        self.assertEqual(1, len(answer.json['volumes']))

    def test_lists_need_no_project_in_their_url(self) -> None:
        mine = self.make_upload('failed', project_id='p')
        self.make_upload('failed')
        for name in ('uploads', 'messages'):
            answer = self.ask('GET', f'/v3/{name}', token='u:p',
                              OpenStack_API_Version='volume 3.3')
            self.assertEqual(1, len(answer.json[name]), answer.text)
            answer = self.ask('GET', f'/v3/{name}', token='p',
                              OpenStack_API_Version='volume 3.3')
            self.assertEqual(1, len(answer.json[name]), answer.text)
        self.assertEqual('p', mine.project_id)

    def test_upload_needs_no_token(self) -> None:
        answer = self.upload(self.make_volume())
        self.assertEqual(202, answer.status_int, answer.text)
