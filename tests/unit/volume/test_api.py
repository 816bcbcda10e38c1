# SPDX-License-Identifier: Apache-2.0

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume import api
from volupload.volume.status import UPLOADABLE
from volupload.volume.status import VolumeStatus

BROKEN = exception.ImageServiceError(reason='connection refused')


class ApiTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.images = doubles.Images()
        self.manager = doubles.Manager()
        self.api = api.API(self.images, self.manager)
        self.context = RequestContext(
            user_id='u1', project_id='p1', roles=['member', 'reader'],
            is_admin=False)
        self.admin = RequestContext(
            user_id='root', project_id='p9', roles=['admin'], is_admin=True)

    def upload(self, volume: models.Volume,
               force: bool = False) -> models.Upload:
        upload, _ = self.api.copy_volume_to_image(
            self.context, volume, image_name='img', disk_format='raw',
            container_format='bare', force=force)
        return upload


class TestVolumes(ApiTestCase):

    def test_a_new_volume_is_written_down_and_announced(self) -> None:
        volume = self.api.create(self.context, size_gb=2, name='n',
                                 metadata={'a': 'b'})
        stored = volumes.get(volume.id)
        self.assertEqual(('creating', 2, 'p1', {'a': 'b'}, None), (
            stored.status, stored.size_gb, stored.project_id,
            stored.metadata_, stored.host))
        self.assertEqual([('create_volume', volume.id)], self.manager.cast)

    def test_a_volume_of_an_unknown_type_is_not_made(self) -> None:
        self.assertRaises(exception.VolumeTypeNotFound, self.api.create,
                          self.context, size_gb=1, volume_type='gold')
        self.assertEqual([], self.api.get_all(self.context))

    def test_an_id_is_known_in_its_one_spelling_only(self) -> None:
        volume = statements.make_volume()
        self.assertEqual(volume.id, self.api.get(self.context, volume.id).id)
        for spelling in (volume.id.upper(), volume.id.replace('-', ''),
                         volume.id + ' ', 'x', ''):
            error = self.assertRaises(exception.VolumeNotFound, self.api.get,
                                      self.context, spelling)
            self.assertEqual(f'Volume {spelling} could not be found.',
                             str(error))

    def test_only_an_admin_sees_the_volumes_of_others(self) -> None:
        volume = statements.make_volume(project_id='p2')
        self.assertRaises(exception.VolumeNotFound, self.api.get,
                          self.context, volume.id)
        self.assertEqual([], self.api.get_all(self.context,
                                              all_projects=True))
        self.assertEqual(volume.id, self.api.get(self.admin, volume.id).id)
        self.assertEqual([volume.id], [
            found.id for found in self.api.get_all(self.admin,
                                                   all_projects=True)])

    def test_a_marker_that_is_no_volume_is_refused(self) -> None:
        self.assertRaises(exception.VolumeNotFound, self.api.get_all,
                          self.context, marker='x')

    def test_a_deleted_volume_is_announced_to_its_manager(self) -> None:
        volume = statements.make_volume()
        self.api.delete(self.context, volume)
        self.assertEqual('deleting', volumes.get(volume.id).status)
        self.assertEqual([('delete_volume', volume.id)], self.manager.cast)

    def test_a_volume_that_no_manager_ever_made_goes_at_once(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.ERROR, host=None)
        self.api.delete(self.context, volume)
        self.assertRaises(exception.VolumeNotFound, volumes.get, volume.id)

    def test_a_volume_in_use_is_not_deleted(self) -> None:
        for status in ('in-use', 'uploading', 'creating', 'deleting'):
            volume = statements.make_volume(status=status)
            error = self.assertRaises(exception.InvalidVolume,
                                      self.api.delete, self.context, volume)
            self.assertIn(status, str(error))
            self.assertEqual(status, volumes.get(volume.id).status)


