# SPDX-License-Identifier: Apache-2.0
"""./tools/test: installs what the tests need and runs all of them.

The steps are those of tox.ini, in an order in which the quick ones come
first. They run in one environment below .cloud/ in the checkout, which is
quicker than tox's one for each step. All steps run, even when one fails; the
last line of the output counts the tests.

What waits most of its time runs beside the others, and is shown at their end.
"""

import argparse
from collections.abc import Sequence
import configparser
import contextlib
import dataclasses
import os
from pathlib import Path
import re
import shlex
import subprocess
import sys
import tempfile
import time
from typing import Self

from tools import environment
from tools import packages
from tools.cloud import process

ENVIRONMENT = environment.Environment('tests', (
    'requirements.txt', 'test-requirements.txt', 'doc/requirements.txt',
    'tools/cloud/requirements.txt', 'tools/requirements.txt'))

# Step -> the environment of tox.ini that says its commands.
STEPS = {
    'pep8': 'testenv:pep8',
    'mypy': 'testenv:mypy',
    'audit': 'testenv:audit',
    'unit': 'testenv',
    'functional': 'testenv:functional',
    'interop': 'testenv:interop',
    'docs': 'testenv:docs',
    'releasenotes': 'testenv:releasenotes',
    'tempest': 'testenv:tempest',
    'integration': 'testenv:integration',
    'guide': 'testenv:guide',
}
_TESTS = {'unit', 'functional', 'interop', 'tempest', 'integration', 'guide'}
_NEED_PACKAGES = {'interop', 'integration', 'guide'}
# Step -> the one with which it begins, to run beside that and the later ones.
# The guide waits for packages most of its time, and Tempest does one thing
# after the other; what is before interop has tests that are short of time.
_BESIDE = {'guide': 'interop', 'tempest': 'interop'}
# What stevedore knows of plug-ins is kept for all programs, whatever HOME they
# have. To look through three hundred packages takes 0.6 s of CPU time.
_CACHE = ENVIRONMENT.directory / 'cache'
# It reads what was kept but keeps nothing itself where Python is below /tmp.
_KEEP_PLUGINS = '''
import sys
from stevedore import _cache
cache = _cache.Cache()
cache._disable_caching = False
for first in ((), ('',), (sys.argv[1],)):
    cache.get_group_all('', path=(*first, *sys.path))
'''
_LOUD = b'NOT AUDITED: '   # of tools.audit
_TOTAL = re.compile(rb' - (Passed|Failed|Skipped|Unexpected Success): (\d+)')


@dataclasses.dataclass
class Outcome:
    """How a step went; the counts are of tests."""

    step: str
    ok: bool = True
    seconds: float = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ''

    def count(self, line: bytes) -> None:
        """Take the numbers out of a line of stestr's totals.

        What was not audited is for the summary, too.
        """
        if line.startswith(_LOUD):
            self.note = line.decode(errors='replace').rstrip()
        if found := _TOTAL.match(line):
            number = int(found[2])
            match found[1]:
                case b'Passed':
                    self.passed += number
                case b'Skipped':
                    self.skipped += number
                case _:
                    self.failed += number


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='tools/test', description='Installs what the tests need, then '
        'runs all of them, or only the steps that are named.')
    parser.add_argument('steps', nargs='*', metavar='STEP',
                        help=f'one of: {", ".join(STEPS)}')
    options = parser.parse_args(arguments)
    if unknown := set(options.steps) - set(STEPS):
        parser.error(f'no such step: {", ".join(sorted(unknown))}')
    return options


