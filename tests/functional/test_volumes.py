# SPDX-License-Identifier: Apache-2.0
"""Volumes: create, list, show, update, delete, as clients ask for them."""

import json
from typing import Any
from urllib import parse
import uuid

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from volupload.db import volume_types
from volupload.db import volumes

DETAIL = [
    'id', 'status', 'size', 'availability_zone', 'created_at', 'updated_at',
    'name', 'description', 'volume_type', 'snapshot_id', 'source_volid',
    'metadata', 'links', 'user_id', 'bootable', 'encrypted',
    'replication_status', 'consistencygroup_id', 'multiattach', 'attachments',
    'os-vol-tenant-attr:tenant_id']
FOR_ADMINS = [
    'migration_status', 'os-vol-host-attr:host',
    'os-vol-mig-status-attr:migstat', 'os-vol-mig-status-attr:name_id']

# What python-cinderclient and the openstack client send for one volume.
CINDERCLIENT = {
    'size': 1, 'consistencygroup_id': None, 'snapshot_id': None,
    'name': 'vol1', 'description': None, 'volume_type': None,
    'availability_zone': None, 'metadata': {}, 'imageRef': None,
    'source_volid': None, 'backup_id': None}
OLD_CLIENT = {
    **CINDERCLIENT, 'status': 'creating', 'attach_status': 'detached',
    'user_id': None, 'project_id': None, 'source_replica': None,
    'multiattach': False}


class VolumesTestCase(base.KeystoneTestCase):

    def url(self, rest: str = '', api: str = 'v3') -> str:
        return f'/{api}/{PROJECT}/volumes{rest}'

    def create(self, body: Any, **options: Any) -> Any:
        return self.ask('POST', self.url(api=options.pop('api', 'v3')),
                        {'volume': body}, **options)


