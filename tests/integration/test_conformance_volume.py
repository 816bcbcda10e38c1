# SPDX-License-Identifier: Apache-2.0
"""The volume and the project of the URL, the volume's status, and force."""

import uuid

from tests.integration import calls
from tests.integration import conformance

OTHER_STATUSES = (
    'creating', 'uploading', 'deleting', 'error', 'error_deleting',
    'attaching', 'detaching', 'reserved', 'maintenance', 'retyping',
    'downloading', 'backing-up', 'restoring-backup', 'awaiting-transfer',
    'error_extending', 'In-Use', '')
# The example of the document, to the byte.
MALFORMED_URL = (b'{"badRequest": {"message": "Malformed request url", '
                 b'"code": 400}}')


class TestProject(conformance.ApiTestCase):

    scenarios = calls.scenarios(calls.V2, calls.V3, calls.V3_1)

    def _check_malformed(self, answer: calls.Answer) -> None:
        self.assertEqual(65, len(answer.body))
        self.assertEqual(MALFORMED_URL, answer.body)
        self.assertEqual('application/json; charset=UTF-8',
                         answer.headers['Content-Type'])
        self.check_fault(answer, 400, 'Malformed request url')

    def test_another_project_than_the_token_s_is_a_malformed_url(
            self) -> None:
        other = self.token('other')
        # The last is a letter short, as in the document's example.
        for project_id in (other.project_id, uuid.uuid4().hex, 'demo',
                           self.demo.project_id.upper(),
                           self.demo.project_id[:-1]):
            with self.nothing_remains():
                answer = self.post(self.untouched, project_id=project_id)
            self._check_malformed(answer)

    def test_an_admin_too_has_to_ask_in_the_token_s_project(self) -> None:
        admin = self.token('admin')
        with self.nothing_remains():
            answer = self.post(self.untouched, token=admin.id)
        self._check_malformed(answer)

    def test_no_project_at_all_is_no_such_place(self) -> None:
        path = self.face.path('', self.untouched)
        self.assertIn('//', path)
        with self.nothing_remains():
            answer = self.call('POST', path, body=calls.upload_body(),
                               headers=self.face.headers)
        # Which version a path that is none would have is not known.
        face = calls.V3 if self.face.is_v3 else calls.V2
        self.check_fault(answer, 404, 'The resource could not be found.',
                         face=face)


class TestVolume(conformance.ApiTestCase):

    scenarios = calls.scenarios()

    def test_a_volume_that_does_not_exist_is_not_found(self) -> None:
        for volume_id in (conformance.NOWHERE, 'vol1', '0', 'x' * 300,
                          self.untouched.upper(),
                          self.untouched.replace('-', ''), '%20', 'a%00b'):
            with self.nothing_remains():
                answer = self.post(volume_id)
            self.check_fault(answer, 404, '.*could not be found.')

    def test_the_volume_that_is_not_found_is_named(self) -> None:
        answer = self.post(conformance.NOWHERE)
        self.check_fault(answer, 404, f'Volume {conformance.NOWHERE} could '
                                      'not be found.')

    def test_a_deleted_volume_is_not_found(self) -> None:
        volume_id = self.make_volume()
        self.call('DELETE', f'/v3/volumes/{volume_id}')
        self.wait_for(lambda: not self.state.volumes.rows(
            'SELECT id FROM volumes WHERE id = :id', id=volume_id), 'deleted')
        self.check_fault(self.post(volume_id), 404, f'Volume {volume_id} .*')

    def test_a_volume_of_another_project_is_not_found(self) -> None:
        other = self.token('other')
        with self.nothing_remains():
            answer = self.post(self.untouched, token=other.id,
                               project_id=other.project_id)
        self.check_fault(answer, 404, f'Volume {self.untouched} could not be '
                                      'found.')

    def test_an_admin_uploads_a_volume_of_another_project(self) -> None:
        admin = self.token('admin')
        upload = self.succeed(self.post(
            self.make_volume(), token=admin.id, project_id=admin.project_id))
        self.assertEqual(admin.project_id,
                         self.state.image(upload['image_id'])['owner'])


class TestStatus(conformance.ApiTestCase):

    scenarios = calls.scenarios()

    def setUp(self) -> None:
        super().setUp()
        self.volume_id = self.make_volume()

    def _set_status(self, status: str) -> None:
        self.state.volumes.set_status(self.volume_id, status)

    def test_any_other_status_is_refused_even_with_force(self) -> None:
        self.addCleanup(self._set_status, 'available')
        for status in OTHER_STATUSES:
            self._set_status(status)
            for force in (False, True):
                with self.nothing_remains():
                    answer = self.post(self.volume_id, force=force)
                self.check_fault(answer, 400, (
                    f'Invalid volume: Volume {self.volume_id} status must be '
                    f'available or in-use, but is {status}.'))

    def test_in_use_without_force_is_refused(self) -> None:
        self._set_status('in-use')
        for arguments in ({}, {'force': False}, {'force': 'False'},
                          {'force': 'no'}, {'force': '0'}):
            with self.nothing_remains():
                answer = self.post(self.volume_id, **arguments)
            self.check_fault(answer, 400, 'Invalid volume: .*in-use.*force.*')

    def test_in_use_with_force_is_uploaded_and_in_use_again(self) -> None:
        for force in (True, 'True', 'true', 'TRUE', 't', 'yes', 'Y', 'on',
                      '1', ' true '):
            self._set_status('in-use')
            self.succeed(self.post(self.volume_id, force=force))
            self.assertEqual('in-use',
                             self.state.volumes.status(self.volume_id))

    def test_available_is_uploaded_whatever_force_says(self) -> None:
        for force in (False, 'False', 'f', 'no', 'N', 'OFF', '0', True):
            self.succeed(self.post(self.volume_id, force=force))
            self.assertEqual('available',
                             self.state.volumes.status(self.volume_id))

    def test_a_second_upload_has_to_wait_for_the_first(self) -> None:
        # Large enough to be under way for a while: 64 MiB.
        volume_id = self.make_volume(size=1024)
        first = self.post(volume_id)
        second = self.post(volume_id, force=True)
        self.check_fault(second, 400, 'Invalid volume: .*uploading.*')
        self.succeed(first)
