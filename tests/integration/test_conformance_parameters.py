# SPDX-License-Identifier: Apache-2.0
"""Every parameter of the request: what is refused, and what it is told."""

import json
from typing import Any

from tests.integration import calls
from tests.integration import conformance

ALL = (*calls.FACES, calls.V3_1, calls.BARE_3_1)
ON_V3 = (calls.V3, calls.BARE, calls.V3_1)
NAME = 'image_name'
CONTAINER = 'container_format'
DISK = 'disk_format'
CONTAINERS = ('bare', 'ovf', 'ami', 'aki', 'ari')
DISKS = ('raw', 'vmdk', 'vdi', 'qcow2', 'vhd', 'vhdx')

# Field -> what it may not be, wherever it is asked.
REFUSED: dict[str, list[Any]] = {
    NAME: [None, 0, 1, '', ' ', ' \t\r\n ', 'i' * 256, 'i' * 5000, [], {},
           ['image'], True, 1.5, 'a\0b', '\ud800'],
    'force': [None, 0, 1, 2, -1, 0.0, '', 'maybe', 'truee', '2', '10', [],
              {}, [True]],
    DISK: ['', 'RAW', 'raw ', 'nonsense', 'ploop', 'ami', 'aki', 0, 1, True,
           [], ['raw'], {}, 'a\0b'],
    CONTAINER: ['', 0, 1, True, [], ['bare'], {}, 'compressed', 'a\0b'],
}
REFUSED_ON_V2: dict[str, list[Any]] = {
    CONTAINER: ['nonsense', 'BARE', 'bare ', 'ova', 'docker'],
}
REFUSED_ON_V3: dict[str, list[Any]] = {
    DISK: [None, 'iso'],
    'unknown': [None, 'x'],
}
REFUSED_ON_3_0: dict[str, list[Any]] = {
    'visibility': ['private'],
    'protected': [False],
}
REFUSED_ON_3_1: dict[str, list[Any]] = {
    'visibility': [None, '', 'nonsense', 'Private', 0, True, []],
    'protected': [None, 0, 1, '', 'maybe', []],
}


def _cases(faces: tuple[calls.Face, ...],
           table: dict[str, list[Any]]) -> list[Any]:
    return [(f'{face.name} {field} {json.dumps(value)[:20]}',
             {'face': face, 'field': field, 'value': value})
            for face in faces for field, values in table.items()
            for value in values]


class TestRefused(conformance.ApiTestCase):
    """A row: the field, a value, the face on which it is wrong."""

    field: str
    value: Any

    scenarios = [
        *_cases(ALL, REFUSED),
        *_cases((calls.V2,), REFUSED_ON_V2),
        *_cases(ON_V3, REFUSED_ON_V3),
        *_cases((calls.V3, calls.BARE), REFUSED_ON_3_0),
        *_cases((calls.V3_1, calls.BARE_3_1), REFUSED_ON_3_1),
    ]

    def test_a_wrong_value_is_told_with_its_field(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched,
                               **{self.field: self.value})
        self.check_fault(answer, 400, f'.*\\b{self.field}\\b.*')


class TestMissing(conformance.ApiTestCase):

    scenarios = calls.scenarios(*ALL)

    def test_an_upload_needs_an_image_name(self) -> None:
        for arguments in ({}, {'force': True}, {'Image_name': 'image'},
                          {'name': 'image'}):
            body = json.dumps({calls.ACTION: arguments}).encode()
            with self.nothing_remains():
                answer = self.post(self.untouched, body)
            message = self.check_fault(answer, 400, '.*')
            # Where other keys are refused, either fault may be told.
            if not self.face.is_v3 or not arguments:
                self.assertIn('image_name', message)

    def test_a_refused_format_is_told_the_allowed_ones(self) -> None:
        answer = self.post(self.untouched, disk_format='nonsense')
        message = self.check_fault(answer, 400, '.*disk_format.*')
        for allowed in DISKS:
            self.assertIn(allowed, message)

    def test_a_refused_container_is_told_the_allowed_ones(self) -> None:
        answer = self.post(self.untouched,
                           container_format='nonsense')
        # On v3 it is Glance that says so.
        message = self.check_fault(answer, 400, '.*container_format.*')
        for allowed in CONTAINERS:
            self.assertIn(allowed, message)


class TestAccepted(conformance.ApiTestCase):

    scenarios = calls.scenarios(calls.V2, calls.V3, calls.BARE_3_1)

    def _image(self, **arguments: Any) -> dict[str, Any]:
        """Upload with these arguments; the image, which is active then."""
        upload = self.succeed(self.post(self.make_volume(), **arguments))
        image = self.state.image(upload['image_id'])
        self.assertEqual('active', image['status'])
        return image

    def test_every_documented_disk_format_becomes_active(self) -> None:
        for disk in DISKS:
            image = self._image(disk_format=disk)
            self.assertEqual((disk, 'bare'),
                             (image[DISK], image[CONTAINER]))

    def test_formats_are_raw_and_bare_unless_they_are_given(self) -> None:
        image = self._image()
        self.assertEqual(('raw', 'bare'), (image[DISK], image[CONTAINER]))

    def test_a_container_of_null_is_bare(self) -> None:
        self.assertEqual('bare', self._image(container_format=None)[
            CONTAINER])

    def test_every_documented_container_becomes_active(self) -> None:
        for container in CONTAINERS:
            image = self._image(container_format=container)
            self.assertEqual(container, image[CONTAINER])

    def test_a_name_of_255_characters_is_the_image_s(self) -> None:
        name = 'ñ' * 254 + 'x'
        self.assertEqual(name, self._image(image_name=name)['name'])

    def test_a_name_of_one_character_is_the_image_s(self) -> None:
        self.assertEqual('0', self._image(image_name='0')['name'])


class TestOnV2(conformance.ApiTestCase):

    def test_formats_of_null_are_the_defaults(self) -> None:
        answer = self.post(self.make_volume(), disk_format=None,
                           container_format=None)
        self.succeed(answer)
        view = answer.json[calls.ACTION]
        self.assertEqual(('raw', 'bare'), (view[DISK], view[CONTAINER]))

    def test_unknown_keys_are_not_looked_at(self) -> None:
        answer = self.post(self.make_volume(), visibility='public',
                           protected=True, unknown={})
        upload = self.succeed(answer)
        image = self.state.image(upload['image_id'])
        self.assertEqual(('shared', 0),
                         (image['visibility'], image['protected']))

    def test_iso_is_accepted_and_leaves_no_image(self) -> None:
        for status in ('available', 'in-use'):
            volume_id = self.make_volume()
            self.state.volumes.set_status(volume_id, status)
            answer = self.post(volume_id, disk_format='iso', force=True)
            upload = self.finish(answer)
            self.assertEqual('iso', answer.json[calls.ACTION][DISK])
            self.assertEqual('failed', upload['status'])
            self.assertIn('iso', upload['reason'])
            self.assertEqual(status, self.state.volumes.status(volume_id))
            image = self.state.image(upload['image_id'])
            self.assertEqual('deleted', image['status'])
