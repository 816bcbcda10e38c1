# SPDX-License-Identifier: Apache-2.0
"""The statements on real servers; the unit tests run the same on SQLite."""

import sqlalchemy

from tests import base
from tests.fixtures import database
from tests.fixtures import services
from tests.unit.db import queue_statements
from tests.unit.db import statements
from volupload.db import session


class TestMariaDB(base.TestCase, statements.Statements,
                 queue_statements.QueueStatements):

    def setUp(self) -> None:
        super().setUp()
        server = self.useFixture(services.MariaDB())
        self.useFixture(database.Database(server.url))


class TestPostgreSQL(base.TestCase, statements.Statements,
                 queue_statements.QueueStatements):

    def setUp(self) -> None:
        super().setUp()
        server = self.useFixture(services.PostgreSQL())
        self.useFixture(database.Database(server.url))

    def test_text_sorts_the_same_in_a_database_of_english(self) -> None:
        with session.connection() as connection:
            connection.execute(sqlalchemy.text(
                'ALTER TABLE volumes ALTER COLUMN name '
                'TYPE varchar(255) COLLATE "en-x-icu"'))
        self.test_text_sorts_by_its_code_points()
