# SPDX-License-Identifier: Apache-2.0
"""A small manager (see `small`) that waits for Glance for seconds only.

What Glance left `saving` is waited for, a minute in a real cloud. A test of
what comes then has no minute.

A volume can be kept in the phase in which its image is laid out, which takes
no time with a small one: as long as there is a file of the volume's name with
`.held` behind it.
"""

from tests.integration import small
from tests.integration.program import held
from tests.integration.program import PATIENCE

__all__ = ['PATIENCE', 'Manager', 'held']


class Manager(small.Manager):

    def prepare(self) -> None:
        super().prepare()
        command = self.daemon.command
        command[command.index('small')] = 'hasty'
