# SPDX-License-Identifier: Apache-2.0
"""Databases made once and copied afterwards.

To make the empty database of Keystone or Glance takes some ten seconds of
migrations. The result is kept beside the programs that made it, in their
virtual environment, under a name that holds their version and a digest of
what else it depends on; a new environment starts with none.
"""

import contextlib
import hashlib
import os
from pathlib import Path
import shutil
import sqlite3
import tempfile

from tools.cloud import programs


class Template:
    """A SQLite database of `project`'s that can be taken from the cache."""

    def __init__(self, project: str, recipe: str) -> None:
        digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
        name = f'{project}-{_version(project)}-{digest}.sqlite'
        self._kept = (programs.venv_directory() / 'var' / 'volupload-cloud'
                      / name)

    def copy_to(self, database: Path) -> bool:
        """Copy the kept database; false when there is none yet."""
        if not self._kept.exists():
            return False
        shutil.copyfile(self._kept, database)
        return True

    def keep(self, database: Path) -> None:
        """Keep a copy; a cache that cannot be written is no error."""
        with contextlib.suppress(OSError):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            handle, partial = tempfile.mkstemp(dir=self._kept.parent)
            os.close(handle)
            _back_up(database, partial)
            os.replace(partial, self._kept)


def _back_up(database: Path, copy: str) -> None:
    """Copy a database that may be open in a running service."""
    with contextlib.closing(sqlite3.connect(database)) as source:
        with contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)


def _version(project: str) -> str:
    pattern = f'lib/python3*/site-packages/{project}-*.dist-info'
    for found in programs.venv_directory().glob(pattern):
        return found.name.removesuffix('.dist-info').partition('-')[2]
    return 'unknown'
