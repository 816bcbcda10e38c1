# SPDX-License-Identifier: Apache-2.0
"""Metadata of a volume by its own URLs, also while the volume uploads."""

from typing import Any

import testscenarios

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from volupload.db import volumes


class TestMetadata(testscenarios.WithScenarios, base.KeystoneTestCase):

    scenarios = [(api, {'api': api}) for api in ('v2', 'v3')]
    api: str

    def setUp(self) -> None:
        super().setUp()
        self.volume = self.make_volume(metadata={'a': '1', 'b': '2'})

    def send(self, method: str, rest: str = '', body: object = None,
             **options: Any) -> Any:
        return self.ask(
            method, f'/{self.api}/{PROJECT}/volumes/{self.volume.id}/metadata'
            f'{rest}', body, **options)

    def stored(self) -> dict[str, str]:
        return volumes.get(self.volume.id).metadata_

    def test_all_of_it_or_one_pair_is_shown(self) -> None:
        self.assertEqual({'metadata': {'a': '1', 'b': '2'}},
                         self.send('GET').json)
        self.assertEqual({'meta': {'a': '1'}}, self.send('GET', '/a').json)
        self.assertFault(self.send('GET', '/A'), 404, 'itemNotFound', 'A')

    def test_post_adds_and_put_replaces(self) -> None:
        answer = self.send('POST', body={'metadata': {'b': '3', 'c': '4'}})
        expected = {'a': '1', 'b': '3', 'c': '4'}
        self.assertEqual((200, {'metadata': expected}),
                         (answer.status_int, answer.json))
        self.assertEqual(expected, self.stored())
        answer = self.send('PUT', body={'metadata': {'d': '5'}})
        self.assertEqual((200, {'metadata': {'d': '5'}}),
                         (answer.status_int, answer.json))
        self.assertEqual({'d': '5'}, self.stored())
        self.send('PUT', body={'metadata': {}})
        self.assertEqual({}, self.stored())

    def test_one_pair_is_set_and_removed(self) -> None:
        for value in ('x', 'y'):
            answer = self.send('PUT', '/b', {'meta': {'b': value}})
            self.assertEqual((200, {'meta': {'b': value}}),
                             (answer.status_int, answer.json))
            self.assertEqual({'a': '1', 'b': value}, self.stored())
        answer = self.send('DELETE', '/a')
        self.assertEqual((200, b''), (answer.status_int, answer.body))
        self.assertEqual({'b': 'y'}, self.stored())
        self.assertFault(self.send('DELETE', '/a'), 404, 'itemNotFound')

    def test_it_can_be_written_while_the_volume_uploads(self) -> None:
        self.assertEqual(202, self.upload(self.volume,
                                          api=self.api).status_int)
        for method, rest, body in (
                ('POST', '', {'metadata': {'c': '3'}}),
                ('PUT', '/a', {'meta': {'a': '9'}}), ('DELETE', '/b', None)):
            answer = self.send(method, rest, body)
            self.assertEqual(200, answer.status_int, answer.text)
        self.assertEqual({'a': '9', 'c': '3'}, self.stored())
        self.assertEqual('uploading', volumes.get(self.volume.id).status)

    def test_bad_bodies_are_refused(self) -> None:
        for body in ({}, {'meta': {'a': '1'}}, {'metadata': None},
                     {'metadata': [1]}, {'metadata': {'': 'x'}},
                     {'metadata': {'a': 1}}, {'metadata': {'a' * 256: 'x'}},
                     {'metadata': {'a': 'b' * 256}},
                     {'metadata': {'a': '\0'}}):
            for method in ('POST', 'PUT'):
                self.assertFault(self.send(method, body=body), 400,
                                 'badRequest')
        for body in ({}, {'metadata': {'a': 'x'}}, {'meta': {}},
                     {'meta': {'b': 'x'}}, {'meta': {'a': 'x', 'b': 'y'}},
                     {'meta': {'a': None}}):
            self.assertFault(self.send('PUT', '/a', body), 400, 'badRequest')
        self.assertEqual({'a': '1', 'b': '2'}, self.stored())

    def test_that_of_others_is_not_found(self) -> None:
        self.volume = self.make_volume(project_id=OTHER_PROJECT,
                                       metadata={'a': '1'})
        for method, rest, body in (
                ('GET', '', None), ('GET', '/a', None),
                ('POST', '', {'metadata': {'a': '2'}}),
                ('PUT', '', {'metadata': {}}),
                ('PUT', '/a', {'meta': {'a': '2'}}), ('DELETE', '/a', None)):
            self.assertFault(self.send(method, rest, body), 404,
                             'itemNotFound', 'Volume')
        self.assertEqual({'a': '1'}, self.stored())

    def test_every_rule_can_be_denied(self) -> None:
        for rule, (method, rest, body) in {
                'get': ('GET', '', None),
                'create': ('POST', '', {'metadata': {'a': '2'}}),
                'update': ('PUT', '', {'metadata': {}}),
                'delete': ('DELETE', '/a', None)}.items():
            self.write_policy(**{f'volume__{rule}_volume_metadata': '!'})
            self.assertFault(self.send(method, rest, body), 403, 'forbidden',
                             f'volume:{rule}_volume_metadata')
        self.assertEqual({'a': '1', 'b': '2'}, self.stored())
