# SPDX-License-Identifier: Apache-2.0
"""Types of every field, as gophercloud's structs and Horizon read them.

A Go program decodes into fields that have a type: a number where a string is
wanted, or a time with a zone, and the whole answer is an error. Null is the
zero of any type there, but a client that takes its length is Python.
"""

from collections.abc import Callable
import re
from typing import Any
import uuid

from tests.functional import base
from tests.functional.base import PROJECT
from volupload.db import services
from volupload.db import volume_types
from volupload.db import volumes

Check = Callable[[Any], bool]

# RFC 3339 without a zone and with six digits, the one form that is parsed.
_TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}')


def text(value: Any) -> bool:
    return isinstance(value, str)


def number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def truth(value: Any) -> bool:
    return isinstance(value, bool)


def moment(value: Any) -> bool:
    return text(value) and bool(_TIME.fullmatch(value))


def null(value: Any) -> bool:
    return value is None


def word(*allowed: str) -> Check:
    return lambda value: value in allowed


def either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def texts(value: Any) -> bool:
    return isinstance(value, dict) and all(
        text(key) and text(each) for key, each in value.items())


def many(fields: dict[str, Check]) -> Check:
    return lambda value: isinstance(value, list) and all(
        fits(each, fields) for each in value)


def fits(value: Any, fields: dict[str, Check]) -> bool:
    """These keys, no others, and each of its type."""
    if not isinstance(value, dict) or value.keys() != fields.keys():
        return False
    return all(check(value[key]) for key, check in fields.items())


LINKS = many({'rel': text, 'href': text})
SUMMARY: dict[str, Check] = {
    'id': text, 'name': either(text, null), 'links': LINKS}
VOLUME: dict[str, Check] = {
    **SUMMARY, 'status': text, 'size': number,
    'availability_zone': either(text, null), 'created_at': moment,
    'updated_at': either(moment, null), 'description': either(text, null),
    'volume_type': either(text, null), 'snapshot_id': null,
    'source_volid': null, 'metadata': texts, 'user_id': text,
    'bootable': word('true', 'false'), 'encrypted': truth,
    'replication_status': null, 'consistencygroup_id': null,
    'multiattach': truth, 'os-vol-tenant-attr:tenant_id': text,
    'attachments': many({
        'id': text, 'attachment_id': text, 'volume_id': text,
        'server_id': either(text, null), 'host_name': either(text, null),
        'device': text, 'attached_at': moment})}
LATER: dict[str, Check] = {
    'group_id': null, 'service_uuid': null, 'shared_targets': truth,
    'volume_type_id': either(text, null), 'consumes_quota': truth}
FOR_ADMINS: dict[str, Check] = {
    'os-vol-host-attr:host': either(text, null), 'migration_status': null,
    'os-vol-mig-status-attr:migstat': null,
    'os-vol-mig-status-attr:name_id': null}
LATER_FOR_ADMINS: dict[str, Check] = {
    'provider_id': null, 'cluster_name': null}
TYPE: dict[str, Check] = {
    'id': text, 'name': text, 'description': either(text, null),
    'is_public': truth, 'extra_specs': texts,
    'os-volume-type-access:is_public': truth}
IMAGE: dict[str, Check] = {
    'status': text, 'image_id': text, 'image_name': text,
    'container_format': text, 'size': number, 'disk_format': text,
    'id': text, 'display_description': either(text, null),
    'updated_at': either(moment, null)}
IMAGE_TYPE: dict[str, Check] = {
    'id': text, 'name': text, 'description': either(text, null),
    'is_public': truth, 'extra_specs': texts, 'qos_specs_id': null,
    'created_at': moment, 'updated_at': either(moment, null),
    'deleted_at': null, 'deleted': truth}
SERVICE: dict[str, Check] = {
    'binary': text, 'host': text, 'zone': text,
    'status': word('enabled', 'disabled'), 'state': word('up', 'down'),
    'updated_at': moment, 'disabled_reason': null}
UPLOAD: dict[str, Check] = {
    **{name: text for name in (
        'id', 'status', 'volume_id', 'image_id', 'image_name', 'disk_format',
        'container_format', 'project_id', 'user_id')},
    **{name: number for name in (
        'size', 'bytes_read', 'bytes_sent', 'attempt')},
    **{name: either(number, null) for name in ('image_size', 'rate')},
    **{name: either(text, null) for name in (
        'phase', 'reason', 'request_id')},
    **{name: either(moment, null) for name in (
        'estimated_end', 'started_at', 'finished_at')},
    'created_at': moment, 'links': LINKS}
MESSAGE: dict[str, Check] = {
    **{name: text for name in (
        'id', 'event_id', 'user_message', 'message_level', 'resource_type',
        'resource_uuid')},
    'request_id': either(text, null), 'created_at': moment,
    'guaranteed_until': moment, 'links': LINKS}


