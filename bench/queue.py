# SPDX-License-Identifier: Apache-2.0
"""Does the queue get slower with the number of uploads that were ever done?

``python -m bench.queue`` fills new databases with finished uploads, each with
another number, and with a hundred uploads of ten projects that wait. Then it
measures in turn:

claim   `queue.claim_next` with ten uploads under way, given back each time
sweep   what a manager asks every ``sweep_interval``: for expired leases, for
        uploads that were never queued
beat    one sign of life with progress

on SQLite, MariaDB and PostgreSQL. All servers are private ones, on loopback,
and end with the program.

A figure is what one call in ten is faster than: other work on the machine
makes calls slower and none faster, so this changes little from run to run
where the median may double. A last line for each database has the slowest
figure over the fastest. With ``--limit 2`` the exit code is 1 if one of these
is above 2.
"""

import volupload.cmd  # noqa: F401 isort:skip  (chooses threads first)

import argparse
from collections.abc import Callable
import contextlib
import datetime
import statistics
import time

from oslo_utils import uuidutils
import sqlalchemy as sa

from bench import databases
from bench import table
from tests.fixtures import database
from volupload import conf
from volupload import service
from volupload.db import models
from volupload.db import queue
from volupload.db import session
from volupload.volume.status import UploadStatus

HOST = 'bench@local'
WORKER = 'bench:1:00000000'
_WAITING = 100
_UNDER_WAY = 10
_PROJECTS = 10
_BATCH = 5000
_PASSES = 10


def main() -> None:
    arguments = make_parser().parse_args()
    service.register_library_options()
    conf.parse([], 'bench.queue', [])
    ratios = [_report(name, arguments.finished, arguments.rounds)
              for name in arguments.databases]
    if arguments.limit and max(map(max, ratios)) > arguments.limit:
        raise SystemExit(1)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bench.queue', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--finished', type=int, nargs='+',
                        default=[1000, 10_000, 100_000],
                        help='how many uploads there are that have ended')
    parser.add_argument('--rounds', type=int, default=200,
                        help='how often each is asked')
    parser.add_argument('--databases', nargs='+', choices=databases.SERVERS,
                        default=list(databases.SERVERS), help='which of them')
    parser.add_argument('--limit', type=float,
                        help='what slowest over fastest may be')
    return parser


def _report(name: str, counts: list[int], rounds: int) -> list[float]:
    """Measure one database and print it; the ratio of each column."""
    measured = _measure(name, counts, rounds)
    ratios = [max(column) / min(column)
              for column in zip(*measured.values(), strict=True)]
    table.show(f'{name}, milliseconds', ('finished', *STEPS), [
        *((f'{count:,}', *figures) for count, figures in measured.items()),
        ('slowest / fastest', *ratios)])
    return ratios


def _measure(name: str, counts: list[int],
             rounds: int) -> dict[int, list[float]]:
    """Milliseconds of each step, by the number of finished uploads."""
    calls: dict[int, list[list[float]]] = {
        count: [[] for _ in STEPS] for count in counts}
    with contextlib.ExitStack() as stack:
        urls = {count: databases.make(stack, name).url for count in counts}
        for count, url in urls.items():
            with database.Database(url):
                _fill(count)
        # In turn, so that what else happens here happens to all of them.
        for _ in range(_PASSES):
            for count, url in urls.items():
                with database.Database(url):
                    for step, seconds in zip(
                            STEPS.values(), calls[count], strict=True):
                        seconds += _times(step, rounds // _PASSES)
    return {count: [statistics.quantiles(seconds, n=10)[0] * 1000
                    for seconds in calls[count]] for count in counts}


def _fill(finished: int) -> None:
    _add(_WAITING, UploadStatus.QUEUED)
    for _ in range(_UNDER_WAY):
        queue.claim_next([HOST], WORKER)
    _add(finished, UploadStatus.SUCCEEDED)
    _analyze()


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


def _analyze() -> None:
    """What the server does by itself sooner or later."""
    statement = ('ANALYZE TABLE uploads'
                 if session.engine().dialect.name == 'mysql'
                 else 'ANALYZE uploads')
    with session.connection() as writing:
        writing.execute(sa.text(statement))


def _times(step: Callable[[], float], rounds: int) -> list[float]:
    for _ in range(3):
        step()   # connections and caches
    return [step() for _ in range(rounds)]


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


def _beat() -> float:
    upload, *_ = queue.expired(None, -600)
    return _timed(lambda: queue.beat(
        upload, phase='sending', bytes_read=1, bytes_sent=1, rate=1))


STEPS: dict[str, Callable[[], float]] = {
    'claim': _claim, 'sweep': _sweep, 'beat': _beat}


if __name__ == '__main__':
    main()
