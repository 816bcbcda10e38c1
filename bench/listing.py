# SPDX-License-Identifier: Apache-2.0
"""Does a volume in a long list cost more than one in a short list?

``python -m bench.listing`` writes ten thousand volumes of one project, each
with three pairs of metadata, into SQLite, MariaDB and PostgreSQL, which are
private ones on loopback. It asks the application, in this process and without
tokens, for pages of 100 and of 1,000 of them: the first page, one from the
middle, and the first one by name.

A figure is the CPU time of a row in microseconds, that of this process and of
the database's server, user and system, the median of the rounds; the last
column is the long page's over the short one's. (By the clock a long page looks
worse on a busy machine: it is rarely left alone.) With ``--limit 1.5`` the
exit code is 1 if one is above that.
"""

import volupload.cmd  # noqa: F401 isort:skip  (chooses threads first)

import argparse
from collections.abc import Callable
import contextlib
import json
import statistics
from typing import Any
from wsgiref import util

from oslo_utils import uuidutils
import sqlalchemy as sa

from bench import databases
from bench import table
from tests.fixtures import database
from volupload import conf
from volupload import rpc
from volupload import service
from volupload.api import app
from volupload.conf import CONF
from volupload.db import models
from volupload.db import session

PROJECT = uuidutils.generate_uuid(dashed=False)
SHORT, LONG = 100, 1000
_BATCH = 2000
# Of one measurement: the kernel counts in hundredths of a second.
_ROWS = 2000

Ask = Callable[[int, str], None]   # limit, and the rest of the query


def main() -> None:
    arguments = make_parser().parse_args()
    service.register_library_options()
    conf.parse([], 'bench.listing', [])
    ratios = [_report(name, arguments.volumes, arguments.rounds)
              for name in arguments.databases]
    if arguments.limit and max(ratios) > arguments.limit:
        raise SystemExit(1)


def _report(name: str, volumes: int, rounds: int) -> float:
    """Measure one database and print it; the worst ratio."""
    with contextlib.ExitStack() as stack:
        made = databases.make(stack, name)
        stack.enter_context(database.Database(made.url))
        middle = _fill(volumes)
        rows = _measure(made, _load(), middle, rounds)
    table.show(f'{name}, {volumes:,} volumes, microseconds a row',
               ('page', f'of {SHORT}', f'of {LONG:,}', 'ratio'), rows)
    return max(float(row[-1]) for row in rows)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bench.listing', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--volumes', type=int, default=10_000,
                        help='how many there are')
    parser.add_argument('--rounds', type=int, default=10,
                        help='how often each page is asked for')
    parser.add_argument('--databases', nargs='+', choices=databases.SERVERS,
                        default=list(databases.SERVERS),
                        help='which are measured, all of them by default')
    parser.add_argument('--limit', type=float,
                        help='what the ratio of long to short may be')
    return parser


def _load() -> Ask:
    CONF.set_override('auth_strategy', 'noauth', group='api')
    CONF.set_override('auth_type', 'none', group='glance')
    CONF.set_override('endpoint_override', 'http://localhost',
                      group='glance')
    rpc.set_default_url('fake://')
    application = app.load()

    def ask(limit: int, rest: str) -> None:
        environ: dict[str, Any] = {
            'PATH_INFO': f'/v3/{PROJECT}/volumes/detail',
            'QUERY_STRING': f'limit={limit}{rest}'}
        util.setup_testing_defaults(environ)
        answer = b''.join(application(environ, lambda status, headers: None))
        found = len(json.loads(answer).get('volumes', ()))
        if found != limit:
            raise SystemExit(f'{found} volumes came: {answer[:500]!r}')
    return ask


def _fill(count: int) -> str:
    """The id of a volume in the middle of them."""
    ids = [uuidutils.generate_uuid() for _ in range(count)]
    now = models.utcnow()
    for start in range(0, count, _BATCH):
        batch = ids[start:start + _BATCH]
        with session.connection() as writing:
            writing.execute(sa.insert(models.Volume), [{
                'id': one, 'project_id': PROJECT, 'size_gb': 1,
                'name': f'volume {one}', 'status': 'available',
                'host': 'bench@local', 'created_at': now} for one in batch])
            writing.execute(sa.insert(models.VolumeMetadata), [{
                'volume_id': one, 'key': f'key {key}', 'value': 'value'}
                for one in batch for key in range(3)])
    return sorted(ids)[count // 2]


def _measure(made: databases.Made, ask: Ask, middle: str,
             rounds: int) -> list[tuple[Any, ...]]:
    pages = {'first': '', 'middle': f'&marker={middle}',
             'by name': '&sort=name:asc'}
    used: dict[tuple[str, int], list[float]] = {
        (page, limit): [] for page in pages for limit in (SHORT, LONG)}
    # In turn, so that what else happens here happens to all of them.
    for _ in range(rounds + 1):
        for (page, limit), seconds in used.items():
            began = made.cpu_seconds()
            for _ in range(_ROWS // limit):
                ask(limit, pages[page])
            seconds.append((made.cpu_seconds() - began) / _ROWS * 1e6)
    # The first round pays for caches and connections.
    figures = {key: statistics.median(seconds[1:])
               for key, seconds in used.items()}
    return [(page, figures[page, SHORT], figures[page, LONG],
             figures[page, LONG] / figures[page, SHORT]) for page in pages]


if __name__ == '__main__':
    main()
