# SPDX-License-Identifier: Apache-2.0

from tests import base
from tests.fixtures import database
from tests.unit.db import queue_statements
from tests.unit.db import statements
from volupload.db import session
from volupload.db import volumes


class TestSqlite(base.TestCase, statements.Statements,
                 queue_statements.QueueStatements):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())

    def test_readers_do_not_wait_for_a_writer(self) -> None:
        volume = statements.make_volume()
        with session.writer() as writing:
            volume_row = writing.get(type(volume), volume.id)
            assert volume_row is not None
            volume_row.name = 'changing'
            writing.flush()
            with session.engine().connect() as other:
                name = other.exec_driver_sql(
                    'SELECT name FROM volumes').scalar()
        self.assertEqual('vol', name)
        self.assertEqual('changing', volumes.get(volume.id).name)
