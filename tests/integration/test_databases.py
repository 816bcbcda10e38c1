# SPDX-License-Identifier: Apache-2.0
"""The statements on real servers; the unit tests run the same on SQLite.

To make the tables takes half a second. Where a test only needs them empty,
it has those of the test before it.
"""

from collections.abc import Callable

import sqlalchemy

from tests import base
from tests.fixtures import database
from tests.fixtures import services
from tests.unit.db import cost_statements
from tests.unit.db import migration_statements
from tests.unit.db import queue_statements
from tests.unit.db import statements
from volupload.db import models
from volupload.db import session

Server = type[services.MariaDB] | type[services.PostgreSQL]
_used: dict[Server, str] = {}   # URL of the database that is used again


class _TestCase(base.TestCase):

    server: Server

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database(self.url()))

    def url(self) -> str:
        return self.useFixture(self.server()).url


class _Emptied(_TestCase):

    def setUp(self) -> None:
        super().setUp()
        with session.connection() as connection:
            for table in reversed(models.Base.metadata.sorted_tables):
                connection.execute(table.delete())

    def url(self) -> str:
        return _used.setdefault(self.server, super().url())


class TestMariaDB(_Emptied, statements.Statements,
                 queue_statements.QueueStatements):

    server = services.MariaDB


class TestMariaDBAnew(_TestCase, cost_statements.CostStatements,
                      migration_statements.MigrationStatements):

    server = services.MariaDB

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


class TestPostgreSQL(_Emptied, statements.Statements,
                     queue_statements.QueueStatements):

    server = services.PostgreSQL

    def test_text_sorts_the_same_in_a_database_of_english(self) -> None:
        self.addCleanup(self._collate, 'C')
        self._collate('en-x-icu')
        self.test_text_sorts_by_its_code_points()

    def _collate(self, name: str) -> None:
        with session.connection() as connection:
            connection.execute(sqlalchemy.text(
                'ALTER TABLE volumes ALTER COLUMN name '
                f'TYPE varchar(255) COLLATE "{name}"'))


class TestPostgreSQLAnew(_TestCase, cost_statements.CostStatements,
                         migration_statements.MigrationStatements):

    server = services.PostgreSQL

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
