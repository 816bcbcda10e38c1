# SPDX-License-Identifier: Apache-2.0
"""One supervised program: started, waited for, ended, with its log kept.

A `Daemon` runs its command under a warden (see tools.cloud.warden), so that
nothing of it outlives the process that started it. It can be stopped and
started again, which is how a test takes a service down for a while.
"""

import atexit
import collections
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import Self
import weakref

from tools.cloud import errors

_WARDEN = Path(__file__).with_name('warden.py')
_running: 'weakref.WeakSet[Daemon]' = weakref.WeakSet()


class Daemon:
    """A program that runs until it is stopped.

    :param name: what people call it; names the log and stands in errors
    :param command: the program and its arguments
    :param log: the file to which its output is appended
    :param environ: variables to add to the owner's environment
    :param user: the account to run as when the owner is root
    :param healthy: called until it returns true; what it raises as OSError
        counts as not yet
    :param timeout: seconds until a start that is not healthy has failed
    :param stop_signal: what ends the program gently
    :param grace: seconds between that signal and SIGKILL
    """

    def __init__(self, name: str, command: Sequence[str | Path], *,
                 log: Path, healthy: Callable[[], bool],
                 environ: Mapping[str, str] | None = None,
                 cwd: Path | None = None, user: str | None = None,
                 timeout: float = 60,
                 stop_signal: int = signal.SIGTERM,
                 grace: float = 10) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self.healthy = healthy
        self.environ = dict(environ or {})
        self.cwd = cwd
        self.user = user
        self.timeout = timeout
        self.stop_signal = stop_signal
        self.grace = grace
        self._warden: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._warden is not None and self._warden.poll() is None

    @property
    def pid(self) -> int:
        """The program's own process id (its warden's only child).

        :raises ServiceFailed: it does not run
        """
        if self._warden is not None:
            warden = self._warden.pid
            for entry in Path('/proc').glob('[0-9]*/stat'):
                with contextlib.suppress(OSError):
                    fields = entry.read_text().rpartition(')')[2].split()
                    if int(fields[1]) == warden:
                        return int(entry.parent.name)
        raise errors.ServiceFailed(f'{self.name} does not run')

    def start(self) -> None:
        """Start and wait until healthy.

        :raises ServiceFailed: it ended or was not healthy in time; then it
            is stopped
        """
        if self.running:
            return
        self._spawn()
        try:
            self._await_health()
        except BaseException:
            self.stop()
            raise

    def _spawn(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        user = ['--user', self.user] if self.user and not os.geteuid() else []
        command = [sys.executable, '-I', str(_WARDEN), *user,
                   '--grace', str(self.grace),
                   '--signal', str(int(self.stop_signal)),
                   '--', *self.command]
        with self.log.open('ab') as output:
            self._warden = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT, cwd=self.cwd,
                env=environment(self.environ), start_new_session=True)
        _running.add(self)

    def _await_health(self) -> None:
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            if not self.running:
                raise self._failed('ended while it started')
            with contextlib.suppress(OSError):
                if self.healthy():
                    return
            time.sleep(0.05)
        raise self._failed(f'was not ready after {self.timeout:.0f} s')

    def _failed(self, what: str) -> errors.ServiceFailed:
        return errors.ServiceFailed(
            f'{self.name} {what}; its log is {self.log} and ends:\n'
            f'{tail(self.log)}')

    def stop(self) -> None:
        """End the program and all that it started; harmless when stopped."""
        warden, self._warden = self._warden, None
        _running.discard(self)
        if warden is None:
            return
        # Closing the pipe is the order to end: the same way is taken when
        # the owner dies, so it is tried with every run.
        assert warden.stdin is not None
        warden.stdin.close()
        warden.wait()

    def kill(self) -> None:
        """End the program at once with SIGKILL, as a crash would."""
        with contextlib.suppress(errors.ServiceFailed, ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def restart(self) -> None:
        self.stop()
        self.start()


@atexit.register
def _stop_all() -> None:
    for daemon in list(_running):
        daemon.stop()


def exit_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into SystemExit, so that `with` cleans up."""
    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)
    signal.signal(signal.SIGTERM, leave)
    # nohup has it ignored, and means it.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, leave)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, or a word about why there are none."""
    try:
        with log.open(errors='replace') as text:
            return ''.join(collections.deque(text, lines)).rstrip()
    except OSError as error:
        return f'(no log: {error})'


def environment(added: Mapping[str, str] | None = None) -> dict[str, str]:
    """The owner's environment and more.

    What an openrc file set is left out: it would speak of another cloud. A
    proxy is not asked for what is on loopback.
    """
    inherited = {name: value for name, value in os.environ.items()
                 if not name.startswith('OS_')}
    direct = ','.join(filter(None, [inherited.get('no_proxy'), '127.0.0.1']))
    return (inherited | {'no_proxy': direct, 'NO_PROXY': direct}
            | dict(added or {}))


def run(command: Sequence[str | Path], *, log: Path,
        environ: Mapping[str, str] | None = None, user: str | None = None,
        cwd: Path | None = None) -> None:
    """Run a command to its end, with its output appended to `log`.

    :raises ServiceFailed: it ended with another code than 0
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('ab') as output:
        done = subprocess.run(
            [str(part) for part in command], stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, cwd=cwd,
            env=environment(environ),
            user=user if user and not os.geteuid() else None,
            check=False)
    if done.returncode:
        name = Path(command[0]).name
        raise errors.ServiceFailed(
            f'{name} ended with code {done.returncode}; its output is in '
            f'{log} and ends:\n{tail(log)}')
