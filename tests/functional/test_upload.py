# SPDX-License-Identifier: Apache-2.0
"""The answer to an upload, on both faces of the API."""

import json

from tests.functional import base
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload.db import volume_types

# The order of the published example.
KEYS = ['status', 'image_id', 'image_name', 'volume_type', 'container_format',
        'size', 'disk_format', 'id', 'display_description', 'updated_at']
TYPE_KEYS = {'id', 'name', 'description', 'is_public', 'extra_specs',
             'qos_specs_id', 'created_at', 'updated_at', 'deleted_at',
             'deleted'}

# What each client posts for `openstack image create --volume`, `cinder
# upload-to-image` and their libraries.
CLIENTS = (
    ('v2', '', {'container_format': 'bare', 'force': False,
                'image_name': 'x', 'disk_format': 'raw'}),
    ('v2', '', {'image_name': 'x', 'force': False, 'disk_format': None,
                'container_format': None}),
    ('v3', '', {'force': 'True', 'image_name': 'x',
                'container_format': 'bare', 'disk_format': 'raw'}),
    ('v3', '', {'image_name': 'x', 'force': False, 'disk_format': 'raw'}),
    ('v3', 'volume 3.1', {
        'image_name': 'x', 'force': False, 'disk_format': 'raw',
        'container_format': 'bare', 'visibility': 'private',
        'protected': False}),
)


class TestUpload(base.KeystoneTestCase):

    def test_v2_answers_with_the_ten_keys_in_order(self) -> None:
        volume = self.make_volume(size_gb=3, description='mine')
        answer = self.upload(volume, {'image_name': 'img'}, api='v2')
        self.assertEqual(202, answer.status_int, answer.text)
        self.assertEqual([UPLOAD], list(json.loads(answer.text)))
        shown = answer.json[UPLOAD]
        self.assertEqual(KEYS, list(shown))
        [image] = self.images.images.values()
        self.assertRegex(shown.pop('updated_at'),
                         r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000$')
        self.assertEqual({
            'status': 'uploading', 'image_id': image['id'],
            'image_name': 'img', 'volume_type': None,
            'container_format': 'bare', 'size': 3, 'disk_format': 'raw',
            'id': volume.id, 'display_description': 'mine'}, shown)

    def test_v3_adds_how_the_image_is_seen(self) -> None:
        shown = self.upload(self.make_volume()).json[UPLOAD]
        self.assertEqual([*KEYS, 'visibility', 'protected'], list(shown))
        self.assertEqual((None, 'shared', False), (
            shown['volume_type'], shown['visibility'], shown['protected']))

    def test_volume_type_is_a_name_on_v2_and_an_object_on_v3(self) -> None:
        volume_types.create({'id': 'type-id', 'name': 'fast',
                             'extra_specs': {'a': 'b'}})
        shown = {}
        for api in ('v2', 'v3'):
            volume = self.make_volume(volume_type_id='type-id')
            shown[api] = self.upload(volume, api=api).json[UPLOAD]
        self.assertEqual('fast', shown['v2']['volume_type'])
        kind = shown['v3']['volume_type']
        self.assertEqual(TYPE_KEYS, set(kind))
        self.assertEqual(('type-id', 'fast', {'a': 'b'}),
                         (kind['id'], kind['name'], kind['extra_specs']))

    def test_volume_is_uploading_and_a_manager_is_woken(self) -> None:
        volume = self.make_volume()
        self.upload(volume)
        shown = self.ask('GET', f'/v3/{PROJECT}/volumes/{volume.id}').json
        self.assertEqual('uploading', shown['volume']['status'])
        [(method, _)] = self.manager.cast
        self.assertEqual('copy_volume_to_image', method)

    def test_every_client_is_understood(self) -> None:
        for api, version, arguments in CLIENTS:
            answer = self.upload(self.make_volume(), arguments, api=api,
                                 OpenStack_API_Version=version)
            self.assertEqual(202, answer.status_int, answer.text)

    def test_image_is_private_from_3_1(self) -> None:
        self.upload(self.make_volume(),
                    OpenStack_API_Version='volume 3.1')
        [image] = self.images.images.values()
        self.assertEqual('private', image['visibility'])

    def test_second_upload_of_the_volume_is_refused(self) -> None:
        volume = self.make_volume()
        self.assertEqual(202, self.upload(volume).status_int)
        self.assertFault(self.upload(volume), 400, 'badRequest',
                         'but is uploading')