class TestDecoding(base.KeystoneTestCase):

    def setUp(self) -> None:
        super().setUp()
        kind = volume_types.create({
            'id': str(uuid.uuid4()), 'name': 'fast',
            'extra_specs': {'multiattach': '<is> False'}})
        self.bare = self.make_volume(name=None, host=None, status='creating')
        self.full = self.make_volume(
            name='', description='', metadata={'k': ''}, readonly=True,
            volume_type_id=kind.id, bootable=True,
            image_metadata={'os_distro': 'debian'})
        self.act(self.full.id, 'os-attach', {
            'host_name': 'h', 'mountpoint': '/dev/vdb', 'mode': 'ro'})
        services.beat('one@local', 'volupload-volume', 'topic')

    def act(self, volume_id: str, name: str, arguments: object,
            prefix: str = f'/v3/{PROJECT}', version: str = '3.0') -> Any:
        answer = self.ask('POST', f'{prefix}/volumes/{volume_id}/action',
                          {name: arguments},
                          OpenStack_API_Version=f'volume {version}')
        self.assertEqual(202, answer.status_int, answer.text)
        return answer

    def get(self, path: str, *, version: str = '3.0', token: str = 'member',
            api: str = 'v3') -> Any:
        answer = self.ask('GET', f'/{api}/{PROJECT}/{path}', token=token,
                          OpenStack_API_Version=f'volume {version}')
        self.assertEqual(200, answer.status_int, answer.text)
        return answer.json

    def check(self, found: Any, fields: dict[str, Check]) -> None:
        self.assertEqual(set(fields), set(found))
        wrong = {key: found[key] for key, fits_it in fields.items()
                 if not fits_it(found[key])}
        self.assertEqual({}, wrong)

    def test_volumes(self) -> None:
        for api, version, token, more in (
                ('v2', '', 'member', {}), ('v3', '3.0', 'member', {}),
                ('v3', '3.0', 'admin', FOR_ADMINS),
                ('v3', '3.71', 'member', LATER),
                ('v3', '3.71', 'admin',
                 LATER | FOR_ADMINS | LATER_FOR_ADMINS)):
            fields = VOLUME | more
            options = {'api': api, 'version': version or '3.0',
                       'token': token}
            bare = self.get(f'volumes/{self.bare.id}', **options)['volume']
            self.check(bare, fields)
            full = self.get(f'volumes/{self.full.id}', **options)['volume']
            self.check(full, {**fields, 'volume_image_metadata': texts})
            self.assertEqual(('', ''), (full['name'], full['description']))
            listed = self.get('volumes/detail', **options)['volumes']
            self.assertCountEqual([bare, full], listed)
            for one in self.get('volumes', **options)['volumes']:
                self.check(one, SUMMARY)

    def test_an_upload_begun(self) -> None:
        self.act(self.full.id, 'os-detach', {})
        for prefix, version, more in (
                (f'/v2/{PROJECT}', '3.0', {'volume_type': text}),
                (f'/v3/{PROJECT}', '3.0', {
                    'volume_type': lambda value: fits(value, IMAGE_TYPE),
                    'visibility': text, 'protected': truth}),
                ('/v3', '3.71', {
                    'volume_type': lambda value: fits(value, IMAGE_TYPE),
                    'visibility': text, 'protected': truth})):
            answer = self.act(self.full.id, 'os-volume_upload_image',
                              {'image_name': 'x'}, prefix, version)
            self.check(answer.json['os-volume_upload_image'], IMAGE | more)
            volumes.update(self.full.id, {'status': 'available'})

    def test_uploads_and_messages(self) -> None:
        self.make_upload('failed', reason='why', request_id='req-1')
        self.make_upload('running', image_size=9, bytes_sent=3, rate=2)
        self.make_upload('queued')
        for one in self.get('uploads')['uploads']:
            self.check(one, UPLOAD)
        [message] = self.get('messages', version='3.3')['messages']
        self.check(message, MESSAGE)

    def test_types_services_and_zones(self) -> None:
        for token, more in (('member', {}), ('admin', {'qos_specs_id': null})):
            [kind] = self.get('types', token=token)['volume_types']
            self.check(kind, TYPE | more)
        for version, later in (
                ('3.0', {}), ('3.71', {
                    'cluster': null, 'backend_state': word('up', 'down')})):
            [one] = self.get('os-services', token='admin',
                             version=version)['services']
            self.check(one, SERVICE | later)
        [zone] = self.get('os-availability-zone')['availabilityZoneInfo']
        self.check(zone, {
            'zoneName': text,
            'zoneState': lambda value: fits(value, {'available': truth})})

    def test_limits_and_quotas_are_numbers(self) -> None:
        absolute = self.get('limits')['limits']['absolute']
        self.assertEqual(10, len(absolute))
        quotas = self.get(f'os-quota-sets/{PROJECT}')['quota_set']
        self.assertEqual(PROJECT, quotas.pop('id'))
        for value in (*absolute.values(), *quotas.values()):
            self.assertTrue(number(value))
        used = self.get(f'os-quota-sets/{PROJECT}?usage=true')['quota_set']
        self.assertEqual(PROJECT, used.pop('id'))
        for each in used.values():
            self.check(each, {'limit': number, 'in_use': number,
                              'reserved': number})

    def test_the_check_itself_finds_what_is_wrong(self) -> None:
        good = {'a': 1, 'b': 'x', 'c': '2026-01-01T00:00:00.000000'}
        fields = {'a': number, 'b': text, 'c': moment}
        self.assertTrue(fits(good, fields))
        for wrong in ({'a': True}, {'a': '1'}, {'a': None}, {'b': 1},
                      {'b': None}, {'c': '2026-01-01T00:00:00'}, {'d': 1},
                      {'c': '2026-01-01T00:00:00.000000Z'}):
            self.assertFalse(fits(good | wrong, fields), wrong)
