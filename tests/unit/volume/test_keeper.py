# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
import pathlib
import tempfile

from oslo_utils import units

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.backends import file
from volupload.db import volumes
from volupload.volume.keeper import Keeper
from volupload.volume.status import VolumeStatus

FULL = exception.BackendError(backend='memory', reason='the disk is full')


class Interrupted(doubles.MemoryBackend):
    """Something happens to a volume while it is made."""

    def __init__(self, meanwhile: Callable[[str], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def create(self, volume_id: str, size: int) -> None:
        super().create(volume_id, size)
        self._meanwhile(volume_id)


def _move_to(status: VolumeStatus) -> Callable[[str], object]:
    return lambda volume_id: volumes.transition(
        volume_id, {VolumeStatus.CREATING}, status)


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

    def test_what_is_there_already_is_kept(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.CREATING)
        with tempfile.TemporaryDirectory() as directory:
            backend = file.FileBackend('local', directory, direct_io=False)
            path = pathlib.Path(directory, volume.id)
            size = volume.size_gb * units.Gi
            backend.create(volume.id, size)
            with path.open('r+b') as stream:
                stream.write(b'of the guest')
            Keeper({statements.HOST: backend}).sweep()
            self.assertEqual('available', volumes.get(volume.id).status)
            self.assertEqual(size, path.stat().st_size)
            with path.open('rb') as stream:
                self.assertEqual(b'of the guest', stream.read(12))

    def test_one_that_is_deleted_while_it_is_made_leaves_nothing(self) -> None:
        for host in (None, statements.HOST):
            volume = statements.make_volume(host=host,
                                            status=VolumeStatus.CREATING)
            backend = Interrupted(volumes.destroy)
            Keeper({statements.HOST: backend}).sweep()
            self.assertEqual({}, backend.volumes)
            self.assertRaises(exception.VolumeNotFound, volumes.get,
                              volume.id)

    def test_so_does_one_that_is_about_to_be_deleted(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.CREATING)
        backend = Interrupted(_move_to(VolumeStatus.DELETING))
        keeper = Keeper({statements.HOST: backend})
        keeper.sweep()
        self.assertEqual({}, backend.volumes)
        keeper.sweep()
        self.assertRaises(exception.VolumeNotFound, volumes.get, volume.id)

    def test_one_that_another_has_made_meanwhile_stays(self) -> None:
        for status in (VolumeStatus.AVAILABLE, VolumeStatus.ERROR):
            volume = statements.make_volume(status=VolumeStatus.CREATING)
            backend = Interrupted(_move_to(status))
            Keeper({statements.HOST: backend}).sweep()
            self.assertIn(volume.id, backend.volumes)
            self.assertEqual(status, volumes.get(volume.id).status)

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
