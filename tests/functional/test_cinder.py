# SPDX-License-Identifier: Apache-2.0
"""Requests that Cinder 29 refuses, and what becomes of them here.

cinder.json has them with the statuses of Cinder: those under ``recorded`` were
sent to one, those under ``derived`` are what its schemas and controllers say.
A case is a POST of a body by a member to the action of an available volume,
unless it says otherwise. What is answered otherwise than by Cinder stands in
`DEVIATIONS`, each with its reason.
"""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any
import uuid

from tests.fixtures import doubles
from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from volupload import exception
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import volumes

Case = Mapping[str, Any]
CASES: Mapping[str, list[Case]] = json.loads(
    Path(__file__).with_name('cinder.json').read_text())

_IT_IS_ACCEPTED = 'Glance takes every name; Cinder trips over the character.'
_MALFORMED = 'What is no object is a malformed body, never a missing page.'
_BOOLEAN = 'Whatever oslo.utils takes for a boolean is one.'
_DISCOVERY = 'Versions need no token, and v2 is served.'
_NOT_SERVED = 'What is not served is not looked at.'
_TOLD = 'A filter that cannot be read is told, not taken for one of nothing.'
_ALLOWED = 'Users may filter by it here; /resource_filters says so.'
_NO_MIGRATION = 'No volume is ever moved.'

# Name of the case -> the status here, and why.
DEVIATIONS: Mapping[str, tuple[int, str]] = {
    "image_name: name '\U0001f600 emoji'": (202, _IT_IS_ACCEPTED),
    "image_name: name 'a\\x00b'": (400, 'PostgreSQL stores no NUL.'),
    'image_name blank': (400, 'The document of 2014: it must be a name.'),
    'disk_format "ploop"': (
        400, 'Cinder accepts it, and fails when nobody looks any more.'),
    'body: JSON number': (400, _MALFORMED),
    'array with an element': (400, _MALFORMED),
    'null': (400, _MALFORMED),
    'true': (400, _MALFORMED),
    'body: deeply nested': (400, 'Cinder breaks.'),
    'force " TRUE "': (202, _BOOLEAN),
    'force "T"': (202, _BOOLEAN),
    'force "tRuE"': (202, _BOOLEAN),
    'auth: project malformed, bad body': (
        400, 'The document of 2014: another tenant in the URL is 400.'),
    'GET /v3 without token': (200, _DISCOVERY),
    'GET /v2': (200, _DISCOVERY),
    'GET /v2/': (200, _DISCOVERY),
    **{f'{name} badly': (501, _NOT_SERVED) for name in (
        'os-extend', 'os-retype', 'os-force_detach',
        'os-terminate_connection', 'os-initialize_connection')},
    'list metadata=x': (400, _TOLD),
    'list size=big': (400, _TOLD),
    'list name~=x of a user': (200, _ALLOWED),
    'list id=x of a user': (200, _ALLOWED),
    'list glance_metadata of a user': (200, _ALLOWED),
    'list types?marker={missing}': (
        404, 'Who goes by the pages would begin anew, for ever.'),
    'os-reset_status: uploading': (400, 'It is set by an upload alone.'),
    'os-reset_status: attach_status attached': (
        400, 'It is not, and nothing would be different.'),
    'os-reset_status: migration_status migrating': (400, _NO_MIGRATION),
}

# Those that Glance 33 knows; whether one is right, it says itself.
_CONTAINERS = {'ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker',
               'compressed'}


class Glance(doubles.Images):
    """It refuses container formats as the real one does."""

    def create_image(self, context: RequestContext, image_id: str, *,
                     name: str, disk_format: str, container_format: str,
                     visibility: str | None = None,
                     **properties: Any) -> dict[str, Any]:
        if container_format not in _CONTAINERS:
            raise exception.ImageRefused(
                code=400, reason='Invalid container format')
        return super().create_image(
            context, image_id, name=name, disk_format=disk_format,
            container_format=container_format, visibility=visibility,
            **properties)


class TestCinder(base.KeystoneTestCase):

    def load(self) -> None:
        self.images = Glance()
        super().load()

    def test_there_are_hundreds_and_no_idle_deviation(self) -> None:
        cases = [*CASES['recorded'], *CASES['derived']]
        statuses = {case['name']: case['status'] for case in cases}
        self.assertEqual(len(cases), len(statuses))
        self.assertGreater(len(CASES['recorded']), 60)
        self.assertGreater(len(CASES['derived']), 200)
        for name, (status, reason) in DEVIATIONS.items():
            self.assertNotEqual(statuses[name], status, name)
            self.assertTrue(reason)

    def test_what_was_recorded(self) -> None:
        self.replay('recorded')

    def test_what_was_derived(self) -> None:
        self.replay('derived')

    def replay(self, kind: str) -> None:
        wrong = []
        for case in CASES[kind]:
            expected, _ = DEVIATIONS.get(
                case['name'], (case['status'], ''))
            answer, left = self.send(case)
            if answer.status_int != expected:
                wrong.append((case['name'], expected, answer.status,
                              answer.text))
            elif expected >= 400 and left:
                wrong.append((case['name'], expected, *left))
        self.assertEqual([], wrong)

    def send(self, case: Case) -> tuple[Any, list[str]]:
        """The answer, and what a request left that is to leave nothing."""
        volume = self.make_volume(status=case.get('volume', 'available'))
        self.images.images.clear()
        self.manager.cast.clear()
        path = case.get('path', '/v3/{project}/volumes/{volume}/action')
        options = {} if 'version' not in case else {
            'OpenStack_API_Version': f'volume {case["version"]}'}
        answer = self.ask(
            case.get('method', 'POST'), self.filled(path, volume.id),
            self.body(case), token=case.get('token', 'member'),
            content_type=case.get('type', 'application/json'), **options)
        found = volumes.get(volume.id)
        left = [name for name, differs in (
            ('volume', _told(found) != _told(volume)),
            ('image', self.images.images), ('cast', self.manager.cast),
        ) if differs]
        return answer, left

    def body(self, case: Case) -> bytes | None:
        if 'nested' in case:
            return b'[' * case['nested'] + b']' * case['nested']
        if 'text' in case:
            return str(case['text']).encode()
        if 'body' not in case:
            return None
        text = self.filled(json.dumps(case['body']), '')
        return text.encode(case.get('encoding', 'utf-8')).ljust(
            case.get('padded', 0))

    def filled(self, text: str, volume_id: str) -> str:
        if '{other_volume}' in text:
            other = self.make_volume(project_id=OTHER_PROJECT)
            text = text.replace('{other_volume}', other.id)
        for name, value in (
                ('project', PROJECT), ('other_project', OTHER_PROJECT),
                ('volume', volume_id), ('missing', str(uuid.uuid4())),
                ('hex32', volume_id.replace('-', ''))):
            text = text.replace(f'{{{name}}}', value)
        return text


def _told(volume: models.Volume) -> tuple[Any, ...]:
    return (volume.status, volume.name, volume.metadata_, volume.attachment,
            volume.image_metadata, volume.bootable, volume.readonly)
