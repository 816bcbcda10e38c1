# SPDX-License-Identifier: Apache-2.0
"""Requests of hostile tenants, of doc/source/admin/security.rst."""

import gzip
import json
import logging
from urllib import parse

import fixtures
import sqlalchemy as sa
import webob

from tests.functional import base
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload.db import session
from volupload.db import volumes

# Long and odd enough to be found wherever it gets to.
TOKEN = 'gAAAAAB-not-for-anybody'
NEWEST = 'volume latest'
ROOT = f'/v3/{PROJECT}'


class HostileTestCase(base.KeystoneTestCase):
    """Whoever asks is an administrator, who may ask for most."""

    def get(self, path: str, **headers: str) -> webob.Response:
        return self.ask('GET', ROOT + path, token='admin',
                        OpenStack_API_Version=NEWEST, **headers)

    def assertRefused(self, answer: webob.Response, *words: str) -> None:
        """By 400, and with not much of what was sent."""
        self.assertFault(answer, 400, 'badRequest', *words)
        self.assertGreater(2000, len(answer.text))


class TestText(base.KeystoneTestCase):
    """What gets into headers, and into the log."""

    def setUp(self) -> None:
        super().setUp()
        self.keystone.add_token(TOKEN, 'member', 'reader', project=PROJECT)
        self.debug = self.useFixture(fixtures.FakeLogger(level=logging.DEBUG))

    def test_names_break_no_line_of_the_log_and_no_header(self) -> None:
        for name in ('a\r\nX-Evil: 1', '\x1b[2Jgone', 'a\u2028b', '\u202eb'):
            volume = self.make_volume()
            answer = self.upload(volume, {'image_name': name}, token=TOKEN)
            self.assertEqual(202, answer.status_int, answer.text)
            told = answer.json[UPLOAD]
            self.assertEqual(name, told['image_name'])
            self.assertNotIn('X-Evil', answer.headers)
            for one in ('X-Evil', '\x1b', '\u2028', '\u202e'):
                self.assertNotIn(one, self.debug.output)

    def test_neither_does_metadata(self) -> None:
        pair = {'x X-Evil: 1': '\x1b[2J\r\nX-Evil: 2'}
        url = f'{ROOT}/volumes/{self.make_volume().id}'
        for method, path, body in (
                ('POST', '/metadata', {'metadata': pair}),
                ('GET', f'/metadata/{parse.quote(list(pair)[0])}', None),
                ('GET', '/metadata', None),
                ('POST', '/action', {'os-set_image_metadata': {
                    'metadata': pair}})):
            answer = self.ask(method, url + path, body, token=TOKEN,
                              OpenStack_API_Version=NEWEST)
            self.assertEqual(200, answer.status_int, answer.text)
            self.assertIn(pair, answer.json.values())
            self.assertNotIn('X-Evil', str(answer.headers))
        for one in ('X-Evil: ', '\x1b'):
            self.assertNotIn(one, self.debug.output)

    def test_a_request_id_of_a_client_is_one_or_is_none(self) -> None:
        good = 'req-01234567-89ab-cdef-0123-456789abcdef'
        for bad in (f'{good}\n', f'{good}\r\n X-Evil', 'X-Evil',
                    good.upper(), f'{good}0' * 1000):
            request = webob.Request.blank(f'{ROOT}/volumes', headers={
                'X-Auth-Token': TOKEN})
            request.environ['HTTP_X_OPENSTACK_REQUEST_ID'] = bad
            answer = request.get_response(self.app)
            self.assertEqual(200, answer.status_int)
            self.assertNotIn('openstack.global_request_id', request.environ)
            self.assertNotIn(bad.strip(), str(answer.headers))
        self.assertNotIn('X-Evil', self.debug.output)

    def test_tokens_are_in_no_log_at_any_level(self) -> None:
        self.upload(self.make_volume(), token=TOKEN)
        self.ask('GET', f'{ROOT}/uploads', token=TOKEN)
        self.assertIn('"GET /v3', self.debug.output)
        self.assertNotIn(TOKEN, self.debug.output)
        self.assertNotIn(TOKEN, self.logs.output)


