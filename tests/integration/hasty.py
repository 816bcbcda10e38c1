# SPDX-License-Identifier: Apache-2.0
"""A small manager (see `small`) that waits for Glance for seconds only.

What Glance left `saving` is waited for, a minute in a real cloud. A test of
what comes then has no minute.

A volume can be kept in the phase in which its image is laid out, which takes
no time with a small one: as long as there is a file of the volume's name with
`.held` behind it.

    python -m tests.integration.hasty volume --config-file FILE
"""

import importlib
from pathlib import Path
import sys
import time
from typing import Any

from oslo_utils import units

from tests.integration import small
from volupload import cmd  # noqa: F401  selects threads before all else
from volupload.backends import file
from volupload.image import glance

PATIENCE = 3.0


class Manager(small.Manager):

    def prepare(self) -> None:
        super().prepare()
        command = self.daemon.command
        command[command.index('tests.integration.small')] = __name__


def held(path: Path) -> Path:
    """The file that keeps the volume in this file from being laid out."""
    return path.with_name(f'{path.name}.held')


def _hold_layouts() -> None:
    opened: Any = file.FileBackend.open

    def open_and_hold(self: Any, *arguments: Any) -> Any:
        source = opened(self, *arguments)
        while held(Path(self._path(arguments[0]))).exists():
            time.sleep(0.05)
        return source
    file.FileBackend.open = (   # type: ignore[method-assign]
        open_and_hold)   # type: ignore[assignment]


if __name__ == '__main__':
    _hold_layouts()
    units.Gi = small.SMALL_GIB
    glance.STORING_TIME = glance._SAVING_TIME = PATIENCE
    importlib.import_module(f'volupload.cmd.{sys.argv.pop(1)}').main()
