# SPDX-License-Identifier: Apache-2.0
"""Glance stopped, killed, frozen, full; images and tokens that go away.

Where the data has got so far is told by the proxy, which holds the request
there until the test has done its deed.
"""

import os
from pathlib import Path
import subprocess

from tests.fixtures import proxy
from tests.fixtures import services
from tests.integration import faulty
from tests.integration import glances
from tools.cloud import http

MIDDLE = 16 * 1024 * 1024


class TestGlanceAway(faulty.FaultTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.images.start)

    def _hold(self, volume_id: str) -> proxy.Fault:
        held = self.proxy.hold('PUT', '/file$', at=MIDDLE)
        self.image_id = self.accepted(volume_id)
        held.wait()
        return held

    def test_killed_in_the_middle_of_the_data(self) -> None:
        volume_id = self.filled(faulty.LARGE)
        held = self._hold(volume_id)
        self.images.daemon.kill()
        self.images.start()
        held.release()
        # It never learns that nobody sends any more.
        self.check_ended(volume_id, 'failed', 'saving', range(1, 4),
                         killed=True)

    def test_stopped_in_the_middle_of_the_data(self) -> None:
        volume_id = self.filled(faulty.LARGE)
        held = self._hold(volume_id)
        self.images.stop()
        self.images.start()
        held.release()
        self.check_ended(volume_id, 'failed', 'saving', range(1, 4),
                         killed=True)

    def test_frozen_in_the_middle_of_the_data(self) -> None:
        volume_id = self.filled(faulty.LARGE)
        held = self._hold(volume_id)
        self.pause(self.images)
        self.addCleanup(self.pause, self.images, goes_on=True)
        held.release()
        self.wait_for(lambda: self.row(volume_id)['status'] == 'queued'
                      or self.row(volume_id)['attempt'] > 1,
                      'the upload is given up for now')
        self.pause(self.images, goes_on=True)
        self.check_succeeded(volume_id, range(2, 4))
        # Not from the middle: the whole of it again.
        sent = [request.sent for request in self.proxy.seen(
            'PUT', f'/{self.image_id}/file$')]
        self.assertEqual(faulty.LARGE * 64 * 1024, sent[-1])

    def test_away_when_the_upload_begins(self) -> None:
        volume_id = self.filled()
        held = self.proxy.hold('GET', '/v2/images/')
        self.accepted(volume_id)
        held.wait()
        self.images.stop()
        held.release()
        self.wait_for(lambda: self.row(volume_id)['attempt'] > 1
                      or self.row(volume_id)['status'] == 'queued',
                      'the upload waits')
        self.images.start()
        self.check_succeeded(volume_id, range(2, 4))

    def test_killed_when_it_has_all_of_the_data(self) -> None:
        volume_id = self.filled()
        held = self.proxy.hold('PUT', '/file$', at=proxy.AFTER)
        image_id = self.accepted(volume_id)
        held.wait()
        self.images.daemon.kill()
        held.release()
        self.images.start()
        self.check_succeeded(volume_id, range(1, 3))
        self.assertEqual(1, len(self.proxy.seen('PUT', image_id)))

    def test_an_answer_that_is_lost(self) -> None:
        """What took effect is not done again, and not undone."""
        for method, path in (('PUT', '/file$'), ('PATCH', '/v2/images/')):
            with self.subTest(method=method):
                volume_id = self.filled()
                self.proxy.hang_up(method, path, at=proxy.AFTER)
                image_id = self.accepted(volume_id, protected=True)
                self.check_succeeded(volume_id)
                self.assertEqual(1, len(self.proxy.seen('PUT', image_id)))


class TestDeletion(faulty.FaultTestCase):
    """The image of a failed upload goes, whatever Glance says to that."""

    def test_a_deletion_that_fails_once(self) -> None:
        for method in (self.proxy.garble, self.proxy.hang_up,
                       self.proxy.break_off):
            self._fail(lambda: method('DELETE', '/v2/images/'))   # noqa: B023
        # Not 410: an image of which Glance says that it is gone is gone.
        for status in (401, 409, 413, 415, 503):
            self._fail(lambda: self.proxy.answer(
                'DELETE', '/v2/images/', status))   # noqa: B023

    def _fail(self, arrange) -> None:   # type: ignore[no-untyped-def]
        self.proxy.heal()
        volume_id = self.filled()
        arrange()
        self.proxy.answer('PUT', '/file$', 413)
        self.accepted(volume_id)
        self.check_ended(volume_id, 'failed', '413')

    def test_a_deletion_that_fails_for_a_while(self) -> None:
        volume_id = self.filled()
        self.proxy.answer('DELETE', '/v2/images/', 503, times=None)
        self.proxy.answer('PUT', '/file$', 413)
        image_id = self.accepted(volume_id)
        self.wait_for(lambda: len(self.proxy.seen('DELETE', image_id)) > 3,
                      'it is tried again')
        # As long as there is the image, there is the row that tells of it.
        self.assertIn(image_id, self.image_ids())
        self.assertEqual('running', self.row(volume_id)['status'])
        self.proxy.heal()
        self.check_ended(volume_id, 'failed', '413')


