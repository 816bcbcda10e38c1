# SPDX-License-Identifier: Apache-2.0
"""Messages: what users are told of failures, and from which version on."""

from typing import Any
import uuid

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from volupload.db import messages

KEYS = ['id', 'event_id', 'user_message', 'message_level', 'created_at',
        'guaranteed_until', 'request_id', 'resource_type', 'resource_uuid',
        'links']
NEW = 'volume 3.5'


class TestMessages(base.KeystoneTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.failed = [self.make_upload('failed', reason=f'reason {number}',
                                        request_id=f'req-{number}')
                       for number in range(3)]
        self.make_upload('succeeded')
        self.make_upload('cancelled')
        self.make_upload('failed', reason='secret', project_id=OTHER_PROJECT)
        [self.foreign] = messages.get_all(OTHER_PROJECT)

    def ask_for(self, rest: str = '', method: str = 'GET',
                version: str = NEW, **options: Any) -> Any:
        return self.ask(method, f'/v3/{PROJECT}/messages{rest}',
                        OpenStack_API_Version=version, **options)

    def all(self, query: str = '', **options: Any) -> list[dict[str, Any]]:
        answer = self.ask_for(query, **options)
        self.assertEqual(200, answer.status_int, answer.text)
        found: list[dict[str, Any]] = answer.json['messages']
        return found

    def test_each_failure_has_one_the_newest_first(self) -> None:
        found = self.all()
        self.assertEqual(
            [(f'copy volume to image: reason {number}', f'req-{number}',
              'VOLUME', self.failed[number].volume_id, 'ERROR')
             for number in (2, 1, 0)],
            [(one['user_message'], one['request_id'], one['resource_type'],
              one['resource_uuid'], one['message_level']) for one in found])

    def test_it_is_shown_as_cinder_shows_it(self) -> None:
        [listed, *_] = self.all()
        answer = self.ask_for(f'/{listed["id"]}')
        self.assertEqual(200, answer.status_int)
        shown = answer.json['message']
        self.assertEqual(KEYS, list(shown))
        self.assertEqual(listed, shown)
        self.assertLess(shown['created_at'], shown['guaranteed_until'])
        self.assertEqual(
            f'http://localhost:80/v3/{PROJECT}/messages/{shown["id"]}',
            shown['links'][0]['href'])

    def test_there_are_none_before_3_3(self) -> None:
        [one, *_] = self.all()
        for version in ('volume 3.0', 'volume 3.1', 'volume 3.2', ''):
            for method, rest in (('GET', ''), ('GET', f'/{one["id"]}'),
                                 ('DELETE', f'/{one["id"]}')):
                answer = self.ask_for(rest, method, version)
                self.assertFault(answer, 404, 'itemNotFound')
        for path in ('messages', f'messages/{one["id"]}'):
            self.assertFault(
                self.ask('GET', f'/v2/{PROJECT}/{path}'), 404, 'itemNotFound')
        self.assertEqual(3, len(self.all()))

    def test_a_deleted_one_is_gone(self) -> None:
        [one, *_] = self.all()
        answer = self.ask_for(f'/{one["id"]}', 'DELETE')
        self.assertEqual((204, b''), (answer.status_int, answer.body))
        self.assertEqual(2, len(self.all()))
        for method in ('GET', 'DELETE'):
            self.assertFault(self.ask_for(f'/{one["id"]}', method), 404,
                             'itemNotFound', 'Message')

    def test_those_of_others_are_not_found(self) -> None:
        for name in (self.foreign.id, str(uuid.uuid4()), 'x'):
            for method in ('GET', 'DELETE'):
                self.assertFault(self.ask_for(f'/{name}', method), 404,
                                 'itemNotFound', name)
        self.assertEqual(1, len(messages.get_all(OTHER_PROJECT)))
        self.assertEqual(4, len(self.all('?all_tenants=1', token='admin')))
        self.assertEqual(3, len(self.all('?all_tenants=1')))

    def test_a_reader_reads_only(self) -> None:
        [one, *_] = self.all(token='reader')
        self.assertFault(
            self.ask_for(f'/{one["id"]}', 'DELETE', token='reader'), 403,
            'forbidden', 'message:delete')

    def test_lists_have_filters_and_pages(self) -> None:
        volume_id = self.failed[1].volume_id
        self.assertEqual(['req-1'], [
            one['request_id']
            for one in self.all(f'?resource_uuid={volume_id}')])
        self.assertEqual(['req-0', 'req-1', 'req-2'], [
            one['request_id'] for one in self.all('?sort=request_id:asc')])
        answer = self.ask_for('?limit=2')
        self.assertEqual(2, len(answer.json['messages']))
        [link] = answer.json['messages_links']
        answer = self.ask('GET', link['href'].removeprefix(
            'http://localhost:80'), OpenStack_API_Version=NEW)
        self.assertEqual(['req-0'], [
            one['request_id'] for one in answer.json['messages']])
        self.assertFault(self.ask_for(f'?marker={self.foreign.id}'), 404,
                         'itemNotFound', self.foreign.id)
        for key in ('created_at', 'guaranteed_until', 'message_level'):
            self.assertEqual(3, len(self.all(f'?sort={key}')))

    def test_before_3_5_all_of_them_are_listed(self) -> None:
        self.config(osapi_max_limit=2, group='api')
        for version in ('volume 3.3', 'volume 3.4'):
            for query in ('', '?limit=1', '?limit=x', '?sort=x', '?marker=x',
                          '?request_id=req-1', '?all_tenants=maybe'):
                answer = self.ask_for(query, version=version)
                self.assertEqual(['messages'], list(answer.json))
                self.assertEqual(['req-2', 'req-1', 'req-0'], [
                    one['request_id'] for one in answer.json['messages']])
        self.assertEqual(2, len(self.all()))
