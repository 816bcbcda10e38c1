# SPDX-License-Identifier: Apache-2.0
"""The statements on real servers; the unit tests run the same on SQLite."""

from tests import base
from tests.fixtures import database
from tests.fixtures import services
from tests.unit.db import statements


class TestMariaDB(base.TestCase, statements.Statements):

    def setUp(self) -> None:
        super().setUp()
        server = self.useFixture(services.MariaDB())
        self.useFixture(database.Database(server.url))


class TestPostgreSQL(base.TestCase, statements.Statements):

    def setUp(self) -> None:
        super().setUp()
        server = self.useFixture(services.PostgreSQL())
        self.useFixture(database.Database(server.url))
