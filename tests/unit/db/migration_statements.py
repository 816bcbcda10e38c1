# SPDX-License-Identifier: Apache-2.0
"""What every database must do with data of an earlier version."""

from typing import Any
import unittest

from oslo_utils import uuidutils
import sqlalchemy as sa

from tests.unit.db import releases
from tests.unit.db.releases import NOON
from tests.unit.db.statements import HOST
from tests.unit.db.statements import make_upload
from tests.unit.db.statements import make_volume
from volupload.db import migration
from volupload.db import models
from volupload.db import queue
from volupload.db import schema
from volupload.db import session
from volupload.db import uploads
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus


def go_back(version: str) -> None:
    """Have the tables of a version, with nothing in them."""
    engine = session.engine()
    models.Base.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.text('DROP TABLE alembic_version'))
    migration.sync(version)


def insert(table: str, **values: Any) -> str:
    """Write a row as code of that version did."""
    row = {'id': uuidutils.generate_uuid(), 'project_id': 'p1',
           'host': HOST, 'created_at': NOON, **values}
    there = sa.Table(table, sa.MetaData(), autoload_with=session.engine())
    with session.engine().begin() as connection:
        connection.execute(sa.insert(there), row)
    return str(row['id'])


def insert_upload(volume_id: str, status: str, **values: Any) -> str:
    return insert(
        'uploads', volume_id=volume_id, status=status, bytes_sent=5,
        image_id=uuidutils.generate_uuid(), image_name='img',
        disk_format='raw', container_format='bare', protected=False,
        previous_status='in-use', **values)


def columns() -> dict[str, set[str]]:
    """The tables that there are, and their columns."""
    inspector = sa.inspect(session.engine())
    return {table: {column['name'] for column in inspector.get_columns(table)}
            for table in inspector.get_table_names()
            if table != 'alembic_version'}


def write(rows: releases.Rows) -> None:
    """As code that knows these columns and no other."""
    with session.engine().begin() as connection:
        for name, row in rows.items():
            # MariaDB does not know any more that a column is JSON.
            table = sa.Table(name, sa.MetaData(), *(
                sa.Column(key, sa.JSON) for key, value in row.items()
                if isinstance(value, dict)), autoload_with=connection)
            connection.execute(sa.insert(table), row)


def read() -> releases.Rows:
    """What this code sees in them: the row of each table that has one."""
    found = {}
    with session.engine().connect() as connection:
        for table in models.Base.metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                found[table.name] = dict(row._mapping)
    return found


def empty() -> None:
    with session.engine().begin() as connection:
        for table in reversed(models.Base.metadata.sorted_tables):
            connection.execute(sa.delete(table))


class MigrationStatements(unittest.TestCase):
    """Mixed into a test case that has a database with the tables in it."""

    def first_release(self) -> tuple[str, str, str]:
        """Uploads of version 001: running, waiting, and of a lost volume."""
        go_back('001')
        first, second = (
            insert('volumes', size_gb=size, status='uploading',
                   previous_status='in-use') for size in (7, 9))
        return (insert_upload(first, 'running', worker='host:1',
                              started_at=NOON.replace(microsecond=0)),
                insert_upload(second, 'queued'),
                insert_upload(uuidutils.generate_uuid(), 'succeeded',
                              image_size=5))

    def test_uploads_of_the_first_release_are_kept(self) -> None:
        running, waiting, done = self.first_release()
        migration.sync()
        self.assertTrue(schema.is_current())
        for upload_id, status, size_gb in (
                (running, 'running', 7), (waiting, 'queued', 9),
                (done, 'succeeded', 0)):
            upload = uploads.get(upload_id)
            self.assertEqual(
                (status, size_gb, 0, 0, 5, NOON, None, None, None, None),
                (upload.status, upload.size_gb, upload.attempt,
                 upload.bytes_read, upload.bytes_sent, upload.created_at,
                 upload.heartbeat_at, upload.not_before, upload.phase,
                 upload.visibility))

    def test_what_ran_in_the_first_release_is_begun_anew(self) -> None:
        running, waiting, _ = self.first_release()
        migration.sync()
        left, = queue.expired(None, 600)
        self.assertEqual(running, left.id)
        self.assertTrue(queue.take_over(left, 'host:2:bbbb'))
        self.assertTrue(queue.requeue(left))
        claimed = [queue.claim_next([HOST], 'host:2:bbbb') for _ in range(2)]
        self.assertEqual({running, waiting},
                         {upload.id for upload in claimed if upload})
        for upload in filter(None, claimed):
            self.assertTrue(uploads.settle(upload, UploadStatus.SUCCEEDED))

    def test_code_of_the_first_release_can_still_write(self) -> None:
        """`db sync` is run while the old services are up."""
        upload_id = insert_upload(make_volume().id, 'queued')
        self.assertEqual((0, 0, 0), (
            uploads.get(upload_id).attempt, uploads.get(upload_id).size_gb,
            uploads.get(upload_id).bytes_read))
        claimed = queue.claim_next([HOST], 'host:2:bbbb')
        assert claimed is not None
        self.assertEqual(upload_id, claimed.id)

    def test_data_of_every_release_is_kept(self) -> None:
        for revision in releases.RELEASES:
            go_back(revision)
            written = releases.rows(revision)
            self.assertEqual({table: set(row) for table, row in
                              written.items()}, columns(), revision)
            write(written)
            migration.sync()
            self.assertTrue(schema.is_current())
            self.assertEqual(releases.upgraded(revision), read(), revision)

    def test_code_of_every_release_can_write_after_the_upgrade(self) -> None:
        """`db sync` is run while the old services are up."""
        for revision in releases.RELEASES:
            empty()
            write(releases.rows(revision))
            self.assertEqual(releases.written_late(revision), read(),
                             revision)

    def test_a_second_sync_changes_nothing(self) -> None:
        upload = make_upload(make_volume(status=VolumeStatus.IN_USE))
        migration.sync()
        self.assertEqual(UploadStatus.QUEUED, uploads.get(upload.id).status)
