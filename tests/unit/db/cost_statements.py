# SPDX-License-Identifier: Apache-2.0
"""The queue reads what waits or runs, however much has ever been done.

Counted in what the database itself counts (rows read, or instructions of
SQLite's machine), so it comes out the same on a busy computer.
"""

from collections.abc import Callable
import datetime
from typing import Any
import unittest

from oslo_utils import uuidutils
import sqlalchemy as sa

from tests.unit.db.statements import HOST
from tests.unit.db.statements import make_upload
from tests.unit.db.statements import make_volume
from volupload.db import models
from volupload.db import queue
from volupload.db import session
from volupload.db import uploads
from volupload.volume.status import UploadStatus

WORKER = 'host:1:aaaa'
LONG_AGO = datetime.datetime(2020, 1, 1)
FEW, MANY = 100, 5000


def finish(count: int) -> None:
    """Write so many finished uploads, of projects that have others too."""
    rows = [{
        'id': uuidutils.generate_uuid(),
        'volume_id': uuidutils.generate_uuid(), 'host': HOST,
        'project_id': f'p{number % 4}',
        'image_id': uuidutils.generate_uuid(), 'image_name': 'img',
        'disk_format': 'raw', 'container_format': 'bare', 'protected': False,
        'status': UploadStatus.SUCCEEDED, 'previous_status': 'available',
        'worker': WORKER, 'attempt': 1, 'heartbeat_at': LONG_AGO,
        'created_at': LONG_AGO + datetime.timedelta(seconds=number),
        'finished_at': LONG_AGO + datetime.timedelta(seconds=number),
        'size_gb': 1, 'bytes_read': 0, 'bytes_sent': 0,
    } for number in range(count)]
    with session.connection() as writing:
        writing.execute(sa.insert(models.Upload), rows)


class CostStatements(unittest.TestCase):
    """Mixed into a test case that has a database with the tables in it."""

    # The statement that makes the database look at what its tables hold.
    ANALYZE = 'ANALYZE uploads'

    def work(self, call: Callable[[], object]) -> int:
        """What a call costs, by the database's own count."""
        raise NotImplementedError

    def grown(self, call: Callable[[], object]) -> tuple[int, int]:
        """The cost of a call with few finished uploads, and with many."""
        for number in range(12):
            make_upload(make_volume(project_id=f'p{number % 4}'))
        for _ in range(4):
            queue.claim_next([HOST], WORKER)
        make_upload(make_volume(), queued=False)
        costs = []
        for count in (FEW, MANY):
            finish(count)
            with session.connection() as writing:
                writing.execute(sa.text(self.ANALYZE))
            call()   # what is done once for each connection
            costs.append(self.work(call))
        return costs[0], costs[1]

    def check(self, call: Callable[[], object]) -> None:
        few, many = self.grown(call)
        self.assertGreater(few, 0)
        self.assertLessEqual(many, few + 20)

    def test_a_claim_reads_no_finished_upload(self) -> None:
        def claim() -> None:
            upload = queue.claim_next([HOST], WORKER, per_project=3)
            assert upload is not None
            assert queue.requeue(upload, counted=False)
        self.check(claim)

    def test_a_sweep_reads_no_finished_upload(self) -> None:
        def sweep() -> None:
            self.assertEqual(4, len(queue.expired(None, -60)))
            self.assertEqual(1, len(queue.stale_creating(-60)))
        self.check(sweep)

    def test_a_request_for_an_upload_counts_no_finished_one(self) -> None:
        self.check(lambda: self.assertEqual(2, queue.count_waiting('p2')))

    def test_a_page_of_uploads_reads_no_more_than_itself(self) -> None:
        self.check(lambda: self.assertEqual(
            10, len(uploads.get_all('p1', limit=10))))

    def test_a_purge_reads_no_more_than_it_removes(self) -> None:
        self.check(lambda: self.assertEqual(
            5, uploads.purge(LONG_AGO + datetime.timedelta(days=1), 5)))

    def test_the_count_tells_a_statement_that_reads_everything(self) -> None:
        def read() -> Any:
            with session.reader() as reading:
                return reading.scalars(sa.select(models.Upload.image_id).where(
                    models.Upload.image_name == 'img')).all()
        few, many = self.grown(read)
        self.assertGreater(many, few + MANY // 4)
