# SPDX-License-Identifier: Apache-2.0
"""The samples of the API reference are what is asked and answered here.

``VOLUPLOAD_WRITE_SAMPLES=1`` in the environment writes them anew. Identifiers
and times, which differ each time, are replaced by ones that stay.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import json
import os
from pathlib import Path
import re
from typing import Any
import uuid

from tests.functional import base
from tests.functional import openapi
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload.db import services
from volupload.db import volume_types

SAMPLES = openapi.FILE.parent / 'samples'
WRITE = 'VOLUPLOAD_WRITE_SAMPLES'
SERVER = str(uuid.uuid4())
_UUID = re.compile('[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}')
_TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}')


@dataclasses.dataclass(frozen=True)
class Sample:
    """One request; the name is the operation's, or the action's.

    :ivar path: may hold the names of `TestSamples.ids`
    """

    name: str
    method: str
    path: str
    body: Any = None


def action(name: str, arguments: Any = None) -> Sample:
    return Sample(name, 'POST', '/volumes/{volume}/action', {name: arguments})


READS: Sequence[Sample] = (
    Sample('listVolumes', 'GET', '/volumes?limit=1&sort=size&with_count=true'),
    Sample('listVolumesDetail', 'GET', '/volumes/detail?name=database'),
    Sample('sumVolumesUp', 'GET', '/volumes/summary'),
    Sample('showVolume', 'GET', '/volumes/{volume}'),
    Sample('listMetadata', 'GET', '/volumes/{volume}/metadata'),
    Sample('showMetadata', 'GET', '/volumes/{volume}/metadata/tier'),
    Sample('listUploads', 'GET', '/uploads?status=running'),
    Sample('showUpload', 'GET', '/uploads/{upload}'),
    Sample('listMessages', 'GET', '/messages'),
    Sample('showMessage', 'GET', '/messages/{message}'),
    Sample('listTypes', 'GET', '/types'),
    Sample('showType', 'GET', '/types/{type}'),
    Sample('listExtraSpecs', 'GET', '/types/{type}/extra_specs'),
    Sample('showExtraSpec', 'GET', '/types/{type}/extra_specs/multiattach'),
    Sample('showLimits', 'GET', '/limits'),
    Sample('showQuotas', 'GET', f'/os-quota-sets/{PROJECT}'),
    Sample('showDefaultQuotas', 'GET', f'/os-quota-sets/{PROJECT}/defaults'),
    Sample('listZones', 'GET', '/os-availability-zone'),
    Sample('listServices', 'GET', '/os-services'),
    Sample('listFilters', 'GET', '/resource_filters?resource=message'),
    Sample('listExtensions', 'GET', '/extensions'),
    Sample('showExtension', 'GET', '/extensions/os-volume-actions'),
)
CHANGES: Sequence[Sample] = (
    Sample('createVolume', 'POST', '/volumes', {'volume': {
        'size': 10, 'name': 'web', 'volume_type': 'fast',
        'metadata': {'tier': 'front'}}}),
    Sample('updateVolume', 'PUT', '/volumes/{volume}', {'volume': {
        'description': 'Of the shop'}}),
    Sample('addMetadata', 'POST', '/volumes/{volume}/metadata', {
        'metadata': {'owner': 'dba'}}),
    Sample('replaceMetadata', 'PUT', '/volumes/{volume}/metadata', {
        'metadata': {'tier': 'back'}}),
    Sample('setMetadata', 'PUT', '/volumes/{volume}/metadata/tier', {
        'meta': {'tier': 'back'}}),
    Sample('createType', 'POST', '/types', {'volume_type': {
        'name': 'slow', 'description': 'For archives',
        'os-volume-type-access:is_public': True, 'extra_specs': {
            'multiattach': '<is> False'}}}),
    Sample('updateType', 'PUT', '/types/{type}', {'volume_type': {
        'description': 'On flash'}}),
    Sample('addExtraSpecs', 'POST', '/types/{type}/extra_specs', {
        'extra_specs': {'vendor': 'ours'}}),
    Sample('setExtraSpec', 'PUT', '/types/{type}/extra_specs/vendor', {
        'vendor': 'theirs'}),
    Sample('actOnUpload', 'POST', '/uploads/{failed}/action', {
        'requeue': None}),
    action('os-set_image_metadata', {'metadata': {'os_distro': 'debian'}}),
    action('os-show_image_metadata'),
    action('os-unset_image_metadata', {'key': 'os_distro'}),
    action('os-set_bootable', {'bootable': True}),
    action('os-update_readonly_flag', {'readonly': False}),
    action('os-reserve'),
    action('os-unreserve'),
    action('os-attach', {'instance_uuid': SERVER, 'mountpoint': '/dev/vdb',
                         'mode': 'rw'}),
    action('os-begin_detaching'),
    action('os-roll_detaching'),
    action('os-detach', {}),
    action('os-reset_status', {'status': 'available'}),
    action(UPLOAD, {'image_name': 'database', 'disk_format': 'qcow2',
                    'visibility': 'private', 'protected': False}),
    Sample('os-force_delete', 'POST', '/volumes/{spare}/action', {
        'os-force_delete': None}),
)


class TestSamples(base.KeystoneTestCase):

    def setUp(self) -> None:
        super().setUp()
        type_id = str(uuid.uuid4())
        volume_types.create({
            'id': type_id, 'name': 'fast', 'is_public': True,
            'description': 'On disks', 'extra_specs': {
                'multiattach': '<is> False'}})
        volume = self.make_volume(
            name='database', size_gb=40, metadata={'tier': 'back'},
            volume_type_id=type_id)
        upload = self.make_upload(
            'running', image_name='database', disk_format='qcow2')
        failed = self.make_upload('failed', reason='Glance is full',
                                  request_id=f'req-{uuid.uuid4()}')
        services.beat('testhost@local', 'volupload-volume', 'volupload')
        [message] = self._ask(Sample('', 'GET', '/messages')).json['messages']
        self.ids: Mapping[str, str] = {
            'volume': volume.id, 'upload': upload.id, 'failed': failed.id,
            'type': type_id, 'message': message['id'],
            'spare': self.make_volume(status='error').id}
        self.written: dict[str, str] = {}
        self.known: dict[str, str] = {PROJECT: _stable(0), **{
            found: _stable(number)
            for number, found in enumerate(self.ids.values(), 1)}}

    def test_they_are_what_is_asked_and_answered(self) -> None:
        for sample in (*READS, *CHANGES):
            answer = self._ask(sample)
            self.assertLess(answer.status_int, 300, (sample, answer.text))
            if sample.body is not None:
                self._write(f'{sample.name}-request', sample.body)
            if answer.body:
                self._write(f'{sample.name}-answer', answer.json)
        if os.environ.get(WRITE):
            self._replace()
        self.assertEqual(
            {file.name: file.read_text() for file in SAMPLES.iterdir()},
            self.written)

    def test_every_operation_that_has_a_body_has_one(self) -> None:
        names = {file.stem.rpartition('-')[0] for file in SAMPLES.iterdir()}
        expected = {
            operation['operationId'] for _, _, operation
            in openapi.operations() if 'requestBody' in operation or any(
                'content' in openapi.resolved(answer)
                for status, answer in operation['responses'].items()
                if status.startswith('2'))}
        actions = {name for name in names if name.startswith('os-')}
        self.assertEqual(expected - {'actOnVolume'}, names - actions)
        self.assertEqual(set(openapi.actions()), actions)

    def _ask(self, sample: Sample) -> Any:
        path = sample.path
        if hasattr(self, 'ids'):
            path = path.format_map(self.ids)
        return self.ask(sample.method, f'/v3/{PROJECT}{path}', sample.body,
                        token='admin', OpenStack_API_Version='volume latest')

    def _write(self, name: str, body: Any) -> None:
        text = json.dumps(body, indent=2)
        text = _UUID.sub(lambda found: self.known.setdefault(
            found[0], _stable(len(self.known))), text)
        text = _TIME.sub('2026-11-24T09:30:00.000000', text)
        text = text.replace('http://localhost:80', 'https://volume.example.com')
        self.written[f'{name}.json'] = text + '\n'

    def _replace(self) -> None:
        for file in SAMPLES.iterdir():
            file.unlink()
        for name, text in self.written.items():
            Path(SAMPLES, name).write_text(text)


def _stable(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
