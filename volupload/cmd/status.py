# SPDX-License-Identifier: Apache-2.0
"""volupload-status: whether an upgrade can go ahead."""

import sys

from oslo_upgradecheck import upgradecheck

from volupload import service
from volupload.conf import CONF
from volupload.db import migration


class Checks(upgradecheck.UpgradeCommands):

    def _check_schema(self) -> upgradecheck.Result:
        if migration.is_current():
            return upgradecheck.Result(upgradecheck.Code.SUCCESS)
        return upgradecheck.Result(
            upgradecheck.Code.FAILURE,
            f'The schema is at {migration.version() or "no version"}: run '
            '"volupload-manage db sync" before starting the services.')

    _upgrade_checks = (('Database schema', _check_schema),)


def main() -> None:
    upgradecheck.register_cli_options(CONF, Checks())
    service.setup('volupload-status', sys.argv[1:])
    sys.exit(upgradecheck.run(CONF))
