# SPDX-License-Identifier: Apache-2.0
"""The databases that volupload runs on, each with a new one to fill."""

import contextlib
import dataclasses
import tempfile
import time
from typing import Any

from bench import proc
from tests.fixtures import services

SERVERS: dict[str, Any] = {
    'SQLite': None, 'MariaDB': services.MariaDB,
    'PostgreSQL': services.PostgreSQL}


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """An empty database; `pid` is that of its server, if it has one."""

    url: str
    pid: int | None = None

    def cpu_seconds(self) -> float:
        """What this process and the server have used since they began."""
        server = proc.cpu_seconds(proc.family(self.pid)) if self.pid else 0
        return time.process_time() + server


def make(stack: contextlib.ExitStack, name: str) -> Made:
    """A new one, which goes with the stack."""
    if name == 'SQLite':
        path = stack.enter_context(tempfile.TemporaryDirectory())
        return Made(f'sqlite:///{path}/volupload.db')
    server = stack.enter_context(SERVERS[name]())
    return Made(str(server.url), server.service.daemon.pid)
