# SPDX-License-Identifier: Apache-2.0
"""Uploads while everything breaks: is anything lost, stuck or wrong after it?

``python -m bench.chaos --seed N --minutes M`` starts MariaDB, RabbitMQ,
Keystone, Glance, the API and three managers that share a backend, all real
and on loopback. Clients of five projects post uploads of 300 volumes, over
two thirds of the time. Meanwhile services are killed with -9, frozen, ended
and started again (`bench.chaos_faults`), uploads are cancelled, and images
deleted while they are filled (`bench.chaos_people`).

When the time is over everything runs again, and within five minutes all
uploads have to be at an end. Then it looks (`bench.chaos_checks`): no volume
is stuck, Glance has no image but those of the uploads that succeeded, each of
these has the bytes of its volume, every failure has a reason, and nothing
that was accepted is lost. The exit code is 1 if anything is found.

Keystone is left in peace: it is not what is tested, and Glance is of no use
without it.
"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
from pathlib import Path
import tempfile
import threading
import time

from bench import chaos_checks
from bench import chaos_faults
from bench import chaos_people
from bench import chaos_world
from tools.cloud import process

_POSTING = 2 / 3    # of the time
_PATIENCE = 300.0   # seconds until all uploads are at an end, afterwards
_FICKLE = 6.0       # seconds from one change of mind to the next
_LAST_ANSWER = 60.0   # seconds for a request that is under way at the end


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """Of a run.

    :ivar calm: seconds from the last fault to the end of the last upload
    """

    findings: chaos_checks.Findings
    villains: Sequence[chaos_faults.Villain]
    clients: Sequence[chaos_people.Client]
    fickle: chaos_people.Fickle
    calm: float

    def show(self) -> None:
        chaos_checks.show_faults(self.villains)
        chaos_checks.show_uploads(self.findings.uploads, self.clients)
        print(f'{len(self.fickle.cancelled)} times somebody cancelled an '
              f'upload, {len(self.fickle.deleted)} times somebody deleted '
              'the image of one.')
        print(f'{self.calm:.0f} s after the last fault all had ended.')
        self.findings.show()


def run(world: chaos_world.World, *, uploads: int, projects: int,
        seconds: float, seed: int) -> Outcome:
    """Have it all happen, wait for its end, and look."""
    volumes = world.make_volumes(uploads, projects, seed)
    over, end = threading.Event(), threading.Event()
    villains = chaos_faults.villains(world, seed, over)
    clients = [chaos_people.Client(world, [
        one for one in volumes if one.project_id == project],
        seconds * _POSTING, seed, end)
        for project in sorted({one.project_id for one in volumes})]
    fickle = chaos_people.Fickle(world, _FICKLE, seed, over)
    for thread in (*villains, *clients, fickle):
        thread.start()
    time.sleep(seconds)
    over.set()
    _join([*villains, fickle])
    _join(clients)
    end.set()
    calm = chaos_checks.await_end(world, _PATIENCE)
    findings = chaos_checks.Findings(
        world, volumes,
        [image for one in clients for image in one.accepted],
        fickle.deleted, villains)
    return Outcome(findings, villains, clients, fickle, calm)


def _join(threads: Sequence[threading.Thread]) -> None:
    """Wait for their ends, for a while only."""
    deadline = time.monotonic() + _LAST_ANSWER
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))


def main(arguments: Sequence[str] | None = None) -> None:
    options = make_parser().parse_args(arguments)
    process.exit_on_signals()
    with _directory(options) as name:
        print('Starting the services ...', flush=True)
        with chaos_world.running(Path(name), options.managers) as world:
            print(f'Seed {options.seed}: {options.uploads} uploads of '
                  f'{options.projects} projects, {options.managers} '
                  f'managers, {options.minutes:g} minutes', flush=True)
            outcome = run(world, uploads=options.uploads,
                          projects=options.projects, seed=options.seed,
                          seconds=options.minutes * 60)
            outcome.show()
    if any(outcome.findings.wrong.values()):
        raise SystemExit(1)


@contextlib.contextmanager
def _directory(options: argparse.Namespace) -> Iterator[str]:
    if options.keep:
        name = tempfile.mkdtemp(prefix='volupload-bench-',
                                dir=options.directory)
        print(f'Everything stays in {name}')
        yield name
        return
    with tempfile.TemporaryDirectory(prefix='volupload-bench-',
                                     dir=options.directory) as name:
        yield name


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bench.chaos', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=1,
                        help='of all that is drawn (1)')
    parser.add_argument('--minutes', type=float, default=4,
                        help='for which things break (4)')
    parser.add_argument('--uploads', type=int, default=300,
                        help='of all projects (300)')
    parser.add_argument('--projects', type=int, default=5)
    parser.add_argument('--managers', type=int, default=3)
    parser.add_argument('--directory', metavar='DIR',
                        help='where data and logs are kept meanwhile')
    parser.add_argument('--keep', action='store_true',
                        help='leave them there')
    return parser


if __name__ == '__main__':
    main()
