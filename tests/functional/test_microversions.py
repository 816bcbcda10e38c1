# SPDX-License-Identifier: Apache-2.0
"""What each microversion after 3.3 adds, and that it does not before."""

import datetime
from typing import Any
from urllib import parse
import uuid

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from volupload.api import volume_actions
from volupload.db import models
from volupload.db import services
from volupload.db import volume_types
from volupload.db import volumes

LAST = '3.71'


class VersionTestCase(base.KeystoneTestCase):

    def at(self, version: str, path: str, method: str = 'GET',
           body: object = None, status: int = 200, **options: Any) -> Any:
        """The answer of that version, which has this status."""
        answer = self.ask(
            method, f'/v3/{PROJECT}/{path}', body,
            OpenStack_API_Version=f'volume {version}', **options)
        self.assertEqual(status, answer.status_int, answer.text)
        return answer

    def names(self, version: str, query: str, **options: Any) -> list[str]:
        found = self.at(version, f'volumes?{query}', **options).json
        return sorted(one['name'] for one in found['volumes'])


class TestViews(VersionTestCase):

    def test_a_volume_gets_keys_with_the_years(self) -> None:
        kind = volume_types.create({'id': str(uuid.uuid4()), 'name': 'fast'})
        volume = self.make_volume(volume_type_id=kind.id)
        for version, key, value, token in (
                ('3.13', 'group_id', None, 'reader'),
                ('3.21', 'provider_id', None, 'admin'),
                ('3.48', 'service_uuid', None, 'reader'),
                ('3.48', 'shared_targets', False, 'reader'),
                ('3.61', 'cluster_name', None, 'admin'),
                ('3.63', 'volume_type_id', kind.id, 'reader'),
                ('3.65', 'consumes_quota', True, 'reader')):
            before = f'3.{int(version[2:]) - 1}'
            for path in (f'volumes/{volume.id}', 'volumes/detail'):
                old, new, last = (
                    self._volume(at, path, token)
                    for at in (before, version, LAST))
                self.assertNotIn(key, old)
                self.assertEqual(value, new[key])
                self.assertEqual(value, last[key])

    def _volume(self, version: str, path: str, token: str) -> Any:
        body = self.at(version, path, token=token).json
        return body['volume'] if 'volume' in body else body['volumes'][0]

    def test_what_is_for_admins_users_do_not_see(self) -> None:
        volume = self.make_volume()
        shown = self._volume(LAST, f'volumes/{volume.id}', 'member')
        self.assertFalse({'provider_id', 'cluster_name',
                          'os-vol-host-attr:host'} & shown.keys())

    def test_services_get_cluster_and_state_of_the_backend(self) -> None:
        services.beat('one@local', 'volupload-volume', 'topic')
        for version, keys in (('3.6', set()), ('3.7', {'cluster'}),
                              ('3.48', {'cluster'}),
                              ('3.49', {'cluster', 'backend_state'})):
            [one] = self.at(version, 'os-services',
                            token='admin').json['services']
            self.assertEqual(keys, {'cluster', 'backend_state'} & one.keys())
        self.assertEqual((None, 'up'), (one['cluster'], one['backend_state']))

    def test_admins_see_the_limits_of_others_from_3_39_on(self) -> None:
        self.make_volume(project_id=OTHER_PROJECT, size_gb=7)
        for name in ('project_id', 'tenant_id'):
            for version, token, used in (('3.38', 'admin', 0),
                                         ('3.39', 'admin', 7),
                                         ('3.39', 'member', 0)):
                limits = self.at(version, f'limits?{name}={OTHER_PROJECT}',
                                 token=token).json['limits']['absolute']
                self.assertEqual(used, limits['totalGigabytesUsed'])


