# SPDX-License-Identifier: Apache-2.0
"""A Glance beside the one that all tests share."""

from pathlib import Path

from tests.fixtures import services
from tools.cloud import glance


class OtherGlance(glance.Glance):
    """Stays out of the catalogue, where the ordinary one is."""

    def settle(self) -> None:
        """Publishes nothing."""


class OnMariaDB(services.Shared[OtherGlance]):
    """One that takes fifty requests at once, for which SQLite is not made:
    it gives up with "database is locked".

    `database_url` is where it keeps the images' rows.
    """

    database_url = ''

    def __init__(self) -> None:
        super().__init__('glance-mariadb', self._build)

    def _build(self, directory: Path) -> OtherGlance:
        identity = self.useFixture(services.Keystone()).service
        type(self).database_url = self.useFixture(services.MariaDB()).url
        return OtherGlance(directory, identity,
                           connection=self.database_url)
