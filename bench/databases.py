# SPDX-License-Identifier: Apache-2.0
"""The databases that volupload runs on, each with a new one to fill."""

import contextlib
import tempfile
from typing import Any

from tests.fixtures import services

SERVERS: dict[str, Any] = {
    'SQLite': None, 'MariaDB': services.MariaDB,
    'PostgreSQL': services.PostgreSQL}


def make(stack: contextlib.ExitStack, name: str) -> str:
    """The URL of an empty database, which goes with the stack."""
    if name == 'SQLite':
        path = stack.enter_context(tempfile.TemporaryDirectory())
        return f'sqlite:///{path}/volupload.db'
    return str(stack.enter_context(SERVERS[name]()).url)
