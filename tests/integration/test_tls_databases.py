# SPDX-License-Identifier: Apache-2.0
"""MariaDB and PostgreSQL with TLS: who is let in, and who is believed."""

from pathlib import Path
import subprocess

import fixtures
import testscenarios

from tests.fixtures import services
from tests.integration import base
from tests.integration import mistrust
from tests.integration import tlscloud
from tests.unit.db import releases
from tools.cloud import programs
from volupload import exception
from volupload.cmd.operations import uploads
from volupload.conf import CONF
from volupload.db import migration
from volupload.db import schema
from volupload.db import services as managers
from volupload.db import session

NEWEST = max(releases.RELEASES)


class DatabaseTestCase(testscenarios.WithScenarios, base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.cloud = self.useFixture(tlscloud.SharedCloud()).service
        self.logs = self.useFixture(fixtures.FakeLogger())
        self.useFixture(mistrust.Configured())
        # Ten times ten seconds otherwise.
        CONF.set_override('max_retries', 0, group='database')

    def version(self, url: str) -> str | None:
        """Of the schema, if the server lets us in.

        :raises ConfigError: it does not, or it is not let
        """
        CONF.set_override('connection', url, group='database')
        session.configure()
        try:
            return schema.version()
        finally:
            session.dispose()

    def refused(self, url: str, words: str) -> None:
        error = self.assertRaises(exception.ConfigError, self.version, url)
        self.assertNotIn('\n', str(error))
        mistrust.check_told(self, words, str(error) + self.logs.output)


class TestDatabases(DatabaseTestCase, mistrust.Mistrust):

    scenarios = mistrust.STRANGERS

    def test_mariadb(self) -> None:
        self.refused(self.cloud.on_mariadb(**self.wrong(self.cloud)),
                     self.words)

    def test_postgresql(self) -> None:
        # It is libpq that says so.
        words = ('SSL error: certificate verify failed'
                 if self.words == mistrust.ISSUER
                 else 'does not match host name')
        self.refused(self.cloud.on_postgresql(**self.wrong(self.cloud)),
                     words)


class TestDatabasesInTheClear(DatabaseTestCase):

    def test_mariadb_lets_nobody_in(self) -> None:
        good = self.cloud.on_mariadb()
        self.assertEqual(NEWEST, self.version(good))
        plain = good.replace('ssl_ca=', 'ssl_disabled=')
        self.refused(plain, 'Access denied for user')

    def test_postgresql_lets_nobody_in(self) -> None:
        good = self.cloud.on_postgresql()
        self.version(good)
        plain = good.replace('verify-full', 'disable')
        self.refused(plain, 'no pg_hba.conf entry for host')
        self.refused(plain, 'no encryption')

    def test_a_mariadb_without_tls_is_not_spoken_to(self) -> None:
        """Or whoever is on the way could say that it has none."""
        server = self.useFixture(services.MariaDB())
        url = self.cloud.on_mariadb()
        plain = server.url + url[url.index('&ssl_ca'):]
        self.assertIsNone(self.version(server.url))
        self.refused(plain, "SSL is required but the server doesn't support")

    def test_what_the_page_warns_of_forgets_the_ca(self) -> None:
        self.assertIn('ssl_verify_cert', mistrust.PAGE)
        self.refused(f'{self.cloud.on_mariadb()}&ssl_verify_cert=true',
                     mistrust.ISSUER)


class TestDatabaseSync(DatabaseTestCase):

    def test_on_postgresql_makes_the_schema(self) -> None:
        CONF.set_override('connection', self.cloud.on_postgresql(),
                          group='database')
        session.configure()
        self.addCleanup(session.dispose)
        migration.sync()
        self.assertEqual(NEWEST, schema.version())

    def test_ends_with_a_line(self) -> None:
        directory = Path(self.useFixture(fixtures.TempDir()).path)
        file = directory / 'volupload.conf'
        wrong = self.cloud.on_mariadb(authority=self.cloud.stranger)
        file.write_text(f'[database]\nmax_retries = 0\nconnection = {wrong}')
        ended = subprocess.run(
            [programs.of_volupload('volupload-manage'), '--config-file',
             file, 'db', 'sync'], capture_output=True, text=True)
        self.assertEqual(1, ended.returncode)
        self.assertEqual(1, len(ended.stderr.splitlines()), ended.stderr)
        mistrust.check_told(self, mistrust.ISSUER, ended.stderr)

    def test_other_commands_end_with_one_too(self) -> None:
        CONF.set_override('connection', self.cloud.on_postgresql(
            authority=self.cloud.stranger), group='database')
        session.configure()
        self.addCleanup(session.dispose)
        error = self.assertRaises(SystemExit, self._list_services)
        self.assertNotIn('\n', str(error))
        mistrust.check_told(self, 'SSL error: certificate verify failed',
                            str(error))

    def _list_services(self) -> None:
        with uploads.told_in_a_line():
            managers.get_all()
