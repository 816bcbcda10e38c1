# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from typing import Any

import sqlalchemy

from tests import base
from tests.fixtures import database
from tests.unit.db import cost_statements
from tests.unit.db import migration_statements
from tests.unit.db import queue_statements
from tests.unit.db import statements
from volupload.db import session
from volupload.db import volumes


class TestSqlite(base.TestCase, statements.Statements,
                 queue_statements.QueueStatements,
                 cost_statements.CostStatements,
                 migration_statements.MigrationStatements):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())

    def work(self, call: Callable[[], object]) -> int:
        """In tens of instructions of SQLite's machine; a row takes a few."""
        count = 0

        def step() -> None:
            nonlocal count
            count += 1

        def watch(connection: Any, *_: object) -> None:
            connection.set_progress_handler(step, 10)

        sqlalchemy.event.listen(session.engine(), 'checkout', watch)
        try:
            call()
        finally:
            sqlalchemy.event.remove(session.engine(), 'checkout', watch)
            session.engine().dispose()
        return count

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
