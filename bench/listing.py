# SPDX-License-Identifier: Apache-2.0
"""Does a volume in a long list cost more than one in a short list?

``python -m bench.listing`` writes ten thousand volumes of one project into an
SQLite database, each with three pairs of metadata, and asks the application,
in this process and without tokens, for pages of 100 and of 1,000 of them:
the first page, and one from the middle. A figure is the CPU time of a row in
microseconds, the median of the rounds; the last column is the long page's over
the short one's. With ``--limit 1.5`` the exit code is 1 if one is above that.
"""

import volupload.cmd  # noqa: F401 isort:skip  (chooses threads first)

import argparse
from collections.abc import Callable
import json
import statistics
import time
from typing import Any
from wsgiref import util

from oslo_utils import uuidutils
import sqlalchemy as sa

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


def main() -> None:
    arguments = make_parser().parse_args()
    service.register_library_options()
    conf.parse([], 'bench.listing', [])
    with database.Database():
        middle = _fill(arguments.volumes)
        rows = _measure(_load(), middle, arguments.rounds)
    table.show(f'{arguments.volumes:,} volumes, microseconds of CPU a row',
               ('page', f'of {SHORT}', f'of {LONG:,}', 'ratio'), rows)
    if arguments.limit and max(row[-1] for row in rows) > arguments.limit:
        raise SystemExit(1)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bench.listing', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--volumes', type=int, default=10_000,
                        help='how many there are')
    parser.add_argument('--rounds', type=int, default=20,
                        help='how often each page is asked for')
    parser.add_argument('--limit', type=float,
                        help='what the ratio of long to short may be')
    return parser


def _load() -> Callable[[int, str], None]:
    CONF.set_override('auth_strategy', 'noauth', group='api')
    CONF.set_override('auth_type', 'none', group='glance')
    CONF.set_override('endpoint_override', 'http://localhost',
                      group='glance')
    rpc.set_default_url('fake://')
    application = app.load()

    def ask(limit: int, marker: str) -> None:
        environ: dict[str, Any] = {
            'PATH_INFO': f'/v3/{PROJECT}/volumes/detail',
            'QUERY_STRING': f'limit={limit}{marker}'}
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


def _measure(ask: Callable[[int, str], None], middle: str,
             rounds: int) -> list[tuple[Any, ...]]:
    times: dict[tuple[str, int], list[float]] = {}
    # In turn, so that what else happens here happens to all of them.
    for _ in range(rounds + 1):
        for page, marker in (('first', ''), ('middle', f'&marker={middle}')):
            for limit in (SHORT, LONG):
                began = time.process_time()
                ask(limit, marker)
                took = (time.process_time() - began) / limit * 1e6
                times.setdefault((page, limit), []).append(took)
    # The first round pays for caches and connections.
    figures = {key: statistics.median(took[1:])
               for key, took in times.items()}
    return [(page, figures[page, SHORT], figures[page, LONG],
             figures[page, LONG] / figures[page, SHORT])
            for page in ('first', 'middle')]


if __name__ == '__main__':
    main()
