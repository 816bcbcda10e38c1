# SPDX-License-Identifier: Apache-2.0
"""What `upgrade check` says of the service catalogue, over HTTP."""

from typing import Any

from keystoneauth1 import fixture as keystone_fixture
from keystoneauth1 import loading
from oslo_config import fixture as config_fixture

from tests import base
from tests.fixtures import glance
from tests.fixtures import keystone
from tools.cloud import ports
from volupload.cmd.operations import catalogue
from volupload.conf import CONF

HERE = 'RegionOne'
Services = dict[str, list[tuple[str, str, str]]]


class TestCatalogue(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.keystone = self.useFixture(keystone.FakeKeystone())
        self.here = self.useFixture(glance.FakeGlance()).url
        self.away = f'http://127.0.0.1:{ports.free_port()}'
        self.options = self.useFixture(config_fixture.Config(CONF))
        self.options.register_opts(
            loading.get_auth_plugin_conf_options('password'), group='glance')
        self.options.config(
            group='glance', auth_type='password', username='volupload',
            password='hush', project_name='service', region_name=HERE,
            user_domain_id='default', project_domain_id='default',
            auth_url=f'{self.keystone.url}/v3')

    def problems(self, **services: Any) -> list[tuple[str, bool]]:
        """Of a catalogue with these, as (interface, URL) or with a region;
        names have `__` for `-` here.
        """
        token = keystone_fixture.V3Token(user_id='u', project_id='p')
        for kind, endpoints in services.items():
            entry = token.add_service(kind.replace('__', '-'))
            for interface, url, *region in endpoints:
                entry.add_endpoint(interface, url, region=(*region, HERE)[0])
        self.keystone.fall_ill({'POST /v3/auth/tokens': (
            lambda request: request.answer(
                201, dict(token), X_Subject_Token='t'))})
        return [(problem.text, problem.serious)
                for problem in catalogue.problems()]

    def everywhere(self, url: str) -> list[tuple[str, str]]:
        return [(interface, url)
                for interface in ('public', 'internal', 'admin')]

    def test_a_catalogue_that_leads_everywhere_is_well(self) -> None:
        self.assertEqual([], self.problems(
            image=self.everywhere(self.here),
            block__storage=self.everywhere(f'{self.here}/v3/p'),
            network=self.everywhere(self.away)))

    def test_endpoints_that_do_not_answer_are_named(self) -> None:
        gone = f'{self.away}/v3/p'
        self.assertEqual([
            (f'image internal {self.away} does not answer (ConnectFailure)',
             True),
            (f'volumev3 public {gone} does not answer (ConnectFailure)',
             False),
            (f'volumev3 admin {gone} does not answer (ConnectFailure)', False),
        ], self.problems(
            image=[('public', self.here), ('internal', self.away),
                   ('admin', self.away)],
            volumev3=[('public', gone), ('internal', self.here),
                      ('admin', gone)]))

    def test_endpoints_that_answer_with_a_server_error_are_named(
            self) -> None:
        ill = self.useFixture(glance.FakeGlance())
        ill.fail('GET', status=503)
        self.assertEqual(
            [(f'block-storage public {ill.url} answers 503', False)],
            self.problems(image=self.everywhere(self.here),
                          block__storage=[('public', ill.url)]))

    def test_interfaces_that_are_missing_are_named(self) -> None:
        """Serious if there is no other one that may be taken."""
        block = self.everywhere(self.here)
        self.assertEqual(
            [('image has no internal endpoint', False)],
            self.problems(image=[('public', self.here)],
                          block__storage=block))
        self.assertEqual(
            [('image has no internal endpoint', True),
             ('image has no public endpoint', True)],
            self.problems(image=[('admin', self.here)],
                          block__storage=block))

    def test_a_catalogue_without_this_service_is_told_its_type(self) -> None:
        self.assertEqual(
            [('there is no block-storage: no client finds this service',
              False)], self.problems(image=self.everywhere(self.here)))

    def test_other_regions_are_nobodys_business(self) -> None:
        self.assertEqual(
            [('there is no block-storage: no client finds this service',
              False)],
            self.problems(
                image=[*self.everywhere(self.here),
                       ('internal', self.away, 'RegionTwo')],
                block__storage=[('public', self.away, 'RegionTwo')]))

    def test_an_image_service_that_is_not_looked_up_is_not_missed(
            self) -> None:
        self.options.config(group='glance', endpoint_override=self.here)
        self.assertEqual([], self.problems(
            block__storage=self.everywhere(self.here)))

    def test_a_keystone_that_gives_no_token_is_named(self) -> None:
        for answers in ({'*': keystone.always(500, {})},
                        {'POST /v3/auth/tokens': keystone.always(
                            401, {'error': {'code': 401,
                                            'message': 'no'}})}):
            self.keystone.fall_ill(answers)
            [problem] = catalogue.problems()
            self.assertTrue(problem.serious)
            self.assertIn(f'[glance] auth_url = {self.keystone.url}/v3 gives '
                          'no catalogue: ', problem.text)
            self.assertNotIn('hush', problem.text)
