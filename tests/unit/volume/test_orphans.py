# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
import sys

from tests import base
from tests.fixtures import database
from tests.unit.db import statements
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume import orphans


class TestOrphans(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.upload = statements.make_upload(statements.make_volume())

    def requeued(self, worker: str, host: str = statements.HOST) -> bool:
        """Whether it is put back at the start of a manager of `host`."""
        claimed = uploads.claim_next([statements.HOST], worker)
        assert claimed is not None
        orphans.requeue([host])
        return uploads.get(self.upload.id).status == 'queued'

    def test_what_a_dead_process_left_begins_anew(self) -> None:
        dead = subprocess.Popen([sys.executable, '-c', ''])
        dead.wait()
        self.assertTrue(self.requeued(f'testhost:{dead.pid}'))
        self.assertIsNone(uploads.get(self.upload.id).worker)
        self.assertEqual('uploading',
                         volumes.get(self.upload.volume_id).status)

    def test_a_process_of_our_own_number_is_an_earlier_one(self) -> None:
        self.assertTrue(self.requeued(orphans.worker()))

    def test_what_a_living_process_runs_stays_its_own(self) -> None:
        self.assertFalse(self.requeued(f'testhost:{os.getppid()}'))

    def test_uploads_of_other_managers_are_left_alone(self) -> None:
        self.assertFalse(self.requeued('elsewhere:1', host='elsewhere@local'))
