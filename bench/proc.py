# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells about processes: CPU, memory, and who begot whom."""

from collections.abc import Iterable
import contextlib
import os
from pathlib import Path
import threading
from types import TracebackType
from typing import Self

_TICK = 1 / os.sysconf('SC_CLK_TCK')
_INTERVAL = 0.25   # seconds between two looks at the memory


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            parent = int(_stat(int(entry.name))[1])
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that they have used since they began."""
    total = 0
    for pid in pids:
        fields = _stat(pid)
        total += int(fields[11]) + int(fields[12])
    return total * _TICK


def resident_bytes(pid: int) -> tuple[int, int]:
    """RSS and PSS, in which a page that n processes share counts 1/n."""
    found = {'Rss': 0, 'Pss': 0}
    with contextlib.suppress(OSError):
        lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()
        for name, _, rest in (line.partition(':') for line in lines):
            if name in found:
                found[name] = int(rest.split()[0]) * 1024
    return found['Rss'], found['Pss']


class Peak:
    """Watches the resident memory of some processes; `with` begins and ends.

    :ivar together: bytes of all, pages that they share counted once.
    :ivar single: bytes of the largest, with all that it shares.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.together = 0
        self.single = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            seen = [resident_bytes(pid) for pid in self._pids]
            self.single = max(self.single, *(rss for rss, _ in seen))
            self.together = max(self.together, sum(pss for _, pss in seen))
            if self._over.wait(_INTERVAL):
                return


def _stat(pid: int) -> list[str]:
    """Fields of /proc/pid/stat from the state on (that is number 0)."""
    return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
