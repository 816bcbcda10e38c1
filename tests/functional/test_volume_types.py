# SPDX-License-Identifier: Apache-2.0
"""Volume types: what users see of them, and what admins do to them."""

from typing import Any
import uuid

from tests.functional import base
from tests.functional.base import PROJECT
from volupload.db import models
from volupload.db import volume_types
from volupload.db import volumes

KEYS = ['id', 'name', 'is_public', 'description', 'extra_specs',
        'os-volume-type-access:is_public']


class TypesTestCase(base.KeystoneTestCase):

    def types(self, rest: str = '', method: str = 'GET', body: object = None,
              token: str = 'admin', api: str = 'v3') -> Any:
        return self.ask(method, f'/{api}/{PROJECT}/types{rest}', body,
                        token=token)

    def make_type(self, name: str, **values: Any) -> models.VolumeType:
        return volume_types.create(
            {'id': str(uuid.uuid4()), 'name': name, **values})

    def names(self, query: str = '', **options: Any) -> list[str]:
        answer = self.types(query, **options)
        self.assertEqual(200, answer.status_int, answer.text)
        return sorted(one['name'] for one in answer.json['volume_types'])


class TestShown(TypesTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.fast = self.make_type('fast', description='Quick', extra_specs={
            'multiattach': '<is> False', 'secret': 'spec'})
        self.hidden = self.make_type('hidden', is_public=False)

    def test_users_see_what_is_for_users(self) -> None:
        for api in ('v3', 'v2'):
            answer = self.types(f'/{self.fast.id}', token='reader', api=api)
            self.assertEqual(200, answer.status_int)
            shown = answer.json['volume_type']
            self.assertEqual(KEYS, list(shown))
            self.assertEqual(
                (self.fast.id, 'fast', True, 'Quick',
                 {'multiattach': '<is> False'}, True), tuple(shown.values()))

    def test_admins_see_all_of_it(self) -> None:
        shown = self.types(f'/{self.fast.id}').json['volume_type']
        self.assertEqual({*KEYS, 'qos_specs_id'}, set(shown))
        self.assertEqual({'multiattach': '<is> False', 'secret': 'spec'},
                         shown['extra_specs'])
        self.assertIsNone(shown['qos_specs_id'])

    def test_extra_specs_are_shown_as_with_the_type(self) -> None:
        url = f'/{self.fast.id}/extra_specs'
        self.assertEqual({'extra_specs': {'multiattach': '<is> False'}},
                         self.types(url, token='reader').json)
        self.assertEqual({'secret': 'spec'}, self.types(f'{url}/secret').json)
        for key, token in (('secret', 'reader'), ('none', 'admin')):
            self.assertFault(self.types(f'{url}/{key}', token=token), 404,
                             'itemNotFound', key)

    def test_private_ones_are_for_admins(self) -> None:
        self.assertEqual(['fast'], self.names(token='reader'))
        self.assertEqual(['fast'], self.names('?is_public=None',
                                              token='reader'))
        self.assertFault(self.types(f'/{self.hidden.id}', token='reader'),
                         404, 'itemNotFound', self.hidden.id)
        self.assertEqual('hidden', self.types(f'/{self.hidden.id}')
                         .json['volume_type']['name'])
        for query, names in (('', ['fast']), ('?is_public=None',
                                              ['fast', 'hidden']),
                             ('?is_public=false', ['hidden'])):
            self.assertEqual(names, self.names(query))
        self.assertFault(self.types('?is_public=x'), 400, 'badRequest',
                         'is_public')

    def test_nobody_makes_a_volume_of_a_type_that_is_hidden(self) -> None:
        for token, status in (('member', 404), ('admin', 202)):
            answer = self.ask('POST', f'/v3/{PROJECT}/volumes', {
                'volume': {'size': 1, 'volume_type': 'hidden'}}, token=token)
            self.assertEqual(status, answer.status_int, answer.text)

    def test_pages_follow_each_other(self) -> None:
        for number in range(4):
            self.make_type(f'type{number}')
        first = self.types('?limit=3&sort=name:asc').json
        self.assertEqual(['fast', 'type0', 'type1'],
                         [one['name'] for one in first['volume_types']])
        [link] = first['volume_type_links']
        rest = self.ask('GET', link['href'].partition(':80')[2],
                        token='admin').json
        self.assertEqual(['type2', 'type3'],
                         [one['name'] for one in rest['volume_types']])
        self.assertNotIn('volume_type_links', rest)
        self.assertFault(self.types('?marker=x'), 404, 'itemNotFound', 'x')

    def test_pages_are_in_the_order_of_any_column(self) -> None:
        ids = {'fast': self.fast.id, 'hidden': self.hidden.id}
        for key in ('name', 'is_public', 'description', 'created_at'):
            for direction in ('asc', 'desc'):
                query = f'?is_public=None&sort={key}:{direction}'
                first, second = (one['name'] for one in self.types(
                    query).json['volume_types'])
                rest = self.types(f'{query}&marker={ids[first]}').json
                self.assertEqual([second], [
                    one['name'] for one in rest['volume_types']], query)

    def test_administrators_filter_by_more(self) -> None:
        for query, names in (
                (f'id={self.fast.id}', ['fast']), ('description=Quick',
                                                   ['fast']),
                ('description=x', []), ('qos_specs_id=x', []), ('x=1', [])):
            self.assertEqual(names, self.names(f'?{query}'), query)
            if query != 'x=1':
                self.assertEqual(['fast'], self.names(f'?{query}',
                                                      token='reader'))

    def test_ids_that_are_none_are_not_found(self) -> None:
        for one in (str(uuid.uuid4()), 'fast', 'x', '%00', '%20'):
            for method in ('GET', 'DELETE'):
                self.assertFault(self.types(f'/{one}', method), 404,
                                 'itemNotFound')


class TestDefault(TypesTestCase):

    def test_there_is_none_unless_an_operator_says_so(self) -> None:
        self.assertFault(self.types('/default'), 404, 'itemNotFound')

    def test_volumes_get_it_that_are_made_without_a_type(self) -> None:
        gold = self.make_type('gold')
        self.make_type('iron')
        self.config(default_volume_type='gold')
        self.assertEqual(gold.id, self.types('/default', token='reader')
                         .json['volume_type']['id'])
        for asked, got in ((None, 'gold'), ('iron', 'iron')):
            answer = self.ask('POST', f'/v3/{PROJECT}/volumes', {
                'volume': {'size': 1, 'volume_type': asked}})
            self.assertEqual(got, answer.json['volume']['volume_type'])

    def test_it_cannot_be_deleted(self) -> None:
        gold = self.make_type('gold')
        self.config(default_volume_type='gold')
        self.assertFault(self.types(f'/{gold.id}', 'DELETE'), 400,
                         'badRequest', gold.id)
        self.assertEqual(['gold'], self.names())


class TestChanged(TypesTestCase):

    def create(self, **values: Any) -> Any:
        return self.types('', 'POST', {'volume_type': values})

    def test_a_new_one_has_what_was_given(self) -> None:
        answer = self.create(**{
            'name': 'new', 'description': 'd', 'extra_specs': {'a:b': 'c'},
            'os-volume-type-access:is_public': False})
        self.assertEqual(200, answer.status_int, answer.text)
        shown = answer.json['volume_type']
        row = volume_types.get(shown['id'])
        self.assertEqual(('new', 'd', {'a:b': 'c'}, False), (
            row.name, row.description, row.extra_specs, row.is_public))
        self.assertEqual(shown | {'qos_specs_id': None},
                         self.types(f'/{row.id}').json['volume_type'])

    def test_what_is_wrong_is_named(self) -> None:
        for word, values in (
                ('name', {}), ('name', {'name': ' '}), ('name', {'name': 1}),
                ('name', {'name': 'x' * 256}),
                ('description', {'name': 'x', 'description': 2}),
                ('description', {'name': 'x', 'description': 'a\nb'}),
                ('extra_specs', {'name': 'x', 'extra_specs': []}),
                ('extra_specs', {'name': 'x', 'extra_specs': None}),
                ('extra_specs', {'name': 'x', 'extra_specs': {'a%': 'c'}}),
                ('a', {'name': 'x', 'extra_specs': {'a': 1}}),
                ('is_public', {'name': 'x', 'os-volume-type-access:is_public':
                               'perhaps'}),
                ('other', {'name': 'x', 'other': 1})):
            self.assertFault(self.create(**values), 400, 'badRequest', word)
        answer = self.types('', 'POST', {'volume_type': {'name': 'x'},
                                         'other': 1})
        self.assertFault(answer, 400, 'badRequest', "'other'")
        self.assertEqual([], self.names('?is_public=None'))

    def test_extra_specs_are_as_cinder_takes_them(self) -> None:
        specs = {'a/b c': 'd', 'none': None, 'empty': ''}
        answer = self.create(name='x', extra_specs=specs)
        self.assertEqual(200, answer.status_int, answer.text)
        type_id = answer.json['volume_type']['id']
        self.assertEqual(specs, self.types(f'/{type_id}')
                         .json['volume_type']['extra_specs'])
        url = f'/{type_id}/extra_specs'
        for method, rest, body in (
                ('POST', '', {'extra_specs': {'a b': 'c'}}),
                ('POST', '', {'extra_specs': {'a/b': 'c'}}),
                ('POST', '', {'extra_specs': {'a': 1}}),
                ('POST', '', {'extra_specs': {}, 'other': 1}),
                ('PUT', '/a%20b', {'a b': 'c'})):
            self.assertFault(self.types(url + rest, method, body), 400,
                             'badRequest')
        for method, rest, body in (
                ('POST', '', {'extra_specs': {'n': None}}),
                ('PUT', '/empty', {'empty': None})):
            answer = self.types(url + rest, method, body)
            self.assertEqual((200, body), (answer.status_int, answer.json))
        self.assertEqual({'empty': None}, self.types(f'{url}/empty').json)
        self.types(f'{url}/none', 'DELETE')
        self.assertEqual({'a/b c': 'd', 'empty': None, 'n': None},
                         volume_types.get(type_id).extra_specs)
        answer = self.types('', 'POST', {'volume_type': {
            'name': 'old', 'extra_specs': None}}, api='v2')
        self.assertEqual({}, answer.json['volume_type']['extra_specs'])

    def test_a_name_is_taken_once(self) -> None:
        self.assertEqual(200, self.create(name='one').status_int)
        two = self.create(name='two').json['volume_type']
        self.assertFault(self.create(name='one'), 409, 'conflictingRequest',
                         'one')
        answer = self.types(f'/{two["id"]}', 'PUT',
                            {'volume_type': {'name': 'one'}})
        self.assertFault(answer, 409, 'conflictingRequest', 'one')
        self.assertEqual(['one', 'two'], self.names())

    def test_an_update_changes_what_is_given(self) -> None:
        made = self.create(name='old', description='d').json['volume_type']
        url = f'/{made["id"]}'
        answer = self.types(url, 'PUT', {'volume_type': {
            'name': 'new', 'description': None, 'is_public': False}})
        self.assertEqual(200, answer.status_int, answer.text)
        self.assertEqual(('new', 'd', False), tuple(
            answer.json['volume_type'][key]
            for key in ('name', 'description', 'is_public')))
        for body in ({}, {'volume_type': {}}, {'volume_type': {'name': ''}},
                     {'volume_type': {'name': None}},
                     {'volume_type': {'is_public': None}},
                     {'volume_type': {'name': 'x'}, 'other': 1}):
            self.assertFault(self.types(url, 'PUT', body), 400, 'badRequest')

    def test_it_goes_unless_a_volume_has_it(self) -> None:
        made = self.create(name='used').json['volume_type']
        volume = self.make_volume(volume_type_id=made['id'])
        url = f'/{made["id"]}'
        self.assertFault(self.types(url, 'DELETE'), 400, 'badRequest', 'use')
        volumes.destroy(volume.id)
        answer = self.types(url, 'DELETE')
        self.assertEqual((202, b''), (answer.status_int, answer.body))
        self.assertFault(self.types(url), 404, 'itemNotFound')

    def test_extra_specs_are_set_and_removed_one_by_one(self) -> None:
        made = self.create(name='x', extra_specs={'a': '1', 'b': '2'})
        type_id = made.json['volume_type']['id']
        url = f'/{type_id}/extra_specs'
        for method, rest, body in (
                ('POST', '', {'extra_specs': {'b': '3', 'c': '4'}}),
                ('PUT', '/a', {'a': '5'})):
            answer = self.types(url + rest, method, body)
            self.assertEqual((200, body), (answer.status_int, answer.json))
        answer = self.types(f'{url}/c', 'DELETE')
        self.assertEqual((202, b''), (answer.status_int, answer.body))
        self.assertEqual({'a': '5', 'b': '3'},
                         volume_types.get(type_id).extra_specs)
        self.assertFault(self.types(f'{url}/c', 'DELETE'), 404,
                         'itemNotFound', 'c')
        for method, rest, body in (
                ('POST', '', {}), ('POST', '', {'extra_specs': {'': 'x'}}),
                ('PUT', '/a', {'b': '1'}), ('PUT', '/a', {'a': 1}),
                ('PUT', '/a', {'a': '1', 'b': '1'})):
            self.assertFault(self.types(url + rest, method, body), 400,
                             'badRequest')
        self.assertEqual({'a': '5', 'b': '3'},
                         volume_types.get(type_id).extra_specs)
