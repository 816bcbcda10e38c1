# SPDX-License-Identifier: Apache-2.0
"""volupload-manage: what an operator does to the database."""

import sys

from oslo_config import cfg

from volupload import exception
from volupload import service
from volupload.conf import CONF
from volupload.db import migration


def db_sync() -> None:
    """Bring the schema to the version of this code, or to the one named."""
    migration.sync(CONF.command.version)
    print(f'The database is at version {migration.version()}.')


def db_version() -> None:
    """Print the version of the schema; exit with 1 if it is not current."""
    print(migration.version() or 'empty')
    if not migration.is_current():
        sys.exit(1)


COMMANDS = {
    ('db', 'sync'): db_sync,
    ('db', 'version'): db_version,
}


def _add_commands(subparsers: 'cfg._ArgumentParserAction') -> None:  # type: ignore[name-defined]
    db = subparsers.add_parser('db', help='the database').add_subparsers(
        dest='action', required=True)
    sync = db.add_parser('sync', help=db_sync.__doc__)
    sync.add_argument('version', nargs='?', default='head',
                      help='a revision, the newest by default')
    db.add_parser('version', help=db_version.__doc__)


def main() -> None:
    CONF.register_cli_opt(cfg.SubCommandOpt(
        'command', title='Commands', handler=_add_commands))
    service.setup('volupload-manage', sys.argv[1:])
    if CONF.command.name is None:
        CONF.print_help()
        sys.exit(2)
    try:
        COMMANDS[CONF.command.name, CONF.command.action]()
    except exception.ConfigError as error:
        raise SystemExit(f'{CONF.prog}: {error}') from None
