# SPDX-License-Identifier: Apache-2.0
"""Does the queue get slower with the number of uploads that were ever done?

``python -m bench.queue`` fills a new database with finished uploads and, of
ten projects, a hundred that wait. Then it measures, in medians:

claim   `queue.claim_next` with ten uploads under way, given back each time
sweep   what a manager asks every ``sweep_interval``: for expired leases, for
        uploads that were never queued
beat    one sign of life with progress

on SQLite, MariaDB and PostgreSQL. All servers are private ones, on loopback,
and end with the program.
"""

import volupload.cmd  # noqa: F401 isort:skip  (chooses threads first)

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import statistics
import time
from typing import Any

from oslo_utils import uuidutils
import sqlalchemy as sa

from bench import table
from tests.fixtures import database
from tests.fixtures import services
from volupload import conf
from volupload import service
from volupload.db import models
from volupload.db import queue
from volupload.db import session
from volupload.volume.status import UploadStatus

HOST = 'bench@local'
WORKER = 'bench:1:00000000'
SERVERS: dict[str, Any] = {
    'SQLite': None, 'MariaDB': services.MariaDB,
    'PostgreSQL': services.PostgreSQL}
_WAITING = 100
_UNDER_WAY = 10
_PROJECTS = 10
_BATCH = 5000


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m bench.queue')
    parser.add_argument('--finished', type=int, nargs='+',
                        default=[1000, 10_000, 100_000])
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--databases', nargs='+', choices=SERVERS,
                        default=list(SERVERS))
    arguments = parser.parse_args()
    service.register_library_options()
    conf.parse([], 'bench.queue', [])
    rows = [(name, f'{finished:,}', *measured)
            for name in arguments.databases
            for finished, measured in _measure(
                name, arguments.finished, arguments.rounds)]
    table.show('Milliseconds, medians',
               ('database', 'finished', 'claim', 'sweep', 'beat'), rows)


def _measure(name: str, counts: list[int],
             rounds: int) -> Iterator[tuple[int, tuple[float, ...]]]:
    with _database(name):
        _add(_WAITING, UploadStatus.QUEUED)
        for _ in range(_UNDER_WAY):
            queue.claim_next([HOST], WORKER)
        there = 0
        for count in sorted(counts):
            _add(count - there, UploadStatus.SUCCEEDED)
            there = count
            _analyze(name)
            yield count, tuple(_median(step, rounds) * 1000
                               for step in (_claim, _sweep, _Beat()))


@contextlib.contextmanager
def _database(name: str) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        make = SERVERS[name]
        server = stack.enter_context(make()) if make else None
        stack.enter_context(
            database.Database(server.url) if server else database.Database())
        yield


def _add(count: int, status: UploadStatus) -> None:
    finished = status != UploadStatus.QUEUED
    began = models.precise_now() - datetime.timedelta(days=30)
    for start in range(0, count, _BATCH):
        rows = [{
            'id': uuidutils.generate_uuid(),
            'volume_id': uuidutils.generate_uuid(), 'host': HOST,
            'project_id': f'project-{number % _PROJECTS}',
            'image_id': uuidutils.generate_uuid(), 'image_name': 'img',
            'disk_format': 'qcow2', 'container_format': 'bare',
            'protected': False, 'status': status,
            'previous_status': 'available', 'size_gb': 8,
            'attempt': int(finished), 'worker': WORKER if finished else None,
            'heartbeat_at': began if finished else None,
            'finished_at': began if finished else None,
            'created_at': began + datetime.timedelta(seconds=number),
            'bytes_read': 0, 'bytes_sent': 0,
        } for number in range(start, min(start + _BATCH, count))]
        with session.connection() as writing:
            writing.execute(sa.insert(models.Upload), rows)


def _analyze(name: str) -> None:
    """What the server does by itself sooner or later."""
    statement = ('ANALYZE TABLE uploads' if name == 'MariaDB'
                 else 'ANALYZE uploads')
    with session.connection() as writing:
        writing.execute(sa.text(statement))


def _median(step: Callable[[], float], rounds: int) -> float:
    for _ in range(5):
        step()
    return statistics.median(step() for _ in range(rounds))


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _claim() -> float:
    claimed: list[models.Upload | None] = []
    seconds = _timed(
        lambda: claimed.append(queue.claim_next([HOST], WORKER)))
    upload = claimed[0]
    assert upload is not None and queue.requeue(upload, counted=False)
    return seconds


def _sweep() -> float:
    return _timed(lambda: (queue.expired(None, 600),
                           queue.stale_creating(600)))


class _Beat:

    def __call__(self) -> float:
        upload, *_ = queue.expired(None, -600)
        return _timed(lambda: queue.beat(
            upload, phase='sending', bytes_read=1, bytes_sent=1, rate=1))


if __name__ == '__main__':
    main()
