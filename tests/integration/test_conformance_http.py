# SPDX-License-Identifier: Apache-2.0
"""Versions, methods, sizes and paths: what has to do with HTTP alone."""

import json

from tests.integration import calls
from tests.integration import conformance

TOO_LONG = 114688 + 1


class TestVersions(conformance.ApiTestCase):
    """The header OpenStack-API-Version, which v3 has and v2 has not."""

    scenarios = calls.scenarios(calls.V3, calls.BARE)

    def _post(self, version: str) -> calls.Answer:
        return self.post(self.untouched,
                         headers={'OpenStack-API-Version': version})

    def test_a_version_out_of_range_is_not_acceptable(self) -> None:
        for version in ('3.72', '3.100', '2.99', '2.0', '4.0', '1.0', '0.0'):
            with self.nothing_remains():
                answer = self._post(f'volume {version}')
            message = self.check_fault(answer, 406, f'.*{version}.*')
            self.assertIn('3.0', message)
            self.assertIn('3.71', message)

    def test_a_version_of_another_form_is_refused(self) -> None:
        for version in ('volume 3', 'volume x', 'volume 3.x', 'volume 3.1.0',
                        'volume -3.0', 'volume 03.0', 'volume 3.00000000000',
                        'volume 3.1 3.0', 'volume', '3.1', 'volume 3,1'):
            with self.nothing_remains():
                answer = self._post(version)
            self.check_fault(answer, 400, '.*[Vv]ersion.*')

    def test_a_header_for_others_or_of_nothing_asks_for_the_oldest(
            self) -> None:
        for version in ('', ' ', 'compute 2.93', ',', 'identity 3.14,'):
            answer = self.post(
                self.make_volume(),
                headers={'OpenStack-API-Version': version})
            self.succeed(answer)
            self.check_headers(answer, self.face)

    def test_latest_is_3_71_by_all_its_names(self) -> None:
        for version in ('volume latest', 'block-storage latest',
                        'VOLUME 3.71', 'compute 2.1, volume 3.71',
                        'volume   3.71'):
            answer = self.post(
                self.make_volume(), visibility='private',
                headers={'OpenStack-API-Version': version})
            self.succeed(answer)
            self.check_headers(answer, calls.LATEST)


class TestVersionsOfV2(conformance.ApiTestCase):

    def test_v2_does_not_look_at_the_header(self) -> None:
        for version in ('volume 3.99', 'nonsense', 'volume 3.1', ''):
            answer = self.post(
                self.make_volume(),
                headers={'OpenStack-API-Version': version})
            self.succeed(answer)
            self.check_headers(answer, calls.V2)


class TestPlaces(conformance.ApiTestCase):

    scenarios = calls.scenarios()

    def _path(self) -> str:
        return self.face.path(self.demo.project_id, self.untouched)

    def test_other_methods_are_refused(self) -> None:
        status, words = ((404, 'The resource could not be found.')
                         if self.face.is_v3 else (405, '.*method.*'))
        for method in ('GET', 'PUT', 'DELETE', 'PATCH', 'HEAD'):
            with self.nothing_remains():
                answer = self.call(method, self._path())
            self.assertEqual(None if self.face.is_v3 else 'POST',
                             answer.headers['Allow'])
            if method == 'HEAD':
                self.assertEqual((status, b''), (answer.status, answer.body))
            else:
                self.check_fault(answer, status, words)

    def test_no_route_is_not_found(self) -> None:
        prefix = self._path().removesuffix('/action')
        for path in (f'{prefix}/actions', f'{prefix}/action/x',
                     f'{prefix}/action/', f'{prefix}//action',
                     self._path().replace('/volumes/', '/volume/'),
                     self._path().replace('/v', '/V', 1)):
            with self.nothing_remains():
                answer = self.call('POST', path, body=calls.upload_body())
            face = calls.V3 if path.startswith('/v3') else calls.V2
            self.check_fault(answer, 404, 'The resource could not be found.',
                             face=face)

    def test_a_body_over_the_limit_is_too_large(self) -> None:
        body = calls.upload_body(image_name='i' * TOO_LONG)
        with self.nothing_remains():
            answer = self.post(self.untouched, body)
        self.check_fault(answer, 413, '.*114688.*')

    def test_a_body_over_the_limit_in_chunks_is_too_large(self) -> None:
        body = calls.upload_body(image_name='i' * TOO_LONG)
        with self.nothing_remains():
            answer = self.send_chunked(body)
        self.check_fault(answer, 413, '.*114688.*')

    def test_a_body_in_chunks_is_a_body(self) -> None:
        answer = self.send_chunked(calls.upload_body(image_name=''))
        self.check_fault(answer, 400, '.*image_name.*')

    def test_a_body_at_the_limit_is_read(self) -> None:
        body = calls.upload_body(image_name='')
        body += b' ' * (TOO_LONG - 1 - len(body))
        self.check_fault(self.post(self.untouched, body), 400,
                         '.*image_name.*')

    def send_chunked(self, body: bytes) -> calls.Answer:
        pieces = (body[start:start + 1000]
                  for start in range(0, len(body), 1000))
        return self.send('POST', self._path(), pieces, {
            'X-Auth-Token': self.demo.id,
            'Transfer-Encoding': 'chunked',
            'Content-Type': 'application/json'})


class TestDiscovery(conformance.ApiTestCase):
    """Versions and health, for whoever asks, even with a bad token."""

    def test_everybody_may_see_the_versions(self) -> None:
        for path, status, ids in (('/', 300, ['v2.0', 'v3.0']),
                                  ('/v3', 200, ['v3.0']),
                                  ('/v3/', 200, ['v3.0']),
                                  ('/v2/', 200, ['v2.0'])):
            for token in ('', 'nonsense'):
                answer = self.call('GET', path, token=token)
                self.assertEqual(status, answer.status)
                self.assertEqual(
                    ids, [entry['id'] for entry in answer.json['versions']])

    def test_the_entry_of_v3_is_what_clients_look_for(self) -> None:
        [entry] = self.call('GET', '/v3/', token='').json['versions']
        expected = {
            'id': 'v3.0', 'status': 'CURRENT', 'version': '3.71',
            'min_version': '3.0', 'updated': entry['updated'],
            'links': [{'rel': 'self', 'href': f'{self.url}/v3/'}],
            'media-types': [{
                'base': 'application/json',
                'type': 'application/vnd.openstack.volume+json;version=3'}]}
        self.assertEqual(expected, entry)
        self.assertEqual('Z', entry['updated'][-1])

    def test_v2_has_no_microversions(self) -> None:
        [entry] = self.call('GET', '/v2/', token='').json['versions']
        self.assertEqual(('', ''), (entry['version'], entry['min_version']))

    def test_everybody_may_ask_for_its_health(self) -> None:
        answer = self.call('GET', '/healthcheck', token='')
        self.assertEqual(200, answer.status)

    def test_faults_are_json_whatever_is_accepted(self) -> None:
        answer = self.call('GET', '/nowhere', headers={
            'Accept': 'application/xml, text/html'})
        self.assertIn('itemNotFound', json.loads(answer.body))