class TestFilters(VersionTestCase):

    def setUp(self) -> None:
        super().setUp()
        for day, name in enumerate(('a_one', 'abone', 'two'), 1):
            self.make_volume(name=name, size_gb=day,
                             created_at=datetime.datetime(2026, 1, day))
        self.make_volume(name='other', project_id=OTHER_PROJECT)
        self.all = ['a_one', 'abone', 'two']

    def test_what_no_volume_has_finds_none_once_it_is_known(self) -> None:
        for known, query in (('3.4', "glance_metadata={'a': 'b'}"),
                             ('3.10', 'group_id=x'),
                             ('3.31', 'created_at=gt:2026-02-01'),
                             ('3.31', 'updated_at=eq:2026-02-01')):
            before = f'3.{int(known[2:]) - 1}'
            for token in ('member', 'admin'):
                self.assertEqual(
                    self.all, self.names(before, query, token=token))
                self.assertEqual([], self.names(known, query, token=token))
        self.assertEqual(self.all, self.names('3.30', 'consumes_quota=false'))
        self.assertEqual([], self.names('3.31', 'consumes_quota=false'))
        for query in ('migration_status=x', 'bootable=true'):
            self.assertEqual([], self.names(LAST, query))
        for query in ('consumes_quota=true', 'bootable=false'):
            self.assertEqual(self.all, self.names(LAST, query))

    def test_unknown_ones_are_refused_from_3_31_on(self) -> None:
        self.assertEqual(self.all, self.names('3.30', 'x=1&y=2'))
        answer = self.at('3.31', 'volumes?x=1&y=2&name=two', status=400)
        self.assertFault(answer, 400, 'badRequest', 'x,y')
        self.assertEqual(self.all, self.names(
            '3.31', 'all_tenants=1&limit=9&offset=0&sort=name:asc'))
        for path in ('messages?x=1', 'uploads?x=1', 'volumes?description=x'):
            self.at('3.30', path)
            answer = self.at('3.31', path, status=400)
            self.assertFault(answer, 400, 'badRequest',
                             'Invalid filters')

    def test_administrators_find_nothing_by_unknown_ones(self) -> None:
        self.make_upload('failed')
        volume_types.create({'id': str(uuid.uuid4()), 'name': 'one'})
        for version in ('3.5', '3.30', '3.31', '3.71'):
            for name in ('volumes', 'uploads', 'messages', 'types'):
                key = {'types': 'volume_types'}.get(name, name)
                for query, found in (('limit=9', True), ('x=1', False)):
                    answer = self.at(version, f'{name}?{query}',
                                     token='admin')
                    self.assertEqual(found, bool(answer.json[key]), name)

    def test_a_part_is_enough_from_3_34_on(self) -> None:
        self.assertEqual(['a_one', 'abone'], self.names('3.34', 'name~=one'))
        # The wildcards of SQL are none here.
        self.assertEqual(['a_one'], self.names('3.34', 'name~=_'))
        self.assertEqual([], self.names('3.34', 'name~=%25'))
        self.assertEqual(['two'], self.names('3.34', 'name~=o&name=two'))
        self.assertEqual(self.all, self.names('3.34', 'status~=avail'))
        self.at('3.33', 'volumes?name~=one', status=400)

    def test_so_it_is_in_messages(self) -> None:
        for number in ('1', '2'):
            self.make_upload('failed', request_id=f'req-{number}%')
        for query, count in (('request_id~=req-', 2), ('request_id~=2%25', 1),
                             ('event_id~=x', 0), ('request_id~=_', 0),
                             ('resource_type~=LUM', 2)):
            found = self.at('3.34', f'messages?{query}').json['messages']
            self.assertEqual(count, len(found), query)
        self.at('3.33', 'messages?request_id~=req', status=400)
        self.assertEqual([], self.at(
            '3.33', 'messages?request_id~=req', token='admin')
            .json['messages'])

    def test_times_are_compared_from_3_31_on(self) -> None:
        for query, names in (
                ('gt:2026-01-01T00:00:00', ['abone', 'two']),
                ('gte:2026-01-02T00:00:00,lt:2026-01-03', ['abone']),
                ('lte:2026-01-02T02:00:00%2B02:00', ['a_one', 'abone']),
                ('neq:2026-01-02T00:00:00Z', ['a_one', 'two']),
                ('eq:2026-01-03', ['two'])):
            for version in ('3.31', '3.59', '3.60', LAST):
                self.assertEqual(
                    names, self.names(version, f'created_at={query}'))
        self.assertEqual([], self.names('3.60', 'updated_at=gt:2026-01-01'))
        for query in ('', 'x', 'gt:', 'in:2026-01-01', 'gt:2026-13-01',
                      '2026-01-03', '2026-01-03T00:00:00',
                      'gt:2026-01-01,2026-01-03',
                      'gt:0001-01-01T00:00:00%2B10:00'):
            answer = self.at('3.60', f'volumes?created_at={query}',
                             status=400)
            self.assertFault(answer, 400, 'badRequest', 'created_at')
        self.assertEqual(self.all, self.names('3.30', 'created_at=x'))

    def test_types_are_found_by_extra_specs_from_3_52_on(self) -> None:
        for name, specs in (('one', {'multiattach': 'no', 'x': '1'}),
                            ('two', {'multiattach': 'no'})):
            volume_types.create({'id': str(uuid.uuid4()), 'name': name,
                                 'extra_specs': specs})
        for query, token, names in (
                ("{'multiattach': 'no'}", 'reader', ['one', 'two']),
                ("{'x': '1'}", 'admin', ['one']),
                ("{'x': '1'}", 'reader', []),
                ("{'x': '1', 'multiattach': 'yes'}", 'admin', [])):
            found = self.at('3.52', f'types?extra_specs={query}',
                            token=token).json['volume_types']
            self.assertEqual(names, sorted(one['name'] for one in found))
        self.at('3.52', 'types?extra_specs=x', status=400)
        self.at('3.52', 'types?is_public=true&colour=red', status=400)
        for version in ('3.30', '3.31', '3.51'):
            for query in ('extra_specs=x', 'colour=red'):
                self.assertEqual(2, len(self.at(version, f'types?{query}')
                                        .json['volume_types']))
            [one] = self.at(version, "types?extra_specs={'x': '1'}",
                            token='admin').json['volume_types']
            self.assertEqual('one', one['name'])

    def test_what_they_are_is_told_from_3_33_on(self) -> None:
        self.at('3.32', 'resource_filters', status=404)
        told = {one['resource']: one['filters'] for one in self.at(
            '3.33', 'resource_filters').json['resource_filters']}
        self.assertEqual({'volume', 'volume_type', 'message', 'upload'},
                         told.keys())
        # Cinder's own, in its resource_filters.json.
        self.assertLessEqual(
            {'name', 'status', 'metadata', 'bootable', 'migration_status',
             'availability_zone', 'group_id', 'size', 'created_at',
             'updated_at', 'consumes_quota'}, set(told['volume']))
        self.assertLessEqual(
            {'resource_uuid', 'resource_type', 'event_id', 'request_id',
             'message_level'}, set(told['message']))
        self.assertLessEqual({'is_public', 'extra_specs'},
                             set(told['volume_type']))
        for resource, filters in (('volume', [told['volume']]), ('x', []),
                                  ('', list(told.values()))):
            answer = self.at('3.33', f'resource_filters?resource={resource}')
            self.assertEqual(filters, [
                one['filters'] for one in answer.json['resource_filters']])

    def test_users_may_filter_by_what_is_told(self) -> None:
        values = {'bootable': 'true', 'consumes_quota': 'true', 'size': '1',
                  'created_at': 'gt:2026-01-01', 'metadata': '{}',
                  'updated_at': 'gt:2026-01-01', 'glance_metadata': '{}',
                  'extra_specs': '{}', 'is_public': 'true',
                  'status': 'queued'}
        for one in self.at(LAST, 'resource_filters').json['resource_filters']:
            path = {'volume_type': 'types'}.get(one['resource'],
                                                f'{one["resource"]}s')
            for name in one['filters']:
                query = parse.urlencode({name: values.get(name, 'x')})
                self.at(LAST, f'{path}?{query}')