class TestCreate(VolumesTestCase):

    def test_answer_is_what_was_made(self) -> None:
        answer = self.create({
            'size': 2, 'name': 'vol1', 'description': 'mine',
            'metadata': {'k': 'v'}})
        self.assertEqual(202, answer.status_int, answer.text)
        shown = answer.json['volume']
        self.assertEqual(DETAIL[:-1], list(shown))
        self.assertEqual(
            ('creating', 2, 'vol1', 'mine', {'k': 'v'}, 'user'),
            (shown['status'], shown['size'], shown['name'],
             shown['description'], shown['metadata'], shown['user_id']))
        self.assertRegex(shown['created_at'],
                         r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$')
        self.assertEqual([('create_volume', shown['id'])], self.manager.cast)

    def test_clients_send_nulls_for_what_is_not_asked(self) -> None:
        for api in ('v2', 'v3'):
            for body in (CINDERCLIENT, OLD_CLIENT):
                answer = self.create(body, api=api)
                self.assertEqual(202, answer.status_int, answer.text)

    def test_size_is_an_integer_or_its_digits(self) -> None:
        for size, expected in ((1, 1), ('7', 7), (16383, 16383), ('01', 1)):
            shown = self.create({'size': size}).json['volume']
            self.assertEqual(expected, shown['size'])
        for size in (0, -1, '0', '', 'x', None, 1.0, 1.5, '1.5', True, [], {},
                     16384, 10 ** 30, '9' * 30, ' 1', '+1', '²', '٣'):
            self.assertFault(self.create({'size': size}), 400, 'badRequest',
                             'size')
        self.assertFault(self.create({}), 400, 'badRequest', 'size')

    def test_blanks_around_a_name_are_taken_off(self) -> None:
        shown = self.create({
            'size': 1, 'name': f'  {"n" * 255}\n', 'description': ' a b ',
        }).json['volume']
        self.assertEqual(('n' * 255, 'a b'),
                         (shown['name'], shown['description']))
        answer = self.ask('PUT', self.url(f'/{shown["id"]}'), {
            'volume': {'display_name': '\tx ', 'description': '  '}})
        self.assertEqual(('x', ''), (answer.json['volume']['name'],
                                     answer.json['volume']['description']))

    def test_there_is_one_zone(self) -> None:
        for api in ('v2', 'v3'):
            for zone in (None, 'nova'):
                answer = self.create(
                    {'size': 1, 'availability_zone': zone}, api=api)
                self.assertEqual('nova',
                                 answer.json['volume']['availability_zone'])
            answer = self.create({'size': 1, 'availability_zone': 'mars'},
                                 api=api)
            self.assertFault(answer, 400, 'badRequest',
                             'Availability zone mars is invalid.')
        self.assertEqual(4, len(self.manager.cast))

    def test_names_have_older_names(self) -> None:
        shown = self.create({'size': 1, 'display_name': 'a',
                             'display_description': 'b'}).json['volume']
        self.assertEqual(('a', 'b'), (shown['name'], shown['description']))

    def test_unknown_features_are_named(self) -> None:
        for api in ('v2', 'v3'):
            for field in ('snapshot_id', 'source_volid', 'imageRef',
                          'image_id', 'backup_id', 'group_id',
                          'consistencygroup_id', 'multiattach'):
                answer = self.create({'size': 1, field: True}, api=api)
                self.assertFault(answer, 400, 'badRequest', field)
        answer = self.create({'size': 1, 'multiattach': 'maybe'})
        self.assertFault(answer, 400, 'badRequest', 'multiattach')
        self.assertEqual(202, self.create(
            {'size': 1, 'multiattach': 'false'}).status_int)

    def test_what_a_volume_would_be_made_of_is_looked_for(self) -> None:
        volume = self.make_volume()
        foreign = self.make_volume(project_id=OTHER_PROJECT)
        for field, source, status, name in (
                ('source_volid', volume.id, 400, 'badRequest'),
                ('source_volid', foreign.id, 404, 'itemNotFound'),
                ('source_volid', str(uuid.uuid4()), 404, 'itemNotFound'),
                *((field, str(uuid.uuid4()), 404, 'itemNotFound')
                  for field in ('snapshot_id', 'backup_id', 'group_id',
                                'consistencygroup_id'))):
            answer = self.create({'size': 1, field: source})
            self.assertFault(answer, status, name, source)

    def test_keys_beside_the_volume_are_named_on_v3(self) -> None:
        volume = self.make_volume(metadata={'k': 'v'})
        for method, path, body in (
                ('POST', '', {'volume': {'size': 1}}),
                ('PUT', f'/{volume.id}', {'volume': {'name': 'x'}}),
                ('POST', f'/{volume.id}/metadata', {'metadata': {'k': 'w'}}),
                ('PUT', f'/{volume.id}/metadata', {'metadata': {'k': 'w'}}),
                ('PUT', f'/{volume.id}/metadata/k', {'meta': {'k': 'w'}})):
            answer = self.ask(method, self.url(path), {**body, 'foo': 1})
            self.assertFault(answer, 400, 'badRequest', "'foo'")
            answer = self.ask(method, self.url(path, 'v2'),
                              {**body, 'foo': 1})
            self.assertLess(answer.status_int, 300, answer.text)

    def test_scheduler_hints_are_refused(self) -> None:
        for hints, status in (({'same_host': 'x'}, 400), ('', 400),
                              ({}, 202), (None, 202)):
            answer = self.ask('POST', self.url(), {
                'volume': {'size': 1}, 'OS-SCH-HNT:scheduler_hints': hints})
            self.assertEqual(status, answer.status_int)
            if status == 400:
                self.assertFault(answer, 400, 'badRequest', 'scheduler_hints')

    def test_keys_of_metadata_are_cinders_on_v3(self) -> None:
        good = 'aZ09-_:. /'
        for key, status in ((good, 202), ('k' * 255, 202), ('é', 400),
                            ('a%', 400), ('a\n', 400), ('', 400),
                            ('k' * 256, 400)):
            answer = self.create({'size': 1, 'metadata': {key: 'v'}})
            self.assertEqual(status, answer.status_int, key)
        answer = self.create({'size': 1, 'metadata': {'é': 'v'}}, api='v2')
        self.assertEqual({'é': 'v'}, answer.json['volume']['metadata'])

    def test_bad_values_are_named(self) -> None:
        for field, values in (
                ('name', (1, [], 'a' * 256, 'a\0', '\ud800')),
                ('description', (1, 'a' * 256)),
                ('metadata', (1, [], 'x', {'k': 1}, {'': 'v'}, {'k': None},
                              {'k' * 256: 'v'}, {'k': 'v' * 256})),
                ('volume_type', (1, {}, 'a' * 256)),
                ('availability_zone', (1, '', 'a' * 256))):
            for value in values:
                answer = self.create({'size': 1, field: value})
                self.assertFault(answer, 400, 'badRequest', field)

    def test_body_must_hold_a_volume(self) -> None:
        for body in (b'', b'{}', b'[]', b'5', b'{"volume": null}',
                     b'{"volume": []}', b'x'):
            answer = self.ask('POST', self.url(), body)
            self.assertEqual(400, answer.status_int, body)
        answer = self.ask('POST', self.url(), b'{}', content_type='a/b')
        self.assertFault(answer, 415, 'badMediaType')

    def test_volume_type_is_found_by_name_or_id(self) -> None:
        volume_types.create({'id': 'type-id', 'name': 'fast'})
        for given in ('fast', 'type-id'):
            shown = self.create({'size': 1, 'volume_type': given})
            self.assertEqual('fast', shown.json['volume']['volume_type'])
        self.assertFault(self.create({'size': 1, 'volume_type': 'slow'}),
                         404, 'itemNotFound', 'slow')


class TestShow(VolumesTestCase):

    def test_volume_links_to_itself(self) -> None:
        volume = self.make_volume()
        for path, links in (
                (self.url(f'/{volume.id}'),
                 (f'/v3/{PROJECT}/volumes', f'/{PROJECT}/volumes')),
                (self.url(f'/{volume.id}', 'v2'),
                 (f'/v2/{PROJECT}/volumes', f'/{PROJECT}/volumes')),
                (f'/v3/volumes/{volume.id}', ('/v3/volumes', '/volumes'))):
            shown = self.ask('GET', path).json['volume']
            self.assertEqual(
                [f'http://localhost:80{link}/{volume.id}' for link in links],
                [link['href'] for link in shown['links']])

    def test_volume_that_never_changed_has_no_update(self) -> None:
        volume = self.make_volume(metadata={'a': 'b'})
        shown = self.ask('GET', self.url(f'/{volume.id}')).json['volume']
        self.assertIsNone(shown['updated_at'])
        self.assertEqual({'a': 'b'}, shown['metadata'])

    def test_admin_sees_host_and_migration(self) -> None:
        volume = self.make_volume()
        path = self.url(f'/{volume.id}')
        seen = self.ask('GET', path).json['volume']
        self.assertEqual(set(DETAIL), seen.keys())
        shown = self.ask('GET', path, token='admin').json['volume']
        self.assertEqual(
            [None, 'testhost@local#local', None, None],
            [shown.pop(name) for name in FOR_ADMINS])
        self.assertEqual(seen, shown)
        for method, where, body in (
                ('PUT', path, {'volume': {'name': 'x'}}),
                ('POST', self.url(), {'volume': {'size': 1}})):
            answer = self.ask(method, where, body, token='admin').json
            self.assertEqual(['migration_status'], [
                name for name in FOR_ADMINS if name in answer['volume']])

    def test_some_statuses_have_other_names(self) -> None:
        for status, seen in (('managing', 'creating'),
                             ('error_managing', 'error'),
                             ('reserved', 'reserved')):
            volume = self.make_volume(status=status)
            shown = self.ask('GET', self.url(f'/{volume.id}')).json['volume']
            self.assertEqual(seen, shown['status'])

    def test_missing_and_foreign_volumes_are_not_found(self) -> None:
        foreign = self.make_volume(project_id=OTHER_PROJECT)
        for volume_id in (foreign.id, 'vol1', 'a' * 300, '%00'):
            for method, body in (('GET', None), ('DELETE', None),
                                 ('PUT', {'volume': {'name': 'x'}})):
                answer = self.ask(method, self.url(f'/{volume_id}'), body)
                self.assertFault(answer, 404, 'itemNotFound')


class TestChange(VolumesTestCase):

    def test_update_changes_what_is_given(self) -> None:
        volume = self.make_volume(name='a', description='b',
                                  metadata={'k': 'v'})
        for body in ({'name': 'x'}, {'display_name': 'x'}):
            answer = self.ask('PUT', self.url(f'/{volume.id}'),
                              {'volume': body})
            self.assertEqual(200, answer.status_int, answer.text)
            shown = answer.json['volume']
            self.assertEqual(('x', 'b', {'k': 'v'}), (
                shown['name'], shown['description'], shown['metadata']))
            self.assertIsNotNone(shown['updated_at'])

    def test_update_can_clear_and_replace(self) -> None:
        volume = self.make_volume(name='a', metadata={'k': 'v'})
        answer = self.ask('PUT', self.url(f'/{volume.id}'), {
            'volume': {'name': None, 'metadata': {'l': 'w'}}})
        shown = answer.json['volume']
        self.assertEqual((None, {'l': 'w'}),
                         (shown['name'], shown['metadata']))

    def test_update_works_while_uploading(self) -> None:
        volume = self.make_volume(status='uploading')
        answer = self.ask('PUT', self.url(f'/{volume.id}'), {
            'volume': {'metadata': {'k': 'v'}}})
        self.assertEqual(200, answer.status_int)

    def test_bad_updates_are_refused(self) -> None:
        volume = self.make_volume()
        for body, word in (({}, 'volume'), ({'volume': None}, 'volume'),
                           ({'volume': {'metadata': None}}, 'metadata'),
                           ({'volume': {'size': 2}}, 'size'),
                           ({'volume': {'status': 'error'}}, 'status')):
            answer = self.ask('PUT', self.url(f'/{volume.id}'), body)
            self.assertFault(answer, 400, 'badRequest', word)

    def test_nothing_is_changed_in_maintenance(self) -> None:
        volume = self.make_volume(status='maintenance', metadata={'k': 'v'},
                                  name='n')
        for method, path, body in (
                ('PUT', '', {'volume': {'name': 'x'}}),
                ('PUT', '', {'volume': {}}),
                ('POST', '/metadata', {'metadata': {'l': 'w'}}),
                ('PUT', '/metadata', {'metadata': {}}),
                ('PUT', '/metadata/k', {'meta': {'k': 'w'}}),
                ('DELETE', '/metadata/k', None)):
            answer = self.ask(method, self.url(f'/{volume.id}{path}'), body)
            self.assertFault(answer, 400, 'badRequest', 'maintenance')
        found = volumes.get(volume.id)
        self.assertEqual(('n', {'k': 'v'}, None),
                         (found.name, found.metadata_, found.updated_at))
        answer = self.ask('DELETE', self.url(f'/{volume.id}/metadata/x'))
        self.assertFault(answer, 404, 'itemNotFound', 'x')

    def test_delete_has_an_empty_answer(self) -> None:
        volume = self.make_volume()
        answer = self.ask('DELETE', self.url(f'/{volume.id}'))
        self.assertEqual((202, b''), (answer.status_int, answer.body))
        self.assertEqual('deleting', volumes.get(volume.id).status)
        self.assertEqual([('delete_volume', volume.id)], self.manager.cast)

    def test_what_would_go_along_is_a_boolean_on_v3(self) -> None:
        volume = self.make_volume()
        answer = self.ask('DELETE', self.url(f'/{volume.id}?cascade=x'))
        self.assertFault(answer, 400, 'badRequest', 'cascade')
        for api, cascade in (('v3', 'True'), ('v2', 'x')):
            volume = self.make_volume()
            answer = self.ask('DELETE', self.url(
                f'/{volume.id}?cascade={cascade}', api))
            self.assertEqual(202, answer.status_int)

    def test_delete_while_uploading_is_refused(self) -> None:
        volume = self.make_volume(status='uploading')
        answer = self.ask('DELETE', self.url(f'/{volume.id}'))
        self.assertFault(answer, 400, 'badRequest', 'Invalid volume: ')


class TestList(VolumesTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.made = [self.make_volume(
            name=name, size_gb=size, status=status, metadata={'n': name})
            for name, size, status in (
                ('a', 3, 'available'), ('b', 1, 'in-use'),
                ('c', 2, 'available'))]
        self.foreign = self.make_volume(name='f', project_id=OTHER_PROJECT)

    def names(self, query: str = '', **options: Any) -> list[str]:
        answer = self.ask('GET', self.url(f'/detail?{query}'), **options)
        self.assertEqual(200, answer.status_int, answer.text)
        return [volume['name'] for volume in answer.json['volumes']]

    def test_summary_is_short_and_detail_is_long(self) -> None:
        short = self.ask('GET', self.url()).json
        self.assertEqual(['id', 'name', 'links'], list(short['volumes'][0]))
        long = self.ask('GET', self.url('/detail')).json
        self.assertEqual(DETAIL, list(long['volumes'][0]))
        self.assertNotIn('volumes_links', long)
        long = self.ask('GET', self.url('/detail'), token='admin').json
        self.assertEqual({*DETAIL, *FOR_ADMINS}, long['volumes'][0].keys())

    def test_only_the_projects_own(self) -> None:
        self.assertEqual({'a', 'b', 'c'}, set(self.names()))
        self.assertEqual({'a', 'b', 'c'}, set(self.names(token='admin')))

    def test_all_tenants_counts_for_admins_only(self) -> None:
        for query in ('all_tenants=1', 'all_tenants=True'):
            self.assertEqual({'a', 'b', 'c'}, set(self.names(query)))
            self.assertEqual({'a', 'b', 'c', 'f'},
                             set(self.names(query, token='admin')))
        self.assertEqual(['f'], self.names('all_tenants=1&name=f',
                                           token='admin'))

    def test_filters(self) -> None:
        quoted = parse.quote(json.dumps({'n': 'c'}))
        spelt = parse.quote("{'n': 'c'}")
        for query, names in (
                ('name=a', {'a'}), ('display_name=b', {'b'}),
                ('name=nobody', set()), ('status=in-use', {'b'}),
                ('status=available', {'a', 'c'}), ('size=3', {'a'}),
                (f'id={self.made[2].id}', {'c'}), ('id=x', set()),
                (f'metadata={quoted}', {'c'}), (f'metadata={spelt}', {'c'}),
                ('availability_zone=mars', set()), ('bootable=true', set()),
                ('bootable=false&name=a', {'a'}), ('foo=bar', {'a', 'b', 'c'}),
                ('name=a&status=in-use', set()), ('name=', set()),
                ('name=%F0%9F%98%80', set())):
            self.assertEqual(names, set(self.names(query)), query)

    def test_filters_for_admins(self) -> None:
        kind = str(uuid.uuid4())
        volume_types.create({'id': kind, 'name': 'fast', 'is_public': True})
        self.make_volume(name='t', volume_type_id=kind, host='h@lvm',
                         user_id='somebody')
        for query, name in (
                (f'project_id={OTHER_PROJECT}', 'f'),
                (f'volume_type_id={kind}', 't'), ('host=h@lvm', 't'),
                ('host=h@lvm%23lvm', 't'), ('host=nobody', None),
                ('user_id=nobody', None),
                ('user_id=somebody', 't')):
            query = f'all_tenants=1&{query}'
            for version in ('3.0', '3.71'):
                self.assertEqual([name] if name else [], self.names(
                    query, token='admin',
                    OpenStack_API_Version=f'volume {version}'), query)
            self.assertEqual({'a', 'b', 'c', 't'}, set(self.names(query)))
            refused = self.ask('GET', self.url(f'?{query}'),
                               OpenStack_API_Version='volume 3.31')
            self.assertFault(refused, 400, 'badRequest',
                             query.split('&')[1].split('=')[0])

    def test_administrators_find_nothing_by_what_there_is_not(self) -> None:
        for query in ('foo=bar', 'description=x', 'attach_status=attached',
                      'attach_status=x', 'multiattach=True', 'snapshot_id=x',
                      'cluster_name=x', 'deleted=True', 'with_count=1',
                      'name~=a', '%C3%A9=1'):
            for api in ('v2', 'v3'):
                answer = self.ask('GET', self.url(f'?all_tenants=1&{query}',
                                                  api), token='admin')
                self.assertEqual({'volumes': []}, answer.json, query)
        answer = self.ask(
            'GET', self.url('?foo=bar&with_count=1'), token='admin',
            OpenStack_API_Version='volume 3.71')
        self.assertEqual({'volumes': [], 'count': 0}, answer.json)

    def test_administrators_filter_by_every_column(self) -> None:
        self.make_volume(name='d', description='of mine', attachment={
            'attachment_id': str(uuid.uuid4()), 'server_id': None,
            'host_name': 'h', 'device': '/dev/vdb', 'mode': 'rw',
            'attached_at': '2026-01-01T00:00:00'})
        for query, names in (
                ('description=of mine', 'd'), ('display_description=x', ''),
                ('description~=of m', 'd'), ('display_description~=x', ''),
                ('attach_status=attached', 'd'),
                ('attach_status=detached', 'abc'),
                ('attach_status=detached&name=a', 'a'),
                ('multiattach=False', 'abcd'), ('multiattach=1', ''),
                ('migration_status=None', 'abcd'),
                ('migration_status=migrating', ''), ('host~=testh', 'abcd'),
                ('user_id~=use&size=1', 'bd')):
            found = self.names(
                f'sort=name:asc&{parse.quote(query, "=&~")}', token='admin',
                OpenStack_API_Version='volume 3.34')
            self.assertEqual(list(names), found, query)

    def test_sort_by_all_that_clients_offer(self) -> None:
        volumes.update(self.made[1].id, {'bootable': True})
        for key in ('id', 'status', 'size', 'availability_zone',
                    'display_name', 'bootable', 'created_at'):
            for direction in ('asc', 'desc'):
                sort = f'sort={key}:{direction},name:asc'
                whole = self.names(sort)
                self.assertCountEqual('abc', whole)
                [first] = self.names(f'limit=1&{sort}')
                last = next(one.id for one in self.made if one.name == first)
                self.assertEqual(whole, [
                    first, *self.names(f'{sort}&marker={last}')])
        self.assertEqual(['b', 'a', 'c'],
                         self.names('sort=bootable:desc,name:asc'))

    def test_a_marker_that_is_nothing_is_not_found(self) -> None:
        for marker in ('x', self.foreign.id, str(uuid.uuid4())):
            for api in ('v2', 'v3'):
                answer = self.ask('GET', self.url(f'?marker={marker}', api))
                self.assertFault(answer, 404, 'itemNotFound', marker)

    def test_sort(self) -> None:
        for query, names in (
                ('sort=name:asc', 'abc'), ('sort=name:desc', 'cba'),
                ('sort=name', 'cba'), ('sort=size:asc', 'bca'),
                ('sort=status:asc,size:desc', 'acb'),
                ('sort_key=size&sort_dir=asc', 'bca'),
                ('sort_key=display_name', 'cba'),
                ('sort=name:ASC', 'abc')):
            self.assertEqual(list(names), self.names(query), query)

    def test_pages_follow_each_other(self) -> None:
        for query in ('limit=1&sort=name:asc', 'limit=2&sort=size:asc',
                      'limit=1', 'limit=2&sort=updated_at:desc'):
            for path in ('', '/detail'):
                seen = []
                link = self.url(f'{path}?{query}')
                while link:
                    answer = self.ask('GET', link)
                    page = answer.json['volumes']
                    seen += [volume['id'] for volume in page]
                    links = answer.json.get('volumes_links')
                    link = links and links[0]['href'].removeprefix(
                        'http://localhost:80')
                self.assertEqual(sorted(volume.id for volume in self.made),
                                 sorted(seen), query)

    def test_next_link_keeps_the_question(self) -> None:
        answer = self.ask('GET', self.url(
            '?limit=1&sort=name%3Aasc&status=available'))
        [link] = answer.json['volumes_links']
        self.assertEqual('next', link['rel'])
        query = dict(parse.parse_qsl(parse.urlsplit(link['href']).query))
        self.assertEqual({'limit': '1', 'sort': 'name:asc',
                          'status': 'available',
                          'marker': self.made[0].id}, query)

    def test_a_full_page_has_a_link_even_if_it_is_the_last(self) -> None:
        answer = self.ask('GET', self.url('?limit=3'))
        [link] = answer.json['volumes_links']
        answer = self.ask('GET', link['href'].removeprefix(
            'http://localhost:80'))
        self.assertEqual({'volumes': []}, answer.json)
        for query in ('?limit=4', '?limit=0'):
            answer = self.ask('GET', self.url(query))
            self.assertNotIn('volumes_links', answer.json)

    def test_limit_and_offset(self) -> None:
        self.assertEqual([], self.names('limit=0'))
        self.assertEqual(['b', 'c'], self.names('sort=name:asc&offset=1'))
        self.assertEqual(
            ['b'], self.names('sort=name:asc&offset=1&limit=1'))
        self.assertEqual([], self.names('offset=2000000000'))
        self.assertEqual(3, len(self.names('limit=2000000000')))

    def test_operator_limits_a_page(self) -> None:
        self.config(osapi_max_limit=2, group='api')
        for query in ('', '?limit=3', '?limit=2'):
            answer = self.ask('GET', self.url(query))
            self.assertEqual(2, len(answer.json['volumes']))
            self.assertEqual(1, len(answer.json['volumes_links']))

    def test_bootable_is_a_boolean_from_3_2_on(self) -> None:
        ours = {'a', 'b', 'c'}
        for value, before, since in (
                ('true', set(), set()), ('TRUE', set(), set()),
                ('1', set(), set()), ('t', set(), set()),
                ('false', ours, ours), ('False', ours, ours),
                ('', ours, None), ('0', set(), ours), ('f', set(), ours),
                ('maybe', set(), None)):
            self.assertEqual(before, set(
                self.names(f'bootable={value}')), value)
            answer = self.ask('GET', self.url(f'?bootable={value}'),
                              OpenStack_API_Version='volume 3.2')
            if since is None:
                self.assertFault(answer, 400, 'badRequest', 'bootable')
            else:
                self.assertEqual(since, {
                    found['name'] for found in answer.json['volumes']}, value)

    def test_bad_parameters_are_named(self) -> None:
        for query, word in (
                ('limit=-1', 'limit'), ('limit=x', 'limit'),
                ('limit=', 'limit'), ('offset=-1', 'offset'),
                ('limit=1.5', 'limit'), ('offset=99999999999', 'offset'),
                ('marker=%00', 'marker'), ('sort=foo', 'sort'),
                ('sort=name:up', 'sort'), ('sort=name&sort_key=id', 'sort'),
                ('sort_key=host', 'sort'), ('sort_dir=x', 'sort'),
                ('name=%00', 'name'),
                ('size=big', 'size'), ('metadata=x', 'metadata'),
                ('metadata=%5B1%5D', 'metadata'),
                ('metadata=%7B%22a%22%3A1%7D', 'metadata'),
                (f'metadata={"%5B" * 30000}', 'metadata')):
            answer = self.ask('GET', self.url(f'?{query}'))
            self.assertFault(answer, 400, 'badRequest', word)

    def test_nobody_asks_users_whether_they_mean_all_tenants(self) -> None:
        for path in ('', '/summary'):
            for token, status in (('member', 200), ('admin', 400)):
                answer = self.ask(
                    'GET', self.url(f'{path}?all_tenants=maybe'), token=token,
                    OpenStack_API_Version='volume 3.71')
                self.assertEqual(status, answer.status_int)


class TestHead(VolumesTestCase):

    def test_it_is_get_without_the_body(self) -> None:
        volume = self.make_volume()
        for token in ('member', 'stranger', 'bad'):
            for path in ('', '/detail', '?limit=x', f'/{volume.id}', '/x',
                         f'/{volume.id}/action'):
                for api in ('v2', 'v3'):
                    url = self.url(path, api)
                    get, head = (self.ask(method, url, token=token)
                                 for method in ('GET', 'HEAD'))
                    self.assertEqual((get.status, b''),
                                     (head.status, head.body), url)
                    self.assertEqual(self.stable(get), self.stable(head))

    def stable(self, answer: Any) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items()
                if not name.endswith('Request-Id')}

    def test_allow_names_it(self) -> None:
        for path, methods in (('', 'GET, HEAD, POST'),
                              ('/detail', 'GET, HEAD'),
                              ('/x', 'GET, HEAD, PUT, DELETE'),
                              ('/x/action', 'POST')):
            answer = self.ask('PATCH', self.url(path, 'v2'))
            self.assertEqual((405, methods),
                             (answer.status_int, answer.headers['Allow']))
            answer = self.ask('PATCH', self.url(path))
            self.assertFault(answer, 404, 'itemNotFound')
            self.assertNotIn('Allow', answer.headers)
