# SPDX-License-Identifier: Apache-2.0

from tests.fixtures import keystone
from tests.unit.image import base
from volupload import exception

NONSENSE = (None, [], 7, 'text', {}, {'token': None}, {'token': []},
            {'token': {'catalog': 7}}, {'token': {'catalog': [{}]}},
            {'token': {'expires_at': 7}}, {'version': None}, {'version': {}},
            {'versions': {'values': [{}]}}, b'<html>', b'\xff')


class TestKeystoneInTrouble(base.ImageTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.keystone = self.useFixture(keystone.FakeKeystone())
        self.addCleanup(self.forget_plugin, 'password')
        self.glance.tokens = {'service-token', 'users-token'}
        options = self.keystone.options()
        # The plugin's options exist once it is loaded.
        self.set(auth_type='password')
        self.register_plugin('password')
        self.set(**{name: options[name] for name in (
            'auth_url', 'username', 'password', 'project_name',
            'user_domain_id', 'project_domain_id')})

    def all_fail(self) -> None:
        calls = (lambda: self.images.get_image(self.image_id),
                 lambda: self.images.update_image(self.image_id, a='b'),
                 lambda: self.images.delete_image(self.image_id, retry=False),
                 lambda: self.images.upload_data(self.image_id, iter(()), 0))
        for call in calls:
            error = self.fails(exception.ImageServiceError, call)
            if 'HTTP 401' not in str(error):   # a token of nonsense
                self.assertIsNotNone(error.__cause__)
            self.images.close()

    def test_well_it_lets_the_service_in(self) -> None:
        self.create()
        self.images.get_image(self.image_id)
        self.assertEqual('service-token',
                         self.glance.requests[-1][2]['X-Auth-Token'])

    def test_nonsense_instead_of_a_token(self) -> None:
        for status in (200, 201):
            for body in NONSENSE:
                self.keystone.fall_ill({'POST /v3/auth/tokens': (
                    lambda request, status=status, body=body: request.answer(
                        status, body, X_Subject_Token='x'))})
                with self.subTest(status=status, body=body):
                    self.all_fail()

    def test_nonsense_everywhere(self) -> None:
        for body in NONSENSE:
            self.keystone.fall_ill({'*': keystone.always(200, body)})
            with self.subTest(body=body):
                self.all_fail()

    def test_nonsense_instead_of_a_catalogue(self) -> None:
        self.set(endpoint_override=None)
        self.test_nonsense_instead_of_a_token()