class TestCounts(VersionTestCase):

    def setUp(self) -> None:
        super().setUp()
        for number in range(5):
            self.make_volume(name=f'name{number % 2}', size_gb=number + 1,
                             metadata={'n': str(number % 2), 'k': 'v'})
        self.make_volume(name='other', project_id=OTHER_PROJECT, size_gb=100,
                         metadata={'n': 'theirs'})

    def test_lists_count_from_3_45_on(self) -> None:
        for path in ('volumes', 'volumes/detail'):
            for query, token, count in (
                    ('with_count=true', 'member', 5),
                    ('with_count=True&limit=2', 'member', 5),
                    ('with_count=true&name=name1', 'member', 2),
                    ('with_count=yes&all_tenants=1', 'member', 5),
                    ('with_count=true&all_tenants=1', 'admin', 6),
                    ('with_count=true&bootable=true', 'member', 0)):
                body = self.at('3.45', f'{path}?{query}', token=token).json
                self.assertEqual(count, body['count'], query)
        self.assertNotIn('count', self.at(
            '3.45', 'volumes?with_count=false').json)
        self.assertNotIn('count', self.at(
            '3.30', 'volumes?with_count=true').json)
        self.at('3.44', 'volumes?with_count=true', status=400)
        answer = self.at('3.45', 'volumes?with_count=perhaps', status=400)
        self.assertFault(answer, 400, 'badRequest', 'with_count')

    def test_volumes_are_summed_up_from_3_12_on(self) -> None:
        self.at('3.11', 'volumes/summary', status=404)
        self.assertEqual(
            {'volume-summary': {'total_count': 5, 'total_size': 15}},
            self.at('3.12', 'volumes/summary').json)
        self.assertEqual(
            {'volume-summary': {
                'total_count': 6, 'total_size': 115,
                'metadata': {'k': ['v'], 'n': ['0', '1', 'theirs']}}},
            self.at('3.36', 'volumes/summary?all_tenants=1',
                    token='admin').json)
        for query in ('name=name1', 'bootable=maybe', 'x=1', 'limit=0',
                      'limit=x', 'sort=x', 'all_tenants=maybe'):
            self.assertEqual(
                {'total_count': 5, 'total_size': 15,
                 'metadata': {'k': ['v'], 'n': ['0', '1']}},
                self.at(LAST, f'volumes/summary?{query}')
                .json['volume-summary'])


