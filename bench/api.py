# SPDX-License-Identifier: Apache-2.0
"""Measures the HTTP API: rate, latency, CPU per request, statements.

It starts Keystone, Glance, memcached, RabbitMQ and MariaDB, and volupload's
API under uWSGI with two processes. Clients then ask for volumes (GET), and
begin uploads (the 202) of volumes whose rows were made beforehand. Nobody
takes the uploads from the queue meanwhile, for it is the 202's own cost that
counts; the queue is a real one, declared by a manager that ran before.

First table: one line for each kind of request and number of connections, as
medians over the rounds. `api ms` is the CPU time, user and system, of all
processes of the API divided by the requests, and the figure to compare;
`glance ms` is that of Glance. Rates and latencies depend on what else the
machine does, the services among it.

Second table: what one 202 asks of the services, counted by them: statements
by MariaDB, requests by Glance's access log, messages by RabbitMQ.

With --profile the same application runs in this process under cProfile
instead, and the functions that take most time are printed.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
import statistics
import tempfile
import time

import sqlalchemy as sa

from bench import inprocess
from bench import load
from bench import proc
from bench import reference
from bench import stack
from bench import table
from tools.cloud import process
from tools.cloud import volupload

_WARM_UP = 60   # requests that make every process load what it loads lazily
_KINDS = ('GET', '202')
_COUNTED = ('select', 'insert', 'update', 'delete', 'commit', 'rollback')


class Bench:

    def __init__(self, around: stack.Stack, api: volupload.Api) -> None:
        self._stack = around
        self._api = api

    def messages(self, kind: str, count: int) -> tuple[list[bytes], int]:
        """Requests of a kind, each for a volume of its own; their status."""
        token = self._stack.token.id
        paths = [self._stack.path(each)
                 for each in self._stack.make_volumes(count)]
        if kind == 'GET':
            return [load.request('GET', path, token) for path in paths], 200
        body = stack.upload_body()
        return [load.request('POST', f'{path}/action', token, body)
                for path in paths], 202

    def round(self, kind: str, count: int,
              connections: int) -> tuple[float, ...]:
        """Rate, median and p95 in ms, CPU of the API and of Glance in ms."""
        messages, status = self.messages(kind, count)
        watched = [proc.family(service.daemon.pid)
                   for service in (self._api, self._stack.images)]
        before = [proc.cpu_seconds(pids) for pids in watched]
        result = load.run(self._api.port, messages, connections, status)
        used = [proc.cpu_seconds(pids) - earlier
                for pids, earlier in zip(watched, before, strict=True)]
        return (result.rate, result.median * 1000, result.p95 * 1000,
                *(seconds / count * 1000 for seconds in used))

    def counts(self, uploads: int) -> list[float]:
        """Of one of so many uploads: statements, requests, messages."""
        messages, status = self.messages('202', uploads)
        with self._stack.engine.connect() as connection:
            before = self._counters(connection)
            load.run(self._api.port, messages, 1, status)
            time.sleep(0.5)   # the last line of a log, the last message
            after = self._counters(connection)
        return [(late - early) / uploads
                for late, early in zip(after, before, strict=True)]

    def _counters(self, connection: sa.Connection) -> list[int]:
        # The question itself is of another kind than those that are counted.
        status = {row[0]: row[1] for row in connection.execute(sa.text(
            "SHOW GLOBAL STATUS LIKE 'Com\\_%'"))}
        by_kind = [int(status[f'Com_{name}']) for name in _COUNTED]
        requests = self._stack.images.daemon.log.read_text().count('"POST /')
        queued = self._stack.broker.queues('volupload')
        return [*by_kind, requests, sum(queued.values())]


def main(arguments: Sequence[str] | None = None) -> None:
    options = make_parser().parse_args(arguments)
    process.exit_on_signals()
    with tempfile.TemporaryDirectory(prefix='volupload-bench-') as directory:
        print('Starting the services ...', flush=True)
        with stack.running(Path(directory), _log_to(
                Path(directory) / 'log') if options.profile else {}) as around:
            with volupload.Manager(around.configuration):
                _await_queue(around)
            if options.profile:
                inprocess.profile(around, options.profile)
                return
            with volupload.Api(around.configuration,
                               processes=options.processes,
                               threads=options.threads) as api:
                _measure(Bench(around, api), options)


def _measure(bench: Bench, options: argparse.Namespace) -> None:
    for kind in _KINDS:
        bench.round(kind, _WARM_UP, 8)
    rows, pace = [], reference.Pace()
    for kind in _KINDS:
        for connections in options.connections:
            rounds = []
            for _ in range(options.rounds):
                pace.take()
                rounds.append(bench.round(kind, options.requests,
                                          connections))
            medians = map(statistics.median, zip(*rounds, strict=True))
            rows.append([kind, connections, *medians])
            print('.', end='', flush=True)
    table.show(f'Medians of {options.rounds} rounds of {options.requests} '
               'requests',
               ['request', 'connections', 'requests/s', 'median ms',
                'p95 ms', 'api ms', 'glance ms'], rows)
    print(pace)
    table.show('Of one 202',
               ['uploads', *_COUNTED, 'Glance requests', 'messages'],
               [[uploads, *bench.counts(uploads)] for uploads in (1, 10, 100)])


def _log_to(path: Path) -> volupload.Options:
    """The profile is what is to be read in a terminal."""
    return {'DEFAULT': {'log_file': path}}


def _await_queue(around: stack.Stack) -> None:
    deadline = time.monotonic() + 60
    while f'volupload-volume.{stack.HOST}@local' not in (
            around.broker.queues('volupload')):
        if time.monotonic() > deadline:
            raise SystemExit('The manager has declared no queue')
        time.sleep(0.5)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bench.api', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--requests', type=int, default=200,
                        help='in each round (200)')
    parser.add_argument('--rounds', type=int, default=5,
                        help='for each line of the table (5)')
    parser.add_argument('--connections', type=int, nargs='+', default=[1, 8],
                        help='how many clients at once (1 8)')
    parser.add_argument('--processes', type=int, default=2,
                        help='of uWSGI (2)')
    parser.add_argument('--threads', type=int, default=4,
                        help='of each process (4)')
    parser.add_argument('--profile', type=int, metavar='N', default=0,
                        help='profile N requests of each kind instead')
    return parser


if __name__ == '__main__':
    main()
