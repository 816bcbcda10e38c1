# SPDX-License-Identifier: Apache-2.0

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.db import volumes
from volupload.volume.keeper import Keeper
from volupload.volume.status import VolumeStatus

FULL = exception.BackendError(backend='memory', reason='the disk is full')


class TestKeeper(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.backend = doubles.MemoryBackend()
        self.keeper = Keeper({statements.HOST: self.backend})

    def test_a_new_volume_is_taken_and_made(self) -> None:
        volume = statements.make_volume(host=None,
                                        status=VolumeStatus.CREATING)
        self.keeper.sweep()
        stored = volumes.get(volume.id)
        self.assertEqual(('available', statements.HOST),
                         (stored.status, stored.host))
        self.assertIn(volume.id, self.backend.volumes)

    def test_a_volume_of_another_manager_is_left_alone(self) -> None:
        volume = statements.make_volume(host='far@local',
                                        status=VolumeStatus.CREATING)
        self.keeper.sweep()
        self.assertEqual('creating', volumes.get(volume.id).status)
        self.assertEqual({}, self.backend.volumes)

    def test_a_creation_that_a_crash_broke_off_is_done_again(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.CREATING)
        self.keeper.sweep()
        self.assertEqual('available', volumes.get(volume.id).status)

    def test_a_volume_that_cannot_be_made_is_in_error(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.CREATING)
        self.backend.error = FULL
        self.keeper.sweep()
        self.assertEqual('error', volumes.get(volume.id).status)
        self.assertIn('the disk is full', self.logs.output)

    def test_a_deleted_volume_goes_with_its_row(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.DELETING)
        self.backend.volumes[volume.id] = b'x'
        self.keeper.sweep()
        self.assertEqual({}, self.backend.volumes)
        self.assertRaises(exception.VolumeNotFound, volumes.get, volume.id)

    def test_a_volume_that_cannot_be_deleted_says_so(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.DELETING)
        self.backend.error = FULL
        self.keeper.sweep()
        self.assertEqual('error_deleting', volumes.get(volume.id).status)
