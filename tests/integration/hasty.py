# SPDX-License-Identifier: Apache-2.0
"""A small manager (see `small`) that waits for Glance for seconds only.

What Glance left `saving` is waited for, a minute in a real cloud. A test of
what comes then has no minute.

    python -m tests.integration.hasty volume --config-file FILE
"""

import importlib
import sys

from oslo_utils import units

from tests.integration import small
from volupload import cmd  # noqa: F401  selects threads before all else
from volupload.image import glance

PATIENCE = 3.0


class Manager(small.Manager):

    def prepare(self) -> None:
        super().prepare()
        command = self.daemon.command
        command[command.index('tests.integration.small')] = __name__


if __name__ == '__main__':
    units.Gi = small.SMALL_GIB
    glance.STORING_TIME = PATIENCE
    importlib.import_module(f'volupload.cmd.{sys.argv.pop(1)}').main()
