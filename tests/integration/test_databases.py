# SPDX-License-Identifier: Apache-2.0
"""The statements on real servers; the unit tests run the same on SQLite."""

from collections.abc import Callable

import sqlalchemy

from tests import base
from tests.fixtures import database
from tests.fixtures import services
from tests.unit.db import cost_statements
from tests.unit.db import migration_statements
from tests.unit.db import queue_statements
from tests.unit.db import statements
from volupload.db import session


class TestMariaDB(base.TestCase, statements.Statements,
                 queue_statements.QueueStatements,
                 cost_statements.CostStatements,
                 migration_statements.MigrationStatements):

    def setUp(self) -> None:
        super().setUp()
        server = self.useFixture(services.MariaDB())
        self.useFixture(database.Database(server.url))

    ANALYZE = 'ANALYZE TABLE uploads'

    def work(self, call: Callable[[], object]) -> int:
        """In rows and entries of indexes that were asked for.

        Those of the connection, which is one in a test without threads; and
        the few that it takes to read the counts themselves.
        """
        before = self._rows_read()
        call()
        return self._rows_read() - before

    def _rows_read(self) -> int:
        with session.connection() as connection:
            return sum(int(value) for _, value in connection.execute(
                sqlalchemy.text("SHOW SESSION STATUS LIKE 'Handler_read%'")))


class TestPostgreSQL(base.TestCase, statements.Statements,
                 queue_statements.QueueStatements,
                 cost_statements.CostStatements,
                 migration_statements.MigrationStatements):

    def setUp(self) -> None:
        super().setUp()
        server = self.useFixture(services.PostgreSQL())
        self.useFixture(database.Database(server.url))

    def work(self, call: Callable[[], object]) -> int:
        """In rows and entries of indexes that the scans of uploads read."""
        before = self._rows_read()
        call()
        return self._rows_read() - before

    def _rows_read(self) -> int:
        # One connection serves a test that has no threads, and it is the one
        # that keeps the counts until it is told to hand them in.
        with session.connection() as connection:
            connection.execute(sqlalchemy.text(
                'SELECT pg_stat_force_next_flush()'))
        with session.connection() as connection:
            return int(connection.execute(sqlalchemy.text(
                'SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) + '
                '(SELECT sum(idx_tup_read) FROM pg_stat_user_indexes '
                "WHERE relname = 'uploads') FROM pg_stat_user_tables "
                "WHERE relname = 'uploads'")).scalar_one())

    def test_text_sorts_the_same_in_a_database_of_english(self) -> None:
        with session.connection() as connection:
            connection.execute(sqlalchemy.text(
                'ALTER TABLE volumes ALTER COLUMN name '
                'TYPE varchar(255) COLLATE "en-x-icu"'))
        self.test_text_sorts_by_its_code_points()
