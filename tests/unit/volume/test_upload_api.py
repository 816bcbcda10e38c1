# SPDX-License-Identifier: Apache-2.0

from typing import Any

from oslo_db import exception as db_exception

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import queue
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume import api
from volupload.volume import notifications
from volupload.volume.reaper import Reaper


class Listener(notifications.Notifier):
    """Writes down what would be told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []

    def end(self, upload: models.Upload) -> None:
        self.told.append((upload.id, upload.status))


class TestCancel(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.images = doubles.Images()
        self.manager = doubles.Manager()
        self.listener = Listener()
        self.api = api.API(self.images, self.manager, self.listener)
        self.context = RequestContext(user_id='u1', project_id='p1',
                                      is_admin=False)
        self.upload = statements.make_upload(statements.make_volume())
        self.images.images[self.upload.image_id] = {}

    def cancel(self) -> None:
        self.api.cancel_upload(self.context, self.upload)

    def assertEnded(self) -> None:
        self.assertEqual('cancelled', uploads.get(self.upload.id).status)
        self.assertEqual('available',
                         volumes.get(self.upload.volume_id).status)
        self.assertEqual({}, self.images.images)

    def test_the_end_of_one_that_waits_is_told(self) -> None:
        self.cancel()
        self.assertEnded()
        self.assertEqual([(self.upload.id, 'cancelled')], self.listener.told)

    def test_a_manager_ends_what_is_cut_short(self) -> None:
        def away(*_args: Any, **_values: Any) -> None:
            raise db_exception.DBConnectionError
        real = uploads.settle
        self.patch(uploads, 'settle', away)
        self.cancel()
        self.assertEqual('cancelling', uploads.get(self.upload.id).status)
        self.assertEqual([], self.listener.told)
        self.patch(uploads, 'settle', real)
        Reaper('w', self.images, tuple, []).sweep()
        self.assertEnded()

    def test_a_manager_that_is_faster_is_fine(self) -> None:
        delete = self.images.delete_image

        def overtaken(image_id: str, **options: Any) -> None:
            Reaper('w', self.images, tuple, []).sweep()
            delete(image_id, **options)
        calls = iter([overtaken])
        self.images.delete_image = (   # type: ignore[method-assign]
            lambda *args, **options: next(calls, delete)(*args, **options))
        self.cancel()
        self.assertEnded()
        self.assertEqual([], self.listener.told)

    def test_what_a_worker_has_got_meanwhile_is_the_workers_to_end(
            self) -> None:
        self.assertIsNotNone(queue.claim_next([statements.HOST], 'w'))
        self.cancel()
        row = uploads.get(self.upload.id)
        self.assertEqual(('cancelling', 'w'), (row.status, row.worker))
        self.assertEqual([self.upload.image_id], list(self.images.images))
        self.assertEqual([('cancel_upload', self.upload.id)],
                         self.manager.cast)

    def test_what_is_done_stays_done(self) -> None:
        self.cancel()
        error = self.assertRaises(exception.StatusConflict, self.cancel)
        self.assertIn('is cancelled and cannot be', str(error))
