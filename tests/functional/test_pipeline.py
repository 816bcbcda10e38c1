# SPDX-License-Identifier: Apache-2.0
"""The filters of api-paste.ini, and the file itself."""

import io
import pathlib
import re
from typing import Any

from keystoneauth1 import loading
from oslo_config import fixture as config_fixture
import webob

from tests.functional import base
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload.conf import CONF

PASTE_INI = pathlib.Path(__file__).parents[2] / 'etc/volupload/api-paste.ini'

REQUEST_ID = re.compile(r'req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
NAMES = ('X-Openstack-Request-Id', 'X-Compute-Request-Id')


class TestRequestId(base.KeystoneTestCase):

    def test_every_answer_has_it_twice(self) -> None:
        seen = set()
        for method, path, token in (
                ('GET', '/', None), ('GET', '/healthcheck', None),
                ('GET', '/v3', None), ('GET', '/v3/x/y', None),
                ('GET', '/v3/x/y', 'member'), ('GET', '/nothing', 'member'),
                ('GET', f'/v3/{PROJECT}/volumes', 'member'),
                ('PATCH', f'/v2/{PROJECT}/volumes', 'member'),
                ('GET', '/v2/other/volumes', 'admin')):
            answer = self.ask(method, path, token=token)
            [first], [second] = (answer.headers.getall(name)
                                 for name in NAMES)
            self.assertEqual(first, second)
            self.assertIsNotNone(REQUEST_ID.fullmatch(first))
            seen.add(first)
        self.assertEqual(9, len(seen))

    def test_inbound_id_is_the_global_one(self) -> None:
        inbound = 'req-8334e222-3e67-4bcc-9785-15291152897c'
        contexts = []
        self.manager.create_volume = (
            lambda context, volume_id: contexts.append(context))
        for sent in (inbound, 'req-x', 'x' * 5000, f'{inbound}x'):
            answer = self.ask('POST', f'/v3/{PROJECT}/volumes',
                              {'volume': {'size': 1}},
                              X_Openstack_Request_Id=sent)
            self.assertNotEqual(sent, answer.headers[NAMES[0]])
            self.assertEqual(answer.headers[NAMES[0]],
                             contexts[-1].request_id)
        self.assertEqual([inbound, None, None, None],
                         [context.global_request_id for context in contexts])


class TestRequestLog(base.KeystoneTestCase):

    def test_one_line_a_request(self) -> None:
        self.ask('GET', f'/v3/{PROJECT}/volumes?limit=2&name=a%0Ab')
        self.ask('GET', '/v3/x%0Ay', token=None)
        lines = [line for line in self.logs.output.splitlines()
                 if '"GET ' in line]
        self.assertEqual(2, len(lines))
        self.assertIn(f'{PROJECT} "GET /v3/{PROJECT}/volumes'
                      '?limit=2&name=a%0Ab" 200 ', lines[0])
        self.assertIn('"GET /v3/x%0Ay" 401 ', lines[1])

    def test_nothing_of_a_client_breaks_the_line(self) -> None:
        odd = 'a\x1b[2J\r\n" 200 \x85\xe9'
        request = webob.Request.blank(f'/v3/{PROJECT}/volumes')
        request.environ.update({
            'QUERY_STRING': f'name={odd}', 'REMOTE_ADDR': odd,
            'REQUEST_METHOD': f'GET{odd}', 'HTTP_X_PROJECT_ID': odd,
            'CONTENT_LENGTH': 'x'})
        request.get_response(self.app)
        shown = 'a%1B[2J%0D%0A%22%20200%20%85%E9'
        [line] = [line for line in self.logs.output.split('\n')
                  if '/volumes?' in line]
        self.assertTrue(line.isprintable(), line)
        self.assertIn(f'{shown} {shown} "GET{shown} /v3/{PROJECT}/volumes'
                      f'?name={shown}" 400 ', line)

    def test_token_is_not_in_the_log(self) -> None:
        self.keystone.add_token('very-secret', 'member', project=PROJECT)
        self.ask('GET', f'/v3/{PROJECT}/volumes', token='very-secret')
        self.ask('GET', f'/v3/{PROJECT}/volumes', token='very-secret-too')
        self.assertNotIn('very-secret', self.logs.output)


class TestFaultWrapper(base.KeystoneTestCase):

    def test_one_traceback_for_an_error_that_nobody_foresaw(self) -> None:
        self.images.error = ValueError('not for the client')
        answer = self.upload(self.make_volume())
        self.assertFault(answer, 500, 'computeFault')
        self.assertNotIn('not for the client', answer.text)
        self.assertEqual(1, self.logs.output.count('Traceback'))


class TestHealthcheck(base.KeystoneTestCase):

    def test_needs_no_token(self) -> None:
        answer = self.ask('GET', '/healthcheck', token=None)
        self.assertEqual((200, b'OK'), (answer.status_int, answer.body))
        answer = self.ask('GET', '/healthcheck', token=None,
                          Accept='application/json')
        self.assertEqual(['OK'], answer.json['reasons'])

    def test_is_one_path_only(self) -> None:
        for path in ('/healthcheck/x', '/healthcheckx', '//healthcheck'):
            self.assertEqual(
                401, self.ask('GET', path, token=None).status_int)


class TestSizeLimit(base.KeystoneTestCase):

    def post(self, body: bytes, **environ: Any) -> webob.Response:
        request = webob.Request.blank(
            f'/v3/{PROJECT}/volumes/x/action', method='POST',
            headers={'X-Auth-Token': 'member',
                     'Content-Type': 'application/json'})
        request.environ['wsgi.input'] = io.BytesIO(body)
        request.environ['CONTENT_LENGTH'] = str(len(body))
        request.environ.update(environ)
        return request.get_response(self.app)

    def chunked(self, body: bytes) -> webob.Response:
        return self.post(body, CONTENT_LENGTH='',
                         HTTP_TRANSFER_ENCODING='chunked')

    def body(self, length: int) -> bytes:
        return (b'{"%s": {"image_name": "x"}}' % UPLOAD.encode()
                ).ljust(length)

    def test_limit_itself_is_allowed(self) -> None:
        body = self.body(CONF.api.max_request_body_size)
        for answer in (self.post(body), self.chunked(body)):
            self.assertFault(answer, 404, 'itemNotFound')

    def test_more_is_refused(self) -> None:
        limit = CONF.api.max_request_body_size
        for length in (limit + 1, 10 * limit, 30 * limit):
            body = self.body(length)
            for answer in (self.post(body), self.chunked(body)):
                self.assertFault(answer, 413, 'overLimit', str(limit))
                self.assertIn(NAMES[0], answer.headers)

    def test_limit_is_an_option(self) -> None:
        self.config(max_request_body_size=2000, group='api')
        self.assertEqual(404, self.post(self.body(2000)).status_int)
        self.assertEqual(413, self.post(self.body(2001)).status_int)

    def test_body_is_read_even_when_nobody_wants_it(self) -> None:
        body = io.BytesIO(b'x' * 5000)
        self.post(b'', **{'wsgi.input': body, 'CONTENT_LENGTH': '5000',
                          'HTTP_X_AUTH_TOKEN': 'bad'})
        self.assertEqual(5000, body.tell())

    def test_client_that_goes_away_is_no_error_of_ours(self) -> None:
        class Gone:
            def read(self, length: int) -> bytes:
                raise OSError('reset by peer')
        answer = self.post(b'', **{'wsgi.input': Gone(),
                                   'CONTENT_LENGTH': '10'})
        self.assertFault(answer, 400, 'badRequest')

    def test_odd_lengths_are_refused(self) -> None:
        for length in ('-1', 'x', '1.5', '٣'):
            answer = self.post(b'{}', CONTENT_LENGTH=length)
            self.assertFault(answer, 400, 'badRequest')

    def test_length_that_is_no_number_of_bytes_is_too_large(self) -> None:
        for length in ('1' + 18 * '0', '9' * 5000):
            answer = self.post(b'{}', CONTENT_LENGTH=length)
            self.assertFault(answer, 413, 'overLimit')

    def test_truncated_body_is_malformed(self) -> None:
        answer = self.post(b'{"a": ', CONTENT_LENGTH='100')
        self.assertFault(answer, 400, 'badRequest', 'Malformed request body')


class TestProxy(base.KeystoneTestCase):

    HEADERS = {'X_Forwarded_Proto': 'https', 'X_Forwarded_Prefix': '/volume',
               'X_Forwarded_Host': 'cloud.example.org'}

    def link(self) -> str:
        [entry] = self.ask('GET', '/v3/', token=None,
                           **self.HEADERS).json['versions']
        return entry['links'][0]['href']

    def test_headers_are_not_believed_by_default(self) -> None:
        self.assertEqual('http://localhost:80/v3/', self.link())

    def test_headers_are_believed_if_wanted(self) -> None:
        self.config(enable_proxy_headers_parsing=True,
                    group='oslo_middleware')
        self.load()
        self.assertEqual('https://cloud.example.org/volume/v3/', self.link())

    def test_mount_point_is_in_the_links(self) -> None:
        request = webob.Request.blank('/v3/', base_url='http://h/volume')
        [entry] = request.get_response(self.app).json['versions']
        self.assertEqual('http://h/volume/v3/',
                         entry['links'][0]['href'].replace(':80', ''))


class TestCors(base.KeystoneTestCase):

    ORIGIN = 'https://dashboard.example.org'

    def preflight(self) -> webob.Response:
        return self.ask(
            'OPTIONS', f'/v3/{PROJECT}/volumes', token=None,
            Origin=self.ORIGIN, Access_Control_Request_Method='POST',
            Access_Control_Request_Headers='X-Auth-Token')

    def test_nobody_is_allowed_by_default(self) -> None:
        self.assertFault(self.preflight(), 401, 'unauthorized')

    def test_origin_is_allowed_if_wanted(self) -> None:
        self.config(allowed_origin=[self.ORIGIN], group='cors')
        self.load()
        answer = self.preflight()
        self.assertEqual(200, answer.status_int)
        self.assertEqual(self.ORIGIN,
                         answer.headers['Access-Control-Allow-Origin'])
        for token, status in (('member', 200), ('bad', 401)):
            answer = self.ask('GET', f'/v3/{PROJECT}/volumes', token=token,
                              Origin=self.ORIGIN)
            self.assertEqual(status, answer.status_int)
            self.assertIn('X-Openstack-Request-Id',
                          answer.headers['Access-Control-Expose-Headers'])


class TestFile(base.KeystoneTestCase):

    def refusal(self) -> str:
        [line] = str(self.assertRaises(SystemExit, self.load)).splitlines()
        return line

    def test_file_of_the_operator_is_taken(self) -> None:
        path = pathlib.Path(self.state_path, 'own.ini')
        path.write_text(PASTE_INI.read_text().replace(
            'keystone = request_id', 'keystone = '))
        self.config(paste_config=str(path), group='api')
        self.load()
        answer = self.ask('GET', f'/v3/{PROJECT}/volumes')
        self.assertEqual(200, answer.status_int)
        self.assertNotIn(NAMES[0], answer.headers)

    def test_file_that_is_missing_stops_the_start(self) -> None:
        self.config(paste_config='nowhere.ini', group='api')
        self.assertIn('[api] paste_config: nowhere.ini', self.refusal())

    def test_file_that_is_wrong_stops_the_start(self) -> None:
        path = pathlib.Path(self.state_path, 'wrong.ini')
        self.config(paste_config=str(path), group='api')
        for wrong in ('', 'x', '[app:other]\nuse = call:nothing:at_all\n',
                      PASTE_INI.read_text().replace(
                          '[filter:cors]', '[filter:xcors]'),
                      PASTE_INI.read_text().replace(
                          'api.versions:', 'api.xversions:')):
            path.write_text(wrong)
            self.assertIn('[api] paste_config: ', self.refusal())

    def test_policy_that_is_wrong_stops_the_start(self) -> None:
        self.policy_file.write_text('{')
        self.assertIn('[oslo_policy] policy_file: ', self.refusal())

    def test_service_without_credentials_stops_the_start(self) -> None:
        self.config(auth_type=None, group='keystone_authtoken')
        self.assertIn('[keystone_authtoken] auth_type', self.refusal())
        self.config(auth_type='x', group='keystone_authtoken')
        self.assertIn('[keystone_authtoken] auth_type', self.refusal())
        self.config(auth_type='password', auth_url=None,
                    group='keystone_authtoken')
        self.assertIn('[keystone_authtoken] auth_url', self.refusal())

    def test_glance_options_that_are_wrong_stop_the_start(self) -> None:
        self.config(auth_type='nonsense', group='glance')
        self.assertIn('[glance] auth_type: ', self.refusal())
        self.config(auth_type=None, group='glance')
        self.assertIn('[glance] auth_type: is not set', self.refusal())
        options = self.useFixture(config_fixture.Config(CONF))
        options.register_opts(loading.get_auth_plugin_conf_options('password'),
                              group='glance')
        self.config(auth_type='password', auth_url=None, group='glance')
        self.assertIn('[glance] auth_url: is not set', self.refusal())
