# SPDX-License-Identifier: Apache-2.0
"""A manager that is killed in every phase of an upload, and started again.

Where the upload is at that moment is told by the proxy before Glance, which
holds the request until the manager is dead. What becomes of the upload of a
manager that does not come back see `test_shared_backend`.
"""

from tests.fixtures import proxy
from tests.integration import faulty
from tests.integration import hasty

IMAGE = '/v2/images/'
FILE = '/file$'
LENGTH = faulty.LARGE * 64 * 1024


class TestKilled(faulty.FaultTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.stack.manager.start)

    def _check_done_again(self, volume_id: str,
                          sendings: set[int]) -> None:
        """The second attempt succeeds.

        :param sendings: how often the data was sent, as a whole or in part
        """
        row = self.check_succeeded(volume_id, range(2, 3))
        self.assertIn(len(self.proxy.seen('PUT', row['image_id'])), sendings)

    def test_before_it_has_claimed_the_upload(self) -> None:
        volume_id = self.filled()
        self.stack.manager.daemon.kill()
        self.accepted(volume_id)
        self.assertEqual('queued', self.row(volume_id)['status'])
        self.stack.manager.start()
        self.check_succeeded(volume_id)

    def test_while_it_lays_the_image_out(self) -> None:
        volume_id = self.filled()
        held = hasty.held(self.file_of(volume_id))
        held.touch()
        self.addCleanup(held.unlink, missing_ok=True)
        self.accepted(volume_id)
        self.wait_for(
            lambda: self.row(volume_id)['phase'] == 'laying_out',
            'it is being laid out')
        self.stack.manager.daemon.kill()
        held.unlink()
        self.stack.manager.start()
        self.check_succeeded(volume_id, range(2, 3))

    def test_in_the_middle_of_the_data(self) -> None:
        # At 99 the rest is in the kernel already and can get there all the
        # same: then the second attempt only proves what Glance has.
        for percent, sendings in ((1, {2}), (50, {2}), (99, {1, 2})):
            with self.subTest(percent=percent):
                volume_id = self.filled(faulty.LARGE)
                held = self.proxy.hold('PUT', FILE,
                                       at=LENGTH * percent // 100)
                self.accepted(volume_id)
                held.wait()
                self.kill_manager()
                held.release()
                self._check_done_again(volume_id, sendings)

    def test_before_it_compares_what_glance_stored(self) -> None:
        # The second attempt makes the same image, to the byte, and sends
        # nothing.
        for disk_format in ('raw', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx'):
            with self.subTest(disk_format=disk_format):
                volume_id = self.filled()
                held = self.proxy.hold('GET', IMAGE, nth=2)
                self.accepted(volume_id, disk_format=disk_format)
                held.wait()
                image_id = self.row(volume_id)['image_id']
                self.assertEqual('active',
                                 self.state.image(image_id)['status'])
                self.kill_manager()
                held.release()
                row = self.ended(volume_id)
                self.assertEqual(
                    ('succeeded', None, 2),
                    (row['status'], row['reason'], row['attempt']))
                self.assertEqual(1, len(self.proxy.seen('PUT', image_id)))

    def test_before_it_settles_the_upload(self) -> None:
        volume_id = self.filled()
        held = self.proxy.hold('PATCH', IMAGE, at=proxy.AFTER)
        self.accepted(volume_id, protected=True)
        held.wait()
        self.kill_manager()
        held.release()
        self._check_done_again(volume_id, {1})
        self.assertTrue(self.state.image(
            self.row(volume_id)['image_id'])['protected'])

    def test_while_it_deletes_the_image_of_a_failure(self) -> None:
        volume_id = self.filled()
        self.proxy.answer('PUT', FILE, 413, times=None)
        held = self.proxy.hold('DELETE', IMAGE)
        self.accepted(volume_id)
        held.wait()
        self.kill_manager()
        held.release()
        self.check_ended(volume_id, 'failed', '413', range(1, 3))

    def test_while_it_cancels(self) -> None:
        volume_id = self.filled()
        sending = self.proxy.hold('PUT', FILE, at=500_000)
        self.accepted(volume_id)
        sending.wait()
        deleting = self.proxy.hold('DELETE', IMAGE)
        row = self.row(volume_id)
        answer = self.call('DELETE', f'/v3/{self.demo.project_id}/uploads/'
                                     f'{row["id"]}')
        self.assertEqual(202, answer.status)
        deleting.wait()
        self.kill_manager()
        for held in (sending, deleting):
            held.release()
        self.check_ended(volume_id, 'cancelled', 'cancelled')

    def test_at_every_attempt(self) -> None:
        volume_id = self.filled(faulty.LARGE)
        before = self.image_ids()
        for attempt in range(1, faulty.MAX_ATTEMPTS + 1):
            self.proxy.heal()
            held = self.proxy.hold('PUT', FILE, at=LENGTH // 2)
            if attempt == 1:
                self.accepted(volume_id)
            else:
                self.stack.manager.start()
            held.wait()
            self.assertEqual(attempt, self.row(volume_id)['attempt'])
            self.stack.manager.daemon.kill()
            held.release()
        self.proxy.heal()
        self.stack.manager.start()
        self.check_ended(volume_id, 'failed', 'has died',
                         range(faulty.MAX_ATTEMPTS, faulty.MAX_ATTEMPTS + 1))
        self.assertEqual(before, self.image_ids())
