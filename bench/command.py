# SPDX-License-Identifier: Apache-2.0
"""One program, run to its end and measured."""

from collections.abc import Sequence
import dataclasses
import os
from pathlib import Path
import subprocess
import threading
import time

_INTERVAL = 0.02   # seconds between two looks at the memory


@dataclasses.dataclass(frozen=True, slots=True)
class Spent:
    """Seconds, CPU seconds; bytes of memory and of writing to a disk."""

    seconds: float
    cpu: float
    peak: int
    written: int


def run(command: Sequence[str | Path], patience: float) -> Spent:
    """
    :param patience: seconds after which it is killed
    :raises SystemExit: it failed
    """
    began = time.monotonic()
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    memory = _Memory(running.pid)
    limit = threading.Timer(patience, running.kill)
    memory.start()
    limit.start()
    try:
        _, status, used = os.wait4(running.pid, 0)
        seconds = time.monotonic() - began
    except BaseException:
        running.kill()
        raise
    finally:
        limit.cancel()
        memory.over.set()
        memory.join()
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f'{command[0]} ended with {running.returncode}')
    return Spent(seconds, used.ru_utime + used.ru_stime, memory.peak,
                 used.ru_oublock * 512)


class _Memory(threading.Thread):
    """Follows the highest resident memory of a process.

    ru_maxrss cannot be used: it begins with that of the process that started
    the program.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f'/proc/{pid}/status')
        self.over = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self.over.wait(_INTERVAL):
            try:
                text = self._status.read_text()
            except OSError:
                return
            _, found, rest = text.partition('VmHWM:')
            if found:   # a process that is ending has none
                self.peak = max(self.peak, int(rest.split()[0]) * 1024)
