# SPDX-License-Identifier: Apache-2.0
"""A volume's file that goes away, or changes, at the worst moment.

Nothing of it passes by itself, so no second attempt is made.
"""

from collections.abc import Callable
import hashlib
import os
from pathlib import Path

from tests.fixtures import proxy
from tests.integration import faulty

MIDDLE = 4 * 1024 * 1024
# More than is read ahead and kept by connections.
HUGE = 1024


class TestBefore(faulty.FaultTestCase):
    """While the upload waits in the queue."""

    def setUp(self) -> None:
        super().setUp()
        self.volume_id = self.filled()
        self.path = self.file_of(self.volume_id)

    def _check(self, deed: Callable[[], object], reason: str,
               **arguments: object) -> None:
        self.pause(self.stack.manager)
        self.addCleanup(self.pause, self.stack.manager, goes_on=True)
        image_id = self.accepted(self.volume_id, **arguments)
        deed()
        self.pause(self.stack.manager, goes_on=True)
        row = self.check_ended(self.volume_id, 'failed', reason)
        self.assertEqual([], self.proxy.seen('PUT', image_id))
        self.assertEqual(0, row['bytes_sent'])

    def test_a_file_that_is_gone(self) -> None:
        self._check(self.path.unlink, 'No such file')

    def test_a_file_that_is_shorter(self) -> None:
        self._check(lambda: os.truncate(self.path, 1000), 'has 1000 bytes')

    def test_a_file_that_is_shorter_than_a_format_needs(self) -> None:
        self._check(lambda: os.truncate(self.path, 1000), 'has 1000 bytes',
                    disk_format='qcow2')

    def test_a_directory_that_is_gone(self) -> None:
        away = self.path.parent.with_name('volumes-away')

        def back() -> None:
            if away.exists():
                away.rename(self.path.parent)

        self.addCleanup(back)
        self._check(lambda: self.path.parent.rename(away), 'No such file')


class TestUnderWay(faulty.FaultTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.volume_id = self.filled(HUGE)
        self.path = self.file_of(self.volume_id)

    def _hold(self, **arguments: object) -> proxy.Fault:
        held = self.proxy.hold('PUT', '/file$', at=MIDDLE)
        self.accepted(self.volume_id, **arguments)
        held.wait()
        return held

    def test_a_file_that_shrinks(self) -> None:
        for disk_format in ('raw', 'vdi'):
            size = self.path.stat().st_size
            self.write(self.volume_id, {0: os.urandom(size)})
            held = self._hold(disk_format=disk_format)
            os.truncate(self.path, 1000)
            held.release()
            self.check_ended(self.volume_id, 'failed', 'ended early')
            self.state.volumes.execute(
                'DELETE FROM messages WHERE resource_uuid = :id',
                id=self.volume_id)
            os.truncate(self.path, size)

    def test_a_file_that_is_unlinked_is_still_there_for_who_has_it(
            self) -> None:
        data = self.path.read_bytes()
        held = self._hold()
        self.path.unlink()
        held.release()
        row = self.ended(self.volume_id)
        self.assertEqual(('succeeded', None), (row['status'], row['reason']))
        self.assertEqual(hashlib.sha512(data).hexdigest(),
                         self.state.image(row['image_id'])['os_hash_value'])

    def test_a_file_that_is_gone_at_the_second_attempt(self) -> None:
        self.proxy.break_off('PUT', '/file$', at=MIDDLE)
        held = self.proxy.hold('GET', '/v2/images/', nth=2)
        self.accepted(self.volume_id)
        held.wait()
        self.path.unlink()
        held.release()
        self.check_ended(self.volume_id, 'failed', 'No such file',
                         range(2, 3))


class TestPath(faulty.FaultTestCase):

    def test_a_file_in_whose_place_there_is_another(self) -> None:
        volume_id = self.filled()
        secret = Path(self.configuration.directory) / 'secret'
        secret.write_bytes(self.file_of(volume_id).read_bytes())
        self.file_of(volume_id).unlink()
        self.file_of(volume_id).symlink_to(secret)
        self.accepted(volume_id)
        self.check_ended(volume_id, 'failed', 'cannot open volume')
