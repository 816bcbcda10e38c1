# SPDX-License-Identifier: Apache-2.0
"""Volumes that hold ciphertext: whose they are, and what they can become."""

import itertools
from typing import Any

from tests.functional import base
from tests.functional.base import PROJECT
from volupload.api.schemas.volume_actions import CONTAINERS
from volupload.db import models
from volupload.db import session
from volupload.db import volume_types
from volupload.db import volumes
from volupload.transfer.formats import FORMATS

SPEC = 'volupload:encrypted'
TRUE = ('true', 'True', '<is> True', '<is> true')
FALSE = ('false', 'False', '<is> False')
NEITHER = ('', 'yes', '1', 'on', ' true', 'true ', '<is>True', '<or> True',
           'true\n', '<is> ', 'None')


class EncryptedTestCase(base.KeystoneTestCase):

    def make_type(self, name: str = 'luks', **extra_specs: str) -> str:
        made = volume_types.create({
            'id': name, 'name': name, 'extra_specs': extra_specs})
        return str(made.id)

    def create(self, volume_type: str | None, api: str = 'v3') -> Any:
        return self.ask('POST', f'/{api}/{PROJECT}/volumes', {
            'volume': {'size': 1, 'volume_type': volume_type}})


class TestType(EncryptedTestCase):

    def set(self, value: str) -> Any:
        return self.ask('PUT', f'/v3/{PROJECT}/types/{self.type_id}'
                        f'/extra_specs/{SPEC}', {SPEC: value}, token='admin')

    def setUp(self) -> None:
        super().setUp()
        made = self.ask('POST', f'/v3/{PROJECT}/types', {'volume_type': {
            'name': 'luks', 'extra_specs': {SPEC: 'true'}}}, token='admin')
        self.assertEqual(200, made.status_int, made.text)
        self.type_id = made.json['volume_type']['id']

    def test_its_volumes_are_encrypted_on_both_faces_of_the_api(
            self) -> None:
        for values, expected in ((TRUE, True), (FALSE, False)):
            for value, api in itertools.product(values, ('v2', 'v3')):
                self.assertEqual(200, self.set(value).status_int)
                made = self.create('luks', api).json['volume']
                self.assertIs(expected, made['encrypted'], value)
                shown = self.ask(
                    'GET', f'/{api}/{PROJECT}/volumes/{made["id"]}')
                self.assertIs(expected, shown.json['volume']['encrypted'])

    def test_other_volumes_are_not(self) -> None:
        self.make_type('plain', other='true')
        for name in (None, 'plain'):
            self.assertIs(False, self.create(name).json['volume']['encrypted'])

    def test_so_are_those_that_get_it_because_it_is_the_default(self) -> None:
        self.config(default_volume_type='luks')
        self.assertIs(True, self.create(None).json['volume']['encrypted'])

    def test_a_volume_stays_what_it_was_when_its_type_changes(self) -> None:
        first = self.create('luks').json['volume']['id']
        self.assertEqual(200, self.set('false').status_int)
        second = self.create('luks').json['volume']['id']
        answer = self.ask('DELETE', f'/v3/{PROJECT}/types/{self.type_id}'
                          f'/extra_specs/{SPEC}', token='admin')
        self.assertEqual(202, answer.status_int)
        found = self.ask('GET', f'/v3/{PROJECT}/volumes/detail').json
        self.assertEqual({first: True, second: False}, {
            one['id']: one['encrypted'] for one in found['volumes']})

    def test_what_is_neither_yes_nor_no_cannot_be_set(self) -> None:
        url = f'/v3/{PROJECT}/types'
        for value in NEITHER:
            specs = {'other': 'x', SPEC: value}
            for answer in (
                    self.set(value),
                    self.ask('POST', f'{url}/{self.type_id}/extra_specs',
                             {'extra_specs': specs}, token='admin'),
                    self.ask('POST', url, {'volume_type': {
                        'name': 'new', 'extra_specs': specs}},
                        token='admin')):
                self.assertFault(answer, 400, 'badRequest', SPEC,
                                 'true or false')
        [left] = self.ask('GET', url, token='admin').json['volume_types']
        self.assertEqual({SPEC: 'true'}, left['extra_specs'])

    def test_nothing_is_made_of_a_type_of_which_nobody_can_tell(self) -> None:
        """It was set by a release that did not look at it."""
        self.make_type('odd', **{SPEC: 'perhaps'})
        self.assertFault(self.create('odd'), 400, 'badRequest', SPEC,
                         'perhaps')
        self.assertEqual(
            [], self.ask('GET', f'/v3/{PROJECT}/volumes').json['volumes'])


class TestUpload(EncryptedTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.volume = self.make_volume(encrypted=True)

    def assertUntouched(self) -> None:
        self.assertEqual('available', volumes.get(self.volume.id).status)
        self.assertEqual(({}, []), (self.images.images, self.manager.cast))
        with session.reader() as reading:
            self.assertEqual([], reading.query(models.Upload).all())

    def test_in_all_formats_but_one_it_is_refused(self) -> None:
        asked = [*itertools.product([*FORMATS, 'iso'], CONTAINERS)]
        asked.remove(('raw', 'bare'))
        for (disk, container), api in itertools.product(asked, ('v2', 'v3')):
            if (disk, api) == ('iso', 'v3'):
                continue
            answer = self.upload(self.volume, {
                'image_name': 'x', 'disk_format': disk,
                'container_format': container}, api=api)
            self.assertFault(answer, 400, 'badRequest', self.volume.id,
                             'encrypted', 'disk_format', 'container_format')
        self.assertUntouched()

    def test_as_it_is_it_can_be_uploaded(self) -> None:
        for arguments, api in itertools.product(
                ({}, {'disk_format': 'raw', 'container_format': 'bare'},
                 {'container_format': None}), ('v2', 'v3')):
            volume = self.make_volume(encrypted=True)
            answer = self.upload(volume, {'image_name': 'x', **arguments},
                                 api=api)
            self.assertEqual(202, answer.status_int, answer.text)

    def test_who_may_not_upload_it_is_not_told_that_it_is_encrypted(
            self) -> None:
        qcow2 = {'image_name': 'x', 'disk_format': 'qcow2'}
        for token, status in (('stranger', 404), ('reader', 403)):
            answer = self.upload(self.volume, qcow2, token=token)
            self.assertEqual(status, answer.status_int, answer.text)
            self.assertNotIn('encrypted', answer.text)
        answer = self.upload(self.volume, qcow2, token='other',
                             project=base.OTHER_PROJECT)
        self.assertFault(answer, 404, 'itemNotFound', self.volume.id)
        self.assertUntouched()

    def test_its_status_is_looked_at_all_the_same(self) -> None:
        volume = self.make_volume(encrypted=True, status='error')
        self.assertFault(self.upload(volume), 400, 'badRequest',
                         'but is error')
