# SPDX-License-Identifier: Apache-2.0
"""A throwaway PostgreSQL, from Debian's package postgresql.

It refuses to run as root. Then it runs as `postgres`, with its data in a
directory under the system's temporary one, since that account might not get
into ours; the directory goes when the process that started it ends.
"""

import os
from pathlib import Path
import pwd
import shutil
import signal
import tempfile
import weakref

from tools.cloud import errors
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service

_PACKAGE = 'postgresql'
_PROGRAMS = '/usr/lib/postgresql/*/bin'
_ACCOUNT = 'postgres'
_PREFIX = 'volupload-postgresql-'
# Asked for now: a test may move the temporary directory to where only its
# own account gets in.
_TEMPORARY = Path(tempfile.gettempdir())


class PostgreSQL(service.Service):
    """PostgreSQL on a free port of loopback; user and password volupload.

    It waits for no disk: its data is worth nothing after the test.
    """

    superuser = 'volupload'

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = ports.free_port()

    def prepare(self) -> None:
        server = programs.of_debian('postgres', _PACKAGE, _PROGRAMS)
        home = self._make_home()
        data = home / 'data'
        password = home / 'password'
        password.write_text('volupload')
        process.run(
            [programs.of_debian('initdb', _PACKAGE, _PROGRAMS),
             f'--pgdata={data}', f'--username={self.superuser}',
             f'--pwfile={password}', '--auth=scram-sha-256',
             '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
            log=self.directory / 'initdb.log', user=_ACCOUNT, cwd=home)
        self.daemon = process.Daemon(
            'postgresql',
            [server, '-D', data, '-h', '127.0.0.1', '-p', str(self.port),
             '-c', 'unix_socket_directories=', '-c', 'fsync=off',
             '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off',
             '-c', 'max_connections=200'],
            log=self.directory / 'postgresql.log', user=_ACCOUNT, cwd=home,
            # Its fast shutdown: ends sessions and does not wait for them.
            stop_signal=signal.SIGINT,
            healthy=self._is_ready)

    def _make_home(self) -> Path:
        if os.geteuid():
            return self.directory
        _remove_leavings()
        home = Path(tempfile.mkdtemp(
            prefix=f'{_PREFIX}{os.getpid()}-', dir=_TEMPORARY))
        account = pwd.getpwnam(_ACCOUNT)
        os.chown(home, account.pw_uid, account.pw_gid)
        weakref.finalize(self, shutil.rmtree, home, ignore_errors=True)
        return home

    def _is_ready(self) -> bool:
        try:
            self._client('pg_isready', '--quiet')
        except errors.ServiceFailed:
            return False
        return True

    def database(self, name: str) -> str:
        """Make an empty database; its SQLAlchemy URL.

        :raises ServiceFailed: PostgreSQL refused; names the log
        """
        self._client('createdb', '--maintenance-db=postgres', name)
        return ('postgresql+psycopg2://volupload:volupload@127.0.0.1:'
                f'{self.port}/{name}')

    def _client(self, program: str, *arguments: str) -> None:
        process.run(
            [programs.of_debian(program, _PACKAGE, _PROGRAMS),
             '--host=127.0.0.1', f'--port={self.port}',
             '--username=volupload', *arguments],
            log=self.directory / 'client.log',
            environ={'PGPASSWORD': 'volupload'})


def _remove_leavings() -> None:
    """Remove the directories of owners that were killed."""
    for home in _TEMPORARY.glob(f'{_PREFIX}*'):
        owner = home.name.removeprefix(_PREFIX).partition('-')[0]
        if not Path('/proc', owner).exists():
            shutil.rmtree(home, ignore_errors=True)