class TestCopyVolumeToImage(ApiTestCase):

    def assertNothingLeft(self, volume: models.Volume, status: str) -> None:
        self.assertEqual(status, volumes.get(volume.id).status)
        self.assertEqual({}, self.images.images)
        self.assertEqual([], self.manager.cast)

    def test_the_volume_is_taken_the_image_made_the_manager_woken(
            self) -> None:
        volume = statements.make_volume()
        upload = self.upload(volume)
        self.assertEqual('uploading', volume.status)
        self.assertEqual('uploading', volumes.get(volume.id).status)
        self.assertEqual('queued', uploads.get(upload.id).status)
        self.assertEqual(self.context.request_id, upload.request_id)
        self.assertEqual([upload.image_id], list(self.images.images))
        self.assertEqual([('copy_volume_to_image', upload.id)],
                         self.manager.cast)

    def test_a_volume_of_any_other_status_is_refused(self) -> None:
        for status in set(VolumeStatus) - UPLOADABLE:
            volume = statements.make_volume(status=status)
            error = self.assertRaises(exception.InvalidVolume, self.upload,
                                      volume, force=True)
            self.assertIn(f'Volume {volume.id} status must be available or '
                          'in-use', str(error))
            self.assertNothingLeft(volume, status)

    def test_the_image_of_a_volume_in_use_says_so(self) -> None:
        for status, expected in (
                (VolumeStatus.IN_USE, 'true'), (VolumeStatus.AVAILABLE, None)):
            volume = statements.make_volume(status=status)
            upload = self.upload(volume, force=True)
            image = self.images.images[upload.image_id]
            self.assertEqual(expected, image.get('volupload_source_in_use'))

    def test_room_is_asked_for_before_anything_is_taken(self) -> None:
        volume = statements.make_volume(size_gb=3)
        sizes: list[int | None] = []

        def refuse(context: RequestContext, size: int | None) -> None:
            sizes.append(size)
            raise exception.ImageRefused(code=413, reason='Full.')
        self.images.check_quota = refuse  # type: ignore[method-assign]
        for disk_format in ('raw', 'qcow2'):
            self.assertRaises(
                exception.ImageRefused, self.api.copy_volume_to_image,
                self.context, volume, image_name='img', force=False,
                disk_format=disk_format, container_format='bare')
        self.assertEqual([3 * 2 ** 30, None], sizes)
        self.assertEqual('available', volumes.get(volume.id).status)
        self.assertEqual([], uploads.get_by_volume(volume.id))

    def test_a_volume_in_use_needs_force(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.IN_USE)
        error = self.assertRaises(exception.InvalidVolume, self.upload, volume)
        self.assertIn('is in-use, and force was not given', str(error))
        self.assertNothingLeft(volume, 'in-use')
        self.assertEqual('in-use',
                         self.upload(volume, force=True).previous_status)

    def test_force_can_be_switched_off_and_then_says_so(self) -> None:
        self.config(enable_force_upload=False, group='upload')
        volume = statements.make_volume(status=VolumeStatus.IN_USE)
        error = self.assertRaises(exception.InvalidVolume, self.upload,
                                  volume, force=True)
        self.assertIn('enable_force_upload is off', str(error))
        self.upload(statements.make_volume(), force=True)

    def test_the_loser_of_a_race_hears_the_status_as_it_is_now(self) -> None:
        volume = statements.make_volume()
        late = volumes.get(volume.id)
        self.upload(volume)
        error = self.assertRaises(exception.InvalidVolume, self.upload, late)
        self.assertIn('but is uploading', str(error))
        self.assertEqual(1, len(self.images.images))

    def test_an_image_that_glance_refuses_leaves_nothing(self) -> None:
        volume = statements.make_volume()
        self.images.error = exception.ImageRefused(code=403, reason='quota')
        self.assertRaises(exception.ImageRefused, self.upload, volume)
        self.assertNothingLeft(volume, 'available')
        self.assertEqual([], uploads.get_by_volume(volume.id))

    def test_a_glance_that_is_down_leaves_nothing(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.IN_USE)
        self.images.error = BROKEN
        self.assertRaises(exception.ImageServiceError, self.upload, volume,
                          force=True)
        self.assertNothingLeft(volume, 'in-use')
        self.assertEqual([], uploads.get_by_volume(volume.id))

    def test_an_image_that_may_exist_is_deleted_and_remembered(self) -> None:
        volume = statements.make_volume()
        self.images.error = exception.ImageServiceError(
            reason='connection reset', outcome_unknown=True)
        self.images.created_all_the_same = True
        self.assertRaises(exception.ImageServiceError, self.upload, volume)
        self.assertNothingLeft(volume, 'available')
        upload, = uploads.get_by_volume(volume.id)
        self.assertEqual('failed', upload.status)
        self.assertIn('connection reset', upload.reason or '')
