# SPDX-License-Identifier: Apache-2.0
"""Console scripts of volupload in a world where a GiB is 64 KiB.

The API sells volumes by the GiB, and Glance takes six CPU seconds to store
one. Everything about an upload but its length can be seen with less: here a
volume of size N is made, checked and sent as N times 64 KiB, by programs that
are the ordinary ones in every other respect. The install guide, tests/interop
and the benchmarks have the ordinary ones.
"""

from pathlib import Path
import sys

from tests.fixtures import services
from tests.integration.program import SMALL_GIB
from tools.cloud import volupload

__all__ = ['SMALL_GIB', 'Manager', 'SharedStandalone', 'Standalone']

_PROGRAM = Path(__file__).with_name('program.py')


def _shrink(service: volupload.Standalone | volupload.Manager,
            script: str) -> None:
    """Have a service run the other program instead of the script."""
    service.daemon.command[:1] = [
        sys.executable, '-P', str(_PROGRAM), 'small', script]


class Standalone(volupload.Standalone):

    def prepare(self) -> None:
        super().prepare()
        _shrink(self, 'standalone')


class Manager(volupload.Manager):

    def prepare(self) -> None:
        super().prepare()
        _shrink(self, 'volume')


class SharedStandalone(services.Shared[Standalone]):
    """The small volupload-standalone of this process; not in the catalogue.
    """

    def __init__(self) -> None:
        super().__init__('volupload-small', self._build)

    def _build(self, directory: Path) -> Standalone:
        identity = self.useFixture(services.Keystone()).service
        self.useFixture(services.Glance())
        return Standalone(volupload.Configuration(directory, identity),
                          publish=False)
