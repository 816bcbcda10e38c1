# SPDX-License-Identifier: Apache-2.0
"""A console script of volupload with other units and less patience.

What `small` and `hasty` run. It imports nothing that the script does not need
itself, for it is started a hundred times.

    python -P tests/integration/program.py small standalone --config-file FILE
    python -P tests/integration/program.py hasty volume --config-file FILE
"""

import importlib
from pathlib import Path
import sys
import time
from typing import Any

from oslo_utils import units

from volupload import cmd  # noqa: F401  selects threads before all else

SMALL_GIB = 64 * 1024
PATIENCE = 3.0   # seconds


def held(path: Path) -> Path:
    """The file that keeps the volume in this file from being laid out."""
    return path.with_name(f'{path.name}.held')


def _be_hasty() -> None:
    from volupload.backends import file
    from volupload.image import glance
    glance.STORING_TIME = glance._SAVING_TIME = PATIENCE
    opened: Any = file.FileBackend.open

    def open_and_hold(self: Any, *arguments: Any) -> Any:
        source = opened(self, *arguments)
        while held(Path(self._path(arguments[0]))).exists():
            time.sleep(0.05)
        return source
    file.FileBackend.open = (   # type: ignore[method-assign]
        open_and_hold)   # type: ignore[assignment]


if __name__ == '__main__':
    kind, script = sys.argv[1:3]
    del sys.argv[1:3]
    units.Gi = SMALL_GIB
    if kind == 'hasty':
        _be_hasty()
    importlib.import_module(f'volupload.cmd.{script}').main()