class TestUrl(HostileTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.volume = self.make_volume(metadata={'a': 'b'})
        self.url = f'{ROOT}/volumes/{self.volume.id}'

    def test_paths_out_of_it_lead_nowhere(self) -> None:
        for path in ('..%2f..%2fetc%2fpasswd', '%2e%2e/%2e%2e', '%00',
                     '..%c0%af', 'a%0d%0aX:%20y'):
            self.assertEqual(404, self.get(f'/volumes/{path}').status_int,
                             path)

    def test_nothing_with_a_nul_gets_to_the_database(self) -> None:
        """PostgreSQL and its driver know none: it would be a 500."""
        asked: list[str] = []
        sa.event.listen(
            session.engine(), 'before_cursor_execute',
            lambda c, cursor, statement, values, *more: asked.append(
                repr(values)))
        for one in ('volumes', 'volumes/detail', 'uploads', 'messages',
                    'types'):
            self.assertRefused(self.get(f'/{one}?marker=a%00'), 'marker')
        for name in ('name', 'status', 'name~', 'project_id', 'user_id',
                     'host', 'volume_type_id', 'availability_zone', 'group_id',
                     'migration_status'):
            self.assertRefused(self.get(f'/volumes?{name}=a%00'), name)
        for path in ('/os-quota-sets/a%00', '/limits?project_id=a%00',
                     '/uploads?image_name=a%00', '/messages?event_id=a%00'):
            self.assertRefused(self.get(path))
        for path in ('/metadata/a%00', '/uploads/a%00', '/messages/a%00',
                     '/types/a%00', '/types/a%00/extra_specs/a%00'):
            url = self.url if path.startswith('/metadata') else ROOT
            for method in ('GET', 'DELETE'):
                answer = self.ask(method, url + path, token='admin',
                                  OpenStack_API_Version=NEWEST)
                self.assertFault(answer, 404, 'itemNotFound')
        self.assertIn(self.volume.id, ''.join(asked))
        self.assertNotIn('x00', ''.join(asked))

    def test_a_filter_has_few_conditions(self) -> None:
        def pairs(number: int) -> str:
            return parse.quote(json.dumps({str(n): '' for n in range(number)}))

        def times(number: int) -> str:
            return ','.join(['gt:2026-01-01'] * number)

        for path, make in (('/volumes?metadata', pairs),
                           ('/volumes/detail?glance_metadata', pairs),
                           ('/types?extra_specs', pairs),
                           ('/volumes?created_at', times),
                           ('/volumes?updated_at', times)):
            self.assertEqual(
                200, self.get(f'{path}={make(20)}').status_int, path)
            for number in (21, 4000):
                self.assertRefused(self.get(f'{path}={make(number)}'),
                                   'more than 20')

    def test_what_no_page_can_be_is_named(self) -> None:
        long = '9' * 60_000
        for name, values in (
                ('limit', ('-1', 'x', long, '1e3', '%D9%A3', '0x10', '%F0')),
                ('offset', ('-1', str(2 ** 31), long)),
                ('marker', (long,)),
                ('sort_key', ('__class__', 'id;drop', long, 'metadata_items')),
                ('sort_dir', ('up', long)), ('sort', ('id:up', f'{long}:asc')),
                ('metadata', ('[' * 60_000, '-' * 60_000 + '1', '{' * 30_000,
                              '1%2B' * 15_000 + '1', f'{{"a":{long}}}'))):
            for value in values:
                self.assertRefused(self.get(f'/volumes?{name}={value}'), name)
        for marker in ('x', "'--", '%F0'):
            self.assertFault(self.get(f'/volumes?marker={marker}'), 404,
                             'itemNotFound')
        # A key that is named again and again is one.
        for query in ('sort=' + 'name:asc,' * 6000 + 'id', 'x=1&' * 15_000,
                      'offset=2147483647&limit=2147483647'):
            answer = self.ask('GET', f'{ROOT}/volumes?{query}')
            self.assertEqual(200, answer.status_int, query[:80])

    def test_what_is_very_long_is_an_ordinary_error(self) -> None:
        long = 'x' * 60_000
        for path in (f'/volumes/{long}', f'/{long}', '/' * 60_000,
                     f'/extensions/{long}', f'/uploads/{long}',
                     f'/volumes/{self.volume.id}/metadata/{long}'):
            self.assertFault(self.get(path), 404, 'itemNotFound')
        self.assertRefused(
            self.ask('GET', f'{ROOT}/volumes', OpenStack_API_Version=(
                'volume 3.' + '1' * 1000)))
        self.assertEqual(401, self.ask('GET', f'{ROOT}/volumes',
                                       token=long).status_int)
        answer = self.ask('PUT', f'{self.url}/metadata', {'metadata': {}},
                          If_Match='"x",' * 15_000,
                          OpenStack_API_Version=NEWEST)
        self.assertEqual(412, answer.status_int)

    def test_a_host_that_is_none_is_in_no_link(self) -> None:
        for host in ('a\r\n X-Evil: y', 'evil"><script>', 'a b', 'a/b', 'a@b',
                     'a:b', '[::1', 'a:1:2', '\xe9'):
            for path in ('/', f'{ROOT}/volumes'):
                request = webob.Request.blank(path, headers={
                    'X-Auth-Token': 'member'})
                request.environ['HTTP_HOST'] = host
                answer = request.get_response(self.app)
                self.assertFault(answer, 400, 'badRequest', 'Host')
        for host in ('a', 'a:8776', '192.0.2.1', '[2001:db8::1]:8776',
                     'block-storage.example.org', 'a_b', 'a:'):
            answer = self.ask('GET', f'{ROOT}/volumes', Host=host)
            self.assertIn(f'"http://{host.rstrip(":")}', answer.text)


class TestBody(HostileTestCase):

    def post(self, body: bytes, **headers: str) -> webob.Response:
        return self.ask('POST', f'{ROOT}/volumes', body, **headers)

    def test_numbers_without_end_are_no_json(self) -> None:
        digits = b'9' * 100_000
        for body in (b'{"volume": {"size": %s}}', b'{"volume": {"size": -%s}}',
                     b'{"volume": {"size": 1, "metadata": {"a": %s}}}'):
            self.assertRefused(self.post(body % digits))
        for number in (b'1e999', b'-1e999', b'NaN', b'Infinity', b'1.0',
                       b'1e1', b'true', b'0', b'-0', b'1' * 18):
            self.assertRefused(self.post(b'{"volume": {"size": %s}}' % number))

    def test_what_is_deep_is_malformed(self) -> None:
        for body in (b'[' * 50_000 + b']' * 50_000,
                     b'{"a":' * 18_000 + b'1' + b'}' * 18_000):
            self.assertRefused(self.post(body), 'Malformed request body')

    def test_text_that_is_none_is_refused(self) -> None:
        for body in (b'{"volume": {"size": 1, "name": "\xff"}}',
                     b'\xff\xfe{}', b'\xef\xbb\xbf{}',
                     b'{"volume": {"size": 1, "name": "\\ud800"}}',
                     b'{"volume": {"size": 1, "name": "\\u0000"}}',
                     b'{"volume": {"size": 1, "metadata": {"\\udfff": ""}}}'):
            self.assertRefused(self.post(body))

    def test_nobody_unpacks_it(self) -> None:
        packed = gzip.compress(b'{"volume": {"size": 1, "name": "%s"}}'
                               % (b' ' * 50_000_000))
        for encoding in ('gzip', 'deflate', 'br'):
            self.assertRefused(self.post(packed, Content_Encoding=encoding),
                               'Malformed request body')

    def test_of_keys_that_come_twice_the_last_is_checked_and_counts(
            self) -> None:
        self.assertRefused(self.post(b'{"volume": {"size": 1, "size": 0}}'))
        answer = self.post(b'{"volume": {"size": 0, "size": 2}}')
        self.assertEqual(2, answer.json['volume']['size'])
        volume = self.make_volume()
        answer = self.ask(
            'POST', f'{ROOT}/volumes/{volume.id}/action',
            b'{"%(key)s": {"image_name": "a"}, "%(key)s": {}}' % {
                b'key': UPLOAD.encode()})
        self.assertRefused(answer, 'image_name')
        self.assertEqual('available', volumes.get(volume.id).status)
