# SPDX-License-Identifier: Apache-2.0
"""Uploads that people watch, stop and repeat, in a cloud with real services.

The clients are those that users have; what they have no command for is asked
over HTTP.
"""

import json
import time
from typing import Any

from cinderclient import client as cinder
from keystoneauth1 import session as keystone_session
from keystoneauth1 import token_endpoint

from tests.fixtures import proxy
from tests.integration import calls
from tests.integration import faulty

HUGE = 1024   # more than is on its way between manager and proxy
MIDDLE = 4 * 1024 * 1024


class UploadsTestCase(faulty.FaultTestCase):

    def ask(self, method: str, path: str, body: object = None,
            **options: Any) -> calls.Answer:
        return self.call(
            method, f'/v3/{self.demo.project_id}{path}',
            body=None if body is None else json.dumps(body).encode(),
            **options)

    def shown(self, volume_id: str) -> dict[str, Any]:
        """The newest upload of a volume as the API shows it."""
        answer = self.ask('GET', f'/uploads?volume_id={volume_id}')
        self.assertEqual(200, answer.status, answer.body)
        found: dict[str, Any] = answer.json['uploads'][0]
        return found

    def held(self, volume_id: str) -> proxy.Fault:
        """Its upload has begun and stands still in the middle."""
        held = self.proxy.hold('PUT', '/file$', at=MIDDLE)
        self.accepted(volume_id)
        held.wait()
        return held

    def client(self) -> Any:
        """python-cinderclient at 3.3."""
        auth = token_endpoint.Token(
            f'{self.url}/v3/{self.demo.project_id}', self.demo.id)
        return cinder.Client(
            '3.3', session=keystone_session.Session(auth=auth))


class TestWatch(UploadsTestCase):

    def test_the_answer_says_where_to_look(self) -> None:
        volume_id = self.filled()
        answer = self.post(volume_id)
        self.assertEqual(202, answer.status)
        location = answer.headers['Location']
        self.assertTrue(location.startswith(self.url), location)
        row = self.check_succeeded(volume_id)
        shown = self.call('GET', location.removeprefix(self.url))
        upload = shown.json['upload']
        size = self.file_of(volume_id).stat().st_size
        self.assertEqual(
            (row['id'], 'succeeded', None, size, size, row['image_id'], 1),
            tuple(upload[key] for key in (
                'id', 'status', 'reason', 'image_size', 'bytes_sent',
                'image_id', 'attempt')))
        self.assertLessEqual(upload['created_at'], upload['finished_at'])

    def test_one_that_runs_shows_how_far_it_is(self) -> None:
        volume_id = self.filled(HUGE)
        held = self.held(volume_id)
        size = self.file_of(volume_id).stat().st_size

        def is_seen() -> bool:
            shown = self.shown(volume_id)
            return (shown['status'], shown['phase'], shown['image_size']) == (
                'running', 'sending', size) and (
                    MIDDLE <= shown['bytes_sent'] < size)
        self.wait_for(is_seen, 'the progress is shown')
        held.release()
        self.check_succeeded(volume_id)
        self.assertEqual((None, None), tuple(
            self.shown(volume_id)[key] for key in ('phase', 'rate')))


class TestStop(UploadsTestCase):

    def test_one_that_runs_ends_within_two_seconds(self) -> None:
        volume_id = self.filled(HUGE)
        before = self.image_ids()
        held = self.held(volume_id)
        upload_id = self.shown(volume_id)['id']
        began = time.monotonic()
        answer = self.ask('DELETE', f'/uploads/{upload_id}')
        self.assertEqual((202, b''), (answer.status, answer.body))
        self.ended(volume_id)
        # Two for the PUT, the rest for Glance and this busy machine.
        self.assertLess(time.monotonic() - began, 4)
        held.release()
        self.check_ended(volume_id, 'cancelled', 'was cancelled')
        self.assertEqual(before, self.image_ids())
        again = self.ask('DELETE', f'/uploads/{upload_id}')
        self.assertEqual(409, again.status)

    def test_one_that_waits_ends_at_once(self) -> None:
        volume_id = self.filled()
        before = self.image_ids()
        self.pause(self.stack.manager)
        self.addCleanup(self.pause, self.stack.manager, goes_on=True)
        self.accepted(volume_id)
        answer = self.ask(
            'DELETE', f'/uploads/{self.shown(volume_id)["id"]}')
        self.assertEqual(202, answer.status)
        shown = self.shown(volume_id)
        self.assertEqual(('cancelled', 'The upload was cancelled.'),
                         (shown['status'], shown['reason']))
        self.assertEqual(before, self.image_ids())
        self.assertEqual('available', self.state.volumes.status(volume_id))

    def test_a_volume_that_uploads_takes_metadata_and_no_deletion(
            self) -> None:
        volume_id = self.filled(HUGE)
        held = self.held(volume_id)
        volumes = self.client().volumes
        volumes.set_metadata(volume_id, {'a': '1', 'b': '2'})
        volumes.delete_metadata(volume_id, ['a'])
        volumes.update_all_metadata(volume_id, {'c': '3'})
        volumes.set_metadata(volume_id, {'d': '4'})
        self.assertEqual({'c': '3', 'd': '4'},
                         volumes.get(volume_id).metadata)
        answer = self.ask('DELETE', f'/volumes/{volume_id}')
        self.check_fault(answer, 400, '.*uploading.*', face=calls.V3)
        held.release()
        self.check_succeeded(volume_id)


class TestRepeat(UploadsTestCase):

    def test_what_failed_tells_why_and_is_done_again(self) -> None:
        volume_id = self.filled()
        refused = self.proxy.answer('PUT', '/file$', 415, times=None)
        self.accepted(volume_id)
        failed = self.check_ended(volume_id, 'failed', '415')
        self.proxy.heal()
        self.assertIsNotNone(refused)
        messages = self.client().messages
        [told] = [one for one in messages.list()
                  if one.resource_uuid == volume_id]
        self.assertIn(failed['reason'], told.user_message)
        self.assertEqual(failed['request_id'], told.request_id)
        messages.delete(told.id)
        self.assertNotIn(told.id, [one.id for one in messages.list()])
        action = f'/uploads/{failed["id"]}/action'
        answer = self.ask('POST', action, {'requeue': None})
        self.check_fault(answer, 403, '.*upload:requeue.*',
                         face=calls.V3)
        admin = self.token('admin')
        answer = self.call(
            'POST', f'/v3/{admin.project_id}{action}',
            body=b'{"requeue": null}', token=admin.id)
        self.assertEqual(202, answer.status, answer.body)
        done = self.check_succeeded(volume_id)
        self.assertEqual(failed['id'], done['id'])
        self.assertNotEqual(failed['image_id'], done['image_id'])
        [image] = self.state.images.rows(
            'SELECT owner FROM images WHERE id = :id', id=done['image_id'])
        self.assertEqual(self.demo.project_id, image['owner'])