class TestChanges(VersionTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.volume: models.Volume = self.make_volume(
            metadata={'a': '1', 'b': '2'})
        self.path = f'volumes/{self.volume.id}/metadata'

    def test_metadata_is_changed_only_if_it_is_what_was_seen(self) -> None:
        self.assertNotIn('ETag', self.at('3.14', self.path).headers)
        tag = self.at('3.15', self.path).headers['ETag']
        changes = (('PUT', '', {'metadata': {'c': '3'}}),
                   ('PUT', '/a', {'meta': {'a': '4'}}), ('DELETE', '/a', None))
        for method, rest, body in changes:
            answer = self.at('3.15', self.path + rest, method, body,
                             status=412, If_Match='"other", "another"')
            self.assertFault(answer, 412, 'computeFault', self.volume.id)
            self.assertEqual(tag, self.at('3.15', self.path).headers['ETag'])
        self.at('3.15', f'{self.path}/a', 'PUT', {'meta': {'a': '5'}},
                If_Match=f'"other", {tag}')
        self.at('3.15', f'{self.path}/a', 'DELETE', status=412, If_Match=tag)
        self.at('3.15', f'{self.path}/a', 'DELETE', If_Match='*')
        self.at('3.14', f'{self.path}/b', 'DELETE', If_Match=tag)
        self.assertEqual({}, self.at('3.15', self.path).json['metadata'])

    def test_keys_of_a_new_volume_are_looked_at_from_3_53_on(self) -> None:
        for key, value in (
                ('foo', 1), ('status', 'error'), ('status', []),
                ('attach_status', 'x'), ('user_id', 'x'),
                ('project_id', 'x'), ('source_replica', 'x')):
            body = {'volume': {'size': 1, key: value}}
            for version in ('3.0', '3.52'):
                shown = self.at(version, 'volumes', 'POST', body,
                                status=202).json['volume']
                self.assertEqual(('creating', 'user'),
                                 (shown['status'], shown['user_id']))
                self.assertEqual(PROJECT,
                                 volumes.get(shown['id']).project_id)
            for version in ('3.53', LAST):
                answer = self.at(version, 'volumes', 'POST', body, status=400)
                self.assertFault(answer, 400, 'badRequest', f"'{key}'")

    def test_a_change_changes_something_from_3_53_on(self) -> None:
        path = f'volumes/{self.volume.id}'
        for version in ('3.0', '3.52'):
            shown = self.at(version, path, 'PUT', {'volume': {}})
            self.assertEqual(self.volume.id, shown.json['volume']['id'])
            self.at(version, path, 'PUT', {'volume': {'foo': 1}}, status=400)
        self.assertIsNone(volumes.get(self.volume.id).updated_at)
        for version in ('3.53', LAST):
            for body in ({}, {'foo': 1}):
                answer = self.at(version, path, 'PUT', {'volume': body},
                                 status=400)
                self.assertFault(answer, 400, 'badRequest', 'volume')
            self.at(version, path, 'PUT', {'volume': {'name': None}})

    def test_what_is_not_served_says_so_once_cinder_has_it(self) -> None:
        path = f'volumes/{self.volume.id}/action'
        for name, since in volume_actions.NOT_SERVED.items():
            for version in ('3.0', f'3.{since[1]}', LAST):
                status = 404 if version == '3.0' and since[1] else 501
                answer = self.at(version, path, 'POST', {name: {}},
                                 status=status)
                if status == 501:
                    self.assertFault(answer, 501, 'computeFault', name)
        answer = self.at(LAST, path, 'POST', {'foo': {}}, status=400)
        self.assertFault(answer, 400, 'badRequest',
                         'There is no such action: foo.')

    def test_force_is_for_those_who_may_from_3_23_on(self) -> None:
        path = f'volumes/{self.volume.id}'
        answer = self.at('3.23', f'{path}?force=true', 'DELETE', status=403)
        self.assertFault(answer, 403, 'forbidden', 'volume:force_delete')
        self.at('3.23', f'{path}?force=x', 'DELETE', status=400)
        self.at('3.22', f'{path}?force=true', 'DELETE', status=202)
        other = self.make_volume(status='uploading')
        path = f'volumes/{other.id}?force=true'
        answer = self.at('3.23', path, 'DELETE', token='admin', status=400)
        self.assertFault(answer, 400, 'badRequest', 'uploading')
        other = self.make_volume(status='error')
        self.at('3.23', f'volumes/{other.id}?force=true', 'DELETE',
                token='admin', status=202)
