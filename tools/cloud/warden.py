# SPDX-License-Identifier: Apache-2.0
"""The supervisor between the owner of a service and the service.

Run as ``python3 warden.py [--user NAME] [--grace SECONDS] [--signal N] --
COMMAND...`` with a pipe as standard input. It starts the command and waits
for the first of three things:

* the command ends: its exit code becomes the warden's;
* a signal SIGTERM or SIGINT comes: the owner wants the service ended;
* the pipe closes: the owner is gone, by whatever death.

In each case everything that descends from the command is ended too. A
process that made itself a daemon is not lost: the warden is a child
subreaper, so that orphans come to it and not to init.
"""

import argparse
import contextlib
import ctypes
import os
import pwd
import select
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_WAKE_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'prctl')


def _become(user: str | None) -> None:
    """In the child: drop to `user`, and die with the warden.

    The order matters: the kernel forgets the death signal when the
    credentials change.
    """
    if user is not None:
        entry = pwd.getpwnam(user)
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _parents() -> dict[int, int]:
    """Process id -> parent's id, of every process that is not a zombie."""
    found = {}
    for name in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            with open(f'/proc/{name}/stat') as stat:
                # The command's name is in brackets and may hold anything.
                state, parent = stat.read().rpartition(')')[2].split()[:2]
            if state != 'Z':
                found[int(name)] = int(parent)
    return found


def _descendants() -> list[int]:
    parents = _parents()
    found = {os.getpid()}
    while grown := {p for p, q in parents.items() if q in found} - found:
        found |= grown
    return sorted(found - {os.getpid()})


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _reap() -> None:
    """Collect the orphans that came to us and ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _end_all(child: subprocess.Popen[bytes], number: int,
             grace: float) -> None:
    """Ask the child to end, then kill whatever is left of its family."""
    if child.poll() is None:
        child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    while left := _descendants():
        _signal(left, signal.SIGKILL)
        child.poll()
        _reap()
        time.sleep(0.01)


def _wait(child: subprocess.Popen[bytes]) -> None:
    """Return when the child ended, or the owner wants it to, or is gone."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin, wake_read], [], [])
        if sys.stdin in ready and not os.read(sys.stdin.fileno(), 4096):
            return
        if wake_read in ready:
            received = set(os.read(wake_read, 4096))
            if received & {signal.SIGTERM, signal.SIGINT}:
                return


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Supervise one service.')
    parser.add_argument('--user')
    parser.add_argument('--grace', type=float, default=10)
    parser.add_argument('--signal', type=int, default=signal.SIGTERM)
    parser.add_argument('command', nargs='+')
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the command to its end; its exit code, or 128 + its signal."""
    options = _parse(arguments)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for number in _WAKE_SIGNALS:
        signal.signal(number, lambda _number, _frame: None)
    child = subprocess.Popen(
        options.command, stdin=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=lambda: _become(options.user))
    _wait(child)
    _end_all(child, options.signal, options.grace)
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
