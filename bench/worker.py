# SPDX-License-Identifier: Apache-2.0
"""A competitor in a process of its own, measured from the inside.

The process starts once, imports what it needs and makes its first contact
with the services; then it says so. That is excluded from all figures, for a
volume manager runs for months. Orders come as lines of JSON on its standard
input, and each answer has, beside what the work itself tells, the seconds,
the CPU time, the most resident memory, and the bytes that the process had the
kernel write to a disk.

It works under any Python, for Cinder's client has an environment of its own:
only the standard library is used here.
"""

from collections.abc import Callable
import json
import os
from pathlib import Path
import resource
import select
import subprocess
import sys
import time
from types import TracebackType
from typing import Any
from typing import Self

_CHECKOUT = Path(__file__).resolve().parent.parent

# From the arguments of the process to a function that does one order.
Work = Callable[..., dict[str, Any]]


class WorkerFailed(Exception):
    """The process ended, or took too long; its last words are in it."""


class Worker:
    """The parent's end. `with` starts the process and ends it.

    :param module: below bench; calls `serve`
    :param python: of the environment that has what the module imports
    :ivar resident: bytes of memory when it was ready for its first order
    """

    def __init__(self, module: str, log: Path, *,
                 python: str | Path = sys.executable,
                 **arguments: object) -> None:
        self._module = module
        self._log = log
        self._python = str(python)
        self._arguments = json.dumps(arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self.resident = 0

    def __enter__(self) -> Self:
        with self._log.open('ab') as log:
            self._process = subprocess.Popen(
                [self._python, '-m', f'bench.{self._module}',
                 self._arguments], cwd=_CHECKOUT, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, env=_environment())
        try:
            self.resident = self._answer(60)['resident']
        except BaseException:
            self._end(0)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._end(0 if error else 10)

    def ask(self, patience: float, **order: object) -> dict[str, Any]:
        """Have one order done and wait for the answer.

        :param patience: seconds
        :raises WorkerFailed: with the end of its log
        """
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode() + b'\n')
        process.stdin.flush()
        return self._answer(patience)

    def _answer(self, patience: float) -> dict[str, Any]:
        process = self._running()
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], patience)
        line = process.stdout.readline() if ready else b''
        if not line:
            what = 'ended' if ready else f'was not done after {patience:.0f} s'
            words = self._log.read_text(errors='replace')[-1500:]
            raise WorkerFailed(f'{self._module} {what}:\n{words}')
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _end(self, grace: float) -> None:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def serve(prepare: Callable[..., Work]) -> None:
    """The process's end: orders until standard input closes.

    :param prepare: gets the arguments of `Worker` and returns the work
    """
    # Nobody's print may come between the answers.
    with os.fdopen(os.dup(1), 'w') as answers:
        os.dup2(2, 1)
        work = prepare(**json.loads(sys.argv[1]))
        _reply(answers, {'resident': _memory('VmRSS')})
        for line in sys.stdin:
            _reply(answers, _measured(work, json.loads(line)))


def _reply(answers: Any, answer: dict[str, Any]) -> None:
    print(json.dumps(answer), file=answers, flush=True)


def _measured(work: Work, order: dict[str, Any]) -> dict[str, Any]:
    # 5 forgets the highest memory so far (proc(5), clear_refs).
    Path('/proc/self/clear_refs').write_text('5')
    written, cpu, began = _written(), _cpu_seconds(), time.monotonic()
    told = work(**order)
    return {'seconds': time.monotonic() - began,
            'cpu': _cpu_seconds() - cpu,
            'peak': _memory('VmHWM'),
            'written': _written() - written, **told}


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory(name: str) -> int:
    return _field('status', name) * 1024


def _written() -> int:
    return _field('io', 'write_bytes')


def _field(file: str, name: str) -> int:
    for line in Path(f'/proc/self/{file}').read_text().splitlines():
        key, _, value = line.partition(':')
        if key == name:
            return int(value.split()[0])
    raise KeyError(name)


def _environment() -> dict[str, str]:
    """Ours, but for what speaks of another cloud or of a proxy."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith('OS_')}
    return kept | {'no_proxy': '127.0.0.1', 'NO_PROXY': '127.0.0.1'}