def main(arguments: list[str]) -> int:
    """The exit code: 0 when all steps passed and tests ran."""
    options = _parse(arguments)
    process.exit_on_signals()
    try:
        _enter_environment(arguments)
        steps = [name for name in STEPS
                 if not options.steps or name in options.steps]
        if _NEED_PACKAGES & set(steps):
            packages.install('test')
        _keep_plugins()
    except (environment.EnvironmentFailed,
            packages.PackagesMissing) as error:
        print(f'The tests cannot run. {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return _report(_run_steps(steps))


def _enter_environment(arguments: list[str]) -> None:
    """Make the environment and go on in it; returns only there."""
    if Path(sys.prefix) == ENVIRONMENT.directory:
        return
    if not ENVIRONMENT.is_ready:
        print('Making a Python environment with all that the tests need; '
              'this takes a minute or two.', flush=True)
        ENVIRONMENT.make()
    os.execv(ENVIRONMENT.python, [str(ENVIRONMENT.python), '-m',
                                  'tools.run_tests', *arguments])


def _keep_plugins() -> None:
    """For the search paths of scripts, of ``python -c`` and ``python -P``."""
    subprocess.run([sys.executable, '-P', '-c', _KEEP_PLUGINS,
                    str(ENVIRONMENT.directory / 'bin')],
                   env=_environ(), check=True)


def _run_steps(names: Sequence[str]) -> list[Outcome]:
    outcomes, beside = [], []
    with contextlib.ExitStack() as stack:
        for name in names:
            if _BESIDE.get(name) in names:
                continue
            beside += [stack.enter_context(_Beside(one))
                       for one in names if _BESIDE.get(one) == name]
            outcomes.append(_run_step(name))
        return [*outcomes, *(one.outcome() for one in beside)]


class _Beside:
    """A step in a process of its own, which ends with the context."""

    def __init__(self, name: str) -> None:
        self._outcome = Outcome(name)
        self._printed = tempfile.TemporaryFile()
        self._began = time.time()
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tools.run_tests', name],
            cwd=environment.CHECKOUT, stdin=subprocess.DEVNULL,
            stdout=self._printed, stderr=subprocess.STDOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._printed.close()

    def outcome(self) -> Outcome:
        """What it printed is printed."""
        self._outcome.ok = self._process.wait() == 0
        last_written = os.fstat(self._printed.fileno()).st_mtime
        self._outcome.seconds = last_written - self._began
        self._printed.seek(0)
        for line in self._printed:
            _show(line, self._outcome)
        return self._outcome


def _run_step(name: str) -> Outcome:
    outcome = Outcome(name)
    started = time.monotonic()
    print(f'\n==== {name}', flush=True)
    for command in _commands(STEPS[name]):
        print('$', shlex.join(command), flush=True)
        outcome.ok &= _run(command, outcome) == 0
    if name in _TESTS and not outcome.passed:
        print(f'No test of {name} passed.')
        outcome.ok = False
    outcome.seconds = time.monotonic() - started
    return outcome


def _commands(section: str) -> list[list[str]]:
    """The commands of one environment of tox.ini."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(environment.CHECKOUT / 'tox.ini')
    lines = tox[section]['commands'].replace('{posargs}', '').splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


def _run(command: Sequence[str], outcome: Outcome) -> int:
    """Run it, pass its output on and count what stestr says of tests."""
    running = subprocess.Popen(
        command, cwd=environment.CHECKOUT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_environ())
    assert running.stdout is not None
    for line in running.stdout:
        _show(line, outcome)
    return running.wait()


def _environ() -> dict[str, str]:
    # Without byte code each start of a program costs five seconds instead of
    # one, and there are hundreds.
    kept = {name: value for name, value in os.environ.items()
            if name != 'PYTHONDONTWRITEBYTECODE'}
    path = os.environ.get('PATH', os.defpath)
    return kept | {'PATH': f'{ENVIRONMENT.directory}/bin:{path}',
                   'LANG': 'C.UTF-8', 'XDG_CACHE_HOME': str(_CACHE)}


def _show(line: bytes, outcome: Outcome) -> None:
    outcome.count(line)
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _report(outcomes: list[Outcome]) -> int:
    print('\n==== summary')
    for outcome in outcomes:
        print(_line(outcome))
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    skipped = sum(outcome.skipped for outcome in outcomes)
    print(f'{passed} passed, {failed} failed'
          + (f', {skipped} skipped' if skipped else ''), flush=True)
    return 0 if all(outcome.ok for outcome in outcomes) and not failed else 1


def _line(outcome: Outcome) -> str:
    return (f'{outcome.step:13} {"ok" if outcome.ok else "FAILED":7}'
            f'{outcome.seconds:5.0f} s  {_tests(outcome)}')


def _tests(outcome: Outcome) -> str:
    if outcome.step not in _TESTS:
        return outcome.note
    return f'{outcome.passed + outcome.failed + outcome.skipped} tests'


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
