# SPDX-License-Identifier: Apache-2.0
"""Discovery, and the revision of v3 that a request is written for."""

from cinderclient import client as cinderclient
from keystoneauth1 import discover
from keystoneauth1 import session

from tests.functional import base
from tests.functional.base import PROJECT

HEADER = 'OpenStack-API-Version'


class TestVersions(base.KeystoneTestCase):

    def test_root_names_both_versions_without_a_token(self) -> None:
        answer = self.ask('GET', '/', token=None)
        self.assertEqual(300, answer.status_int)
        self.assertEqual(
            [('v2.0', '', ''), ('v3.0', '3.71', '3.0')],
            [(entry['id'], entry['version'], entry['min_version'])
             for entry in answer.json['versions']])

    def test_each_version_names_itself_with_slash_and_without(self) -> None:
        for path, ids in (('/v2', ['v2.0']), ('/v2/', ['v2.0']),
                          ('/v3', ['v3.0']), ('/v3/', ['v3.0'])):
            answer = self.ask('GET', path, token=None)
            self.assertEqual(200, answer.status_int)
            self.assertEqual(
                ids, [entry['id'] for entry in answer.json['versions']])

    def test_entry_is_what_clients_read(self) -> None:
        [entry] = self.ask('GET', '/v3/', token=None).json['versions']
        self.assertEqual('CURRENT', entry['status'])
        self.assertEqual(
            [{'rel': 'self', 'href': 'http://localhost:80/v3/'}],
            entry['links'])
        self.assertEqual([{
            'base': 'application/json',
            'type': 'application/vnd.openstack.volume+json;version=3',
        }], entry['media-types'])
        self.assertTrue(entry['updated'].endswith('Z'))

    def test_links_begin_with_the_public_endpoint(self) -> None:
        self.config(public_endpoint='https://cloud.example.org/volume/',
                    group='api')
        [entry] = self.ask('GET', '/v3', token=None).json['versions']
        self.assertEqual('https://cloud.example.org/volume/v3/',
                         entry['links'][0]['href'])

    def test_other_methods_are_refused(self) -> None:
        answer = self.ask('POST', '/v3/', {}, token=None)
        self.assertFault(answer, 405, 'badMethod')
        self.assertEqual('GET, HEAD', answer.headers['Allow'])

    def test_head_has_no_body(self) -> None:
        answer = self.ask('HEAD', '/', token=None)
        self.assertEqual((300, b''), (answer.status_int, answer.body))

    def test_what_is_below_a_version_needs_a_token(self) -> None:
        for path in ('/v3/nothing', '/v4', '/v2/x/', '//', '/v3//'):
            answer = self.ask('GET', path, token=None)
            self.assertFault(answer, 401, 'unauthorized')


class TestMicroversions(base.KeystoneTestCase):

    def show(self, header: str | None) -> base.webob.Response:
        headers = {} if header is None else {'OpenStack_API_Version': header}
        return self.ask('GET', f'/v3/{PROJECT}/volumes', **headers)

    def test_answers_on_v3_tell_the_version(self) -> None:
        for header, version in (
                (None, '3.0'), ('', '3.0'), ('volume 3.0', '3.0'),
                ('volume 3.1', '3.1'), ('volume latest', '3.71'),
                ('compute 2.1, volume 3.1', '3.1'), ('compute 2.1', '3.0'),
                ('volume 3.1,volume 3.2', '3.1'), (' , ', '3.0'),
                ('block-storage 3.1', '3.1'), ('volume  3.1 ', '3.1')):
            answer = self.show(header)
            self.assertEqual(200, answer.status_int, header)
            self.assertEqual(f'volume {version}', answer.headers[HEADER])
            self.assertEqual(HEADER, answer.headers['Vary'])

    def test_answers_on_v2_do_not(self) -> None:
        answer = self.ask('GET', f'/v2/{PROJECT}/volumes',
                          OpenStack_API_Version='volume 9.9')
        self.assertEqual(200, answer.status_int)
        self.assertNotIn(HEADER, answer.headers)

    def test_out_of_range_is_not_acceptable(self) -> None:
        for version in ('3.72', '4.0', '2.0', '0.0', '3.100'):
            answer = self.show(f'volume {version}')
            self.assertFault(answer, 406, 'computeFault', version)
            self.assertEqual('volume 3.0', answer.headers[HEADER])

    def test_badly_formed_is_refused(self) -> None:
        for header in ('volume', 'volume 3', 'volume 3.1.1', 'volume x',
                       'volume 3.01', 'volume -3.1', '3.1', 'volume 3.1x'):
            self.assertFault(self.show(header), 400, 'badRequest')

    def test_faults_carry_the_version_too(self) -> None:
        answer = self.ask('GET', f'/v3/{PROJECT}/volumes/x',
                          OpenStack_API_Version='volume 3.1')
        self.assertFault(answer, 404, 'itemNotFound')
        self.assertEqual('volume 3.1', answer.headers[HEADER])
        answer = self.ask('GET', f'/v3/{PROJECT}/volumes', token=None)
        self.assertFault(answer, 401, 'unauthorized')
        self.assertEqual('volume 3.0', answer.headers[HEADER])


class TestClients(base.ApiTestCase):
    """The clients' own code reads what we answer."""

    def setUp(self) -> None:
        super().setUp()
        self.url = self.useFixture(base.Served(self.app)).url

    def test_keystoneauth_discovers_v3(self) -> None:
        found = discover.Discover(session.Session(), f'{self.url}/')
        data = found.versioned_data_for(
            min_version='3.0', max_version='3.latest')
        self.assertEqual(f'{self.url}/v3/', data['url'])
        self.assertEqual((3, 71), data['max_microversion'])
        self.assertEqual((3, 0), data['min_microversion'])

    def test_cinderclient_finds_the_range(self) -> None:
        least, most = cinderclient.get_server_version(f'{self.url}/v3')
        self.assertEqual(('3.0', '3.71'),
                         (least.get_string(), most.get_string()))
