# SPDX-License-Identifier: Apache-2.0
"""What an API leaves behind, at whatever step it fails or dies.

A process that dies is played by an error that is no Exception: nothing is
undone then. What the managers make of that is theirs, and tried here too.
"""

from collections.abc import Callable
from concurrent import futures
import datetime
import time
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import session
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume import beginnings
from volupload.volume import leftovers
from volupload.volume import notifications
from volupload.volume.reaper import Reaper
from volupload.volume.status import UploadStatus


class Killed(BaseException):
    """The process is gone."""


class Images(doubles.Images):
    """Calls `before` and `after` around the making of the record."""

    before: Callable[[], None] = staticmethod(lambda: None)
    after: Callable[[], None] = staticmethod(lambda: None)

    def create_image(self, *args: Any, **values: Any) -> dict[str, Any]:
        self.before()
        image = super().create_image(*args, **values)
        self.after()
        return image


class Listener(notifications.Notifier):
    """Writes down what would be told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, str]] = []

    def error(self, upload: models.Upload, reason: str) -> None:
        self.told.append((upload.id, upload.status, reason))


class BeginningsTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.images = Images()
        self.listener = Listener()
        self.beginnings = beginnings.Beginnings(self.images, self.listener)
        self.context = RequestContext(user_id='u1', project_id='p1',
                                      is_admin=False)
        self.volume = statements.make_volume()

    def begin(self, volume: models.Volume | None = None) -> models.Upload:
        upload, _ = self.beginnings.begin(
            self.context, volume or self.volume, image_name='img',
            disk_format='raw', container_format='bare')
        return upload

    def row(self) -> models.Upload:
        [upload] = uploads.get_by_volume(self.volume.id)
        return upload

    def status(self) -> str:
        return volumes.get(self.volume.id).status

    def reap(self) -> None:
        """As a manager does when `creating_timeout` is over."""
        with session.connection() as writing:
            session.count_changed(writing, sa.update(models.Upload).values(
                heartbeat_at=models.precise_now()
                - datetime.timedelta(seconds=181)))
        Reaper('w', self.images, tuple, []).sweep()

    def assertFailed(self, *words: str) -> None:
        """Nothing is held, nothing is left, and the row says why."""
        upload = self.row()
        self.assertEqual(('failed', 'available', {}), (
            upload.status, self.status(), self.images.images))
        for word in words:
            self.assertIn(word, upload.reason or '')

    def intercept(self, before: Callable[[], None] = lambda: None,
                  after: Callable[[], None] = lambda: None) -> None:
        """Do something around the step into the queue."""
        real = uploads.transition

        def transition(*args: Any, **values: Any) -> bool:
            before()
            moved = real(*args, **values)
            after()
            return moved
        self.patch(uploads, 'transition', transition)


def die() -> None:
    raise Killed


class TestKilled(BeginningsTestCase):

    def test_before_glance_heard_of_the_image(self) -> None:
        self.images.before = die
        self.assertRaises(Killed, self.begin)
        self.assertEqual(('creating', 'uploading'),
                         (self.row().status, self.status()))
        self.reap()
        self.assertFailed('died before')

    def test_when_glance_had_made_the_image(self) -> None:
        self.images.after = die
        self.assertRaises(Killed, self.begin)
        self.assertEqual([self.row().image_id], list(self.images.images))
        self.reap()
        self.assertFailed('died before')

    def test_when_it_had_the_answer(self) -> None:
        self.intercept(before=die)
        self.assertRaises(Killed, self.begin)
        self.reap()
        self.assertFailed('died before')

    def test_when_the_upload_was_queued(self) -> None:
        self.intercept(after=die)
        self.assertRaises(Killed, self.begin)
        self.reap()
        self.assertEqual(('queued', 'uploading'),
                         (self.row().status, self.status()))
        self.assertEqual([self.row().image_id], list(self.images.images))

    def test_while_it_undid_what_glance_may_have_made(self) -> None:
        self.images.error = exception.ImageServiceError(
            reason='reset', outcome_unknown=True)
        self.images.created_all_the_same = True
        for step in (None, 'settle'):
            self.volume = statements.make_volume()
            if step:
                self.patch(uploads, step, lambda *_args: die())
            else:
                self.images.delete_error = Killed()   # type: ignore
            self.assertRaises(Killed, self.begin)
            self.images.delete_error = None
            self.assertEqual(('creating', 'uploading'),
                             (self.row().status, self.status()))

    def test_while_a_failed_upload_is_begun_again(self) -> None:
        upload = self.begin()
        uploads.settle(uploads.get(upload.id), UploadStatus.FAILED, 'first')
        self.images.images.clear()
        self.images.after = die
        self.assertRaises(Killed, self.beginnings.begin_again, self.context,
                          uploads.get(upload.id))
        self.assertNotEqual(upload.image_id, self.row().image_id)
        self.assertEqual([self.row().image_id], list(self.images.images))
        self.reap()
        self.assertFailed('died before')


class TestUndone(BeginningsTestCase):

    def test_what_nobody_foresaw_may_have_made_the_image(self) -> None:
        def fail() -> None:
            raise ZeroDivisionError('secret')
        self.images.after = fail
        self.assertRaises(ZeroDivisionError, self.begin)
        self.assertFailed('Internal error: ZeroDivisionError')
        self.assertNotIn('secret', self.row().reason or '')
        self.assertEqual([(self.row().id, 'failed', self.row().reason)],
                         self.listener.told)

    def test_nobody_is_told_of_what_never_was(self) -> None:
        self.images.error = exception.ImageRefused(code=403, reason='No.')
        self.assertRaises(exception.ImageRefused, self.begin)
        self.assertEqual([], self.listener.told)
        self.assertEqual([], uploads.get_by_volume(self.volume.id))

    def test_an_image_that_cannot_be_deleted_goes_later(self) -> None:
        self.patch(leftovers.Leftovers, 'pause', 0.05)
        self.images.error = exception.ImageServiceError(
            reason='reset', outcome_unknown=True)
        self.images.created_all_the_same = True
        self.images.delete_error = exception.ImageServiceError(reason='503')
        self.assertRaises(exception.ImageServiceError, self.begin)
        row = self.row()
        self.assertEqual(('failed', 'available'), (row.status, self.status()))
        self.assertIn('reset (and the image could not be deleted)',
                      row.reason or '')
        time.sleep(0.2)
        self.assertEqual([row.image_id], list(self.images.images))
        self.images.delete_error = None
        deadline = time.monotonic() + 30
        while self.images.images and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual({}, self.images.images)

    def test_a_refusal_is_told_though_the_database_is_away(self) -> None:
        self.images.error = exception.ImageRefused(code=403, reason='No.')

        def away(*_args: object) -> None:
            raise db_exception.DBConnectionError
        self.patch(uploads, 'undo', away)
        error = self.assertRaises(exception.ImageRefused, self.begin)
        self.assertEqual('No.', str(error))
        self.reap()
        self.assertFailed('died before')

    def test_a_commit_whose_answer_is_lost_was_one(self) -> None:
        def lose() -> None:
            raise db_exception.DBConnectionError
        self.intercept(after=lose)
        self.assertEqual('queued', self.begin().status)
        self.assertEqual(('queued', 'uploading'),
                         (self.row().status, self.status()))
        self.assertEqual([self.row().image_id], list(self.images.images))

    def test_a_commit_that_failed_was_none(self) -> None:
        def lose() -> None:
            raise db_exception.DBConnectionError
        self.intercept(before=lose)
        self.assertRaises(db_exception.DBConnectionError, self.begin)
        self.assertFailed('could not be queued', 'DBConnectionError')

    def test_when_nobody_knows_nothing_is_touched(self) -> None:
        def lose(*_args: object) -> None:
            raise db_exception.DBConnectionError
        self.intercept(after=lambda: lose())
        self.patch(uploads, 'get', lose)
        self.assertRaises(db_exception.DBConnectionError, self.begin)
        self.assertEqual('queued', self.row().status)
        self.assertEqual([self.row().image_id], list(self.images.images))


class TestTooLate(BeginningsTestCase):
    """A manager took the API for dead and has failed the upload."""

    def test_the_image_is_removed_and_the_client_told(self) -> None:
        for place in ('before', 'after'):
            self.volume = statements.make_volume()
            setattr(self.images, place, self.reap)
            self.assertRaises(exception.ImageServiceError, self.begin)
            setattr(self.images, place, lambda: None)
            self.assertFailed('died before')

    def test_what_it_undoes_then_is_not_anothers(self) -> None:
        later: list[models.Upload] = []

        def overtake() -> None:
            self.reap()
            self.images.before = lambda: None
            later.append(self.begin(volumes.get(self.volume.id)))
            self.images.error = exception.ImageRefused(code=403, reason='No.')
        self.images.before = overtake
        self.assertRaises(exception.ImageRefused, self.begin)
        self.assertEqual('uploading', self.status())
        self.assertEqual('queued', uploads.get(later[0].id).status)
        self.assertEqual({'queued', 'failed'}, {
            row.status for row in uploads.get_by_volume(self.volume.id)})


class TestQueueLimit(BeginningsTestCase):

    def test_many_at_once_do_not_go_beyond_it(self) -> None:
        self.config(max_queued_per_project=3, group='upload')
        made = [statements.make_volume() for _ in range(12)]
        with futures.ThreadPoolExecutor(6) as pool:
            answers = [pool.submit(self.begin, volume) for volume in made]
        begun = [one for one in answers if one.exception() is None]
        self.assertLessEqual(1, len(begun))
        self.assertLessEqual(len(begun), 3)
        for one in answers:
            if one not in begun:
                self.assertIsInstance(one.exception(), exception.QueueFull)
        self.assertEqual(len(begun), len(self.images.images))
        self.assertEqual(len(begun), len([volume for volume in made if (
            volumes.get(volume.id).status == 'uploading')]))
