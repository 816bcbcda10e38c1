# SPDX-License-Identifier: Apache-2.0
"""volupload-manage: what an operator does to the database."""

from collections.abc import Callable
import sys
from typing import Any

from oslo_config import cfg

from volupload import service
from volupload.cmd.operations import uploads
from volupload.conf import CONF
from volupload.db import schema
from volupload.volume.status import UploadStatus


def db_sync() -> None:
    """Bring the schema to the version of this code, or to the one named."""
    # Alembic takes as long to load as a sixth of all the rest.
    from volupload.db import migration
    migration.sync(CONF.command.version)
    print(f'The database is at version {schema.version()}.')


def db_version() -> None:
    """Print the version of the schema; exit with 1 if it is not current."""
    print(schema.version() or 'empty')
    if not schema.is_current():
        sys.exit(1)


COMMANDS: dict[tuple[str, str], Callable[[], None]] = {
    ('db', 'sync'): db_sync,
    ('db', 'version'): db_version,
    ('db', 'purge'): uploads.db_purge,
    ('upload', 'list'): uploads.upload_list,
    ('upload', 'show'): uploads.upload_show,
    ('upload', 'reset'): uploads.upload_reset,
    ('upload', 'purge'): uploads.upload_purge,
    ('service', 'list'): uploads.service_list,
    ('message', 'purge'): uploads.message_purge,
}
_NOUNS = {'db': 'the database', 'upload': 'uploads', 'service': 'managers',
          'message': 'messages to users'}


def add_commands(subparsers: Any) -> None:
    """:param subparsers: argparse's, one parser for each noun."""
    verbs = {noun: subparsers.add_parser(noun, help=words).add_subparsers(
        dest='action', required=True) for noun, words in _NOUNS.items()}
    parsers = {}
    for (noun, verb), function in COMMANDS.items():
        words = (function.__doc__ or '').splitlines()[0]
        parsers[noun, verb] = verbs[noun].add_parser(
            verb, help=words, description=words)
    parsers['db', 'sync'].add_argument(
        'version', nargs='?', default='head',
        help='a revision, the newest by default')
    _add_upload_arguments(parsers)
    for command in (('upload', 'list'), ('upload', 'show'),
                    ('service', 'list')):
        parsers[command].add_argument(
            '--json', action='store_true', help='print JSON')


def _add_upload_arguments(parsers: dict[tuple[str, str], Any]) -> None:
    listed = parsers['upload', 'list']
    listed.add_argument('--project', help='of this project only')
    listed.add_argument('--limit', type=int, default=100,
                        help='how many at most, 100 by default')
    which = listed.add_mutually_exclusive_group()
    which.add_argument('--status', choices=list(UploadStatus),
                       help='those that are not finished, by default')
    which.add_argument('--all', action='store_true',
                       help='finished ones too')
    for verb in ('show', 'reset'):
        parsers['upload', verb].add_argument('id', help="the upload's id")
    parsers['upload', 'reset'].add_argument(
        '--reason', default='An operator ended the upload.',
        help='what the user is told')
    for noun in ('upload', 'db'):
        parsers[noun, 'purge'].add_argument(
            '--days', type=_days, required=True,
            help='finished so many days ago or earlier')


def _days(text: str) -> int:
    """:raises ValueError: it is no number of days."""
    days = int(text)
    if not 0 <= days <= 100_000:
        raise ValueError(text)
    return days


def main() -> None:
    CONF.register_cli_opt(cfg.SubCommandOpt(
        'command', title='Commands', handler=add_commands))
    service.setup('volupload-manage', sys.argv[1:], prints=True)
    if CONF.command.name is None:
        CONF.print_help()
        sys.exit(2)
    with uploads.told_in_a_line():
        COMMANDS[CONF.command.name, CONF.command.action]()
