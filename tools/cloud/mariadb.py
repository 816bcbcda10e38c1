# SPDX-License-Identifier: Apache-2.0
"""A throwaway MariaDB, from Debian's package mariadb-server."""

import os
from pathlib import Path

from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service

_PACKAGE = 'mariadb-server'

_USER = '''\
CREATE USER IF NOT EXISTS volupload@'127.0.0.1' IDENTIFIED BY 'volupload';
GRANT ALL PRIVILEGES ON *.* TO volupload@'127.0.0.1' WITH GRANT OPTION;
'''


class MariaDB(service.Service):
    """MariaDB on a free port of loopback; user and password volupload.

    It waits for no disk: its data is worth nothing after the test.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = ports.free_port()
        self._data = self.directory / 'data'
        # The path of a socket has at most 107 bytes: a relative one fits.
        self._socket = 'mariadb.socket'

    def prepare(self) -> None:
        server = programs.of_debian('mariadbd', _PACKAGE)
        (self.directory / 'user.sql').write_text(_USER)
        process.run(
            [programs.of_debian('mariadb-install-db', _PACKAGE),
             '--no-defaults', f'--datadir={self._data}', '--skip-test-db',
             '--auth-root-authentication-method=normal', *_as_root()],
            log=self.directory / 'mariadb-install-db.log')
        self.daemon = process.Daemon(
            'mariadb',
            [server, '--no-defaults', f'--datadir={self._data}',
             f'--port={self.port}', '--bind-address=127.0.0.1',
             f'--socket={self._socket}', '--skip-name-resolve',
             f'--pid-file={self.directory}/mariadb.pid',
             f'--init-file={self.directory}/user.sql',
             '--innodb-flush-log-at-trx-commit=0', '--skip-log-bin',
             '--innodb-buffer-pool-size=64M', '--max-connections=200',
             *_as_root()],
            log=self.directory / 'mariadb.log', cwd=self._data,
            healthy=lambda: ports.is_open(self.port))

    def database(self, name: str) -> str:
        """Make an empty database; its SQLAlchemy URL.

        :raises ServiceFailed: MariaDB refused; names the log
        """
        process.run(
            [programs.of_debian('mariadb', 'mariadb-client'), '--no-defaults',
             '--host=127.0.0.1', f'--port={self.port}', '--user=volupload',
             '--password=volupload',
             f'--execute=CREATE DATABASE `{name}` CHARACTER SET utf8mb4'],
            log=self.directory / 'client.log')
        return (f'mysql+pymysql://volupload:volupload@127.0.0.1:{self.port}'
                f'/{name}?charset=utf8mb4')


def _as_root() -> list[str]:
    """Stay root when we are: an account of Debian's might not get in here."""
    return [] if os.geteuid() else ['--user=root']