class TestDeletedByItsOwner(faulty.FaultTestCase):

    def _delete(self, image_id: str) -> None:
        deleted = http.request(
            'DELETE', f'{self.images.url}/v2/images/{image_id}',
            token=self.demo.id)
        self.assertEqual(204, deleted.status, deleted.body)

    def _check(self, method: str, path: str = '', **when: object) -> None:
        volume_id = self.filled(faulty.LARGE)
        held = self.proxy.hold(method, path, **when)
        image_id = self.accepted(volume_id, protected=True)
        held.wait()
        self._delete(image_id)
        held.release()
        self.check_ended(volume_id, 'cancelled', 'deleted')

    def test_before_the_first_look(self) -> None:
        self._check('GET', '/v2/images/')

    def test_before_the_data(self) -> None:
        self._check('PUT')

    def test_after_the_data(self) -> None:
        self._check('PUT', at=proxy.AFTER)

    def test_before_the_protection(self) -> None:
        self._check('PATCH')


class TestRevokedTokens(faulty.FaultTestCase):

    def _revoke(self, token: str) -> None:
        revoked = http.request(
            'DELETE', f'{self.identity.url}/auth/tokens',
            token=self.identity.token('admin').id,
            headers={'X-Subject-Token': token})
        self.assertEqual(204, revoked.status, revoked.body)

    def test_that_of_the_service_before_the_data(self) -> None:
        volume_id = self.filled()
        held = self.proxy.hold('PUT', '/file$')
        image_id = self.accepted(volume_id)
        held.wait()
        [request] = self.proxy.seen('PUT', image_id)
        self._revoke(request.headers['X-Auth-Token'])
        held.release()
        self.check_succeeded(volume_id, range(2, 3))

    def test_that_of_the_service_before_each_other_request(self) -> None:
        for method, path, nth in (('GET', '/v2/images/', 1),
                                  ('GET', '/v2/images/', 2),
                                  ('PATCH', '/v2/images/', 1)):
            with self.subTest(method=method, nth=nth):
                volume_id = self.filled()
                held = self.proxy.hold(method, path, nth=nth)
                self.accepted(volume_id, protected=True)
                held.wait()
                self._revoke(self.proxy.seen(method, path)[-1].headers[
                    'X-Auth-Token'])
                held.release()
                self.check_succeeded(volume_id, range(1, 3))

    def test_that_of_the_user_once_the_upload_is_accepted(self) -> None:
        volume_id = self.filled()
        token = self.identity.token('demo').id
        held = self.proxy.hold('GET', '/v2/images/')
        self.accepted(volume_id, token=token)
        held.wait()
        self._revoke(token)
        held.release()
        self.check_succeeded(volume_id)

    def test_that_of_the_user_before_he_asks(self) -> None:
        volume_id = self.filled()
        token = self.identity.token('demo').id
        listed = self.call('GET', f'/v3/{self.demo.project_id}/volumes',
                           token=token)
        self.assertEqual(200, listed.status)   # the API knows it now
        before = self.image_ids()
        self._revoke(token)
        # keystonemiddleware still takes it, Glance does not.
        self.assertEqual(500, self.post(volume_id, token=token).status)
        self.assertEqual([], self.state.volumes.uploads(volume_id))
        self.assertEqual('available', self.state.volumes.status(volume_id))
        self.assertEqual(before, self.image_ids())


class TestDiskFull(faulty.FaultTestCase):
    """A Glance whose store has room for 8 MiB."""

    def setUp(self) -> None:
        super().setUp()
        self.full = self.useFixture(services.Shared(
            'glance-full', self._build)).service
        self.addCleanup(setattr, self.proxy, 'upstream', self.proxy.upstream)
        self.proxy.upstream = ('127.0.0.1', self.full.port)

    def _build(self, directory: Path) -> 'FullGlance':
        return FullGlance(directory, self.identity,
                          connection=faulty.SharedGlance.database_url)

    def test_it_fails_at_once_and_its_part_is_removed(self) -> None:
        for disk_format in ('raw', 'vdi', 'qcow2'):
            volume_id = self.make_volume(size=faulty.LARGE)
            self.write(volume_id, {0: os.urandom(MIDDLE)})
            self.accepted(volume_id, disk_format=disk_format)
            row = self.check_ended(volume_id, 'failed', '413')
            self.assertIn('disk space', row['reason'])
            self.assertEqual([], list(self.full.images.iterdir()))

    def test_what_has_room_is_uploaded_afterwards(self) -> None:
        volume_id = self.filled()
        self.accepted(volume_id)
        self.ended(volume_id)
        self.assertEqual('succeeded', self.row(volume_id)['status'])


class FullGlance(glances.OtherGlance):
    """Mounting takes root."""

    def prepare(self) -> None:
        super().prepare()
        self._run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'volupload-full')

    def stop(self) -> None:
        super().stop()
        self._run('umount')

    def _run(self, *command: str) -> None:
        subprocess.run([*command, str(self.images)], check=True)
