# SPDX-License-Identifier: Apache-2.0
"""volupload-status: whether an upgrade can go ahead."""

import sys

from oslo_upgradecheck import common_checks
from oslo_upgradecheck import upgradecheck
from oslo_utils import uuidutils

from volupload import exception
from volupload import service
from volupload.cmd.operations import catalogue
from volupload.cmd.operations import options
from volupload.conf import CONF
from volupload.db import schema
from volupload.image import glance

_SUCCESS = upgradecheck.Code.SUCCESS
_WARNING = upgradecheck.Code.WARNING
_FAILURE = upgradecheck.Code.FAILURE


class Checks(upgradecheck.UpgradeCommands):

    def _check_schema(self) -> upgradecheck.Result:
        if schema.is_current():
            return upgradecheck.Result(_SUCCESS)
        return upgradecheck.Result(
            _FAILURE,
            f'The schema is at {schema.version() or "no version"}: run '
            '"volupload-manage db sync" before starting the services.')

    def _check_options(self) -> upgradecheck.Result:
        told = [f'{words}: {", ".join(sorted(set(found)))}'
                for words, found in (
                    ('Not options of this release, and not looked at',
                     list(options.unknown())),
                    ('Under an old name', list(options.renamed())),
                    ('About to be removed', list(options.leaving())))
                if found]
        return upgradecheck.Result(_WARNING if told else _SUCCESS,
                                   '; '.join(told) or None)

    def _check_catalogue(self) -> upgradecheck.Result:
        problems = catalogue.problems()
        if not problems:
            return upgradecheck.Result(_SUCCESS)
        serious = any(problem.serious for problem in problems)
        return upgradecheck.Result(
            _FAILURE if serious else _WARNING,
            '; '.join(problem.text for problem in problems))

    def _check_glance(self) -> upgradecheck.Result:
        """Whether the catalogue leads to a Glance that knows us."""
        images = glance.ImageService()
        try:
            # To a stranger it would say something else of it.
            images.get_image(uuidutils.generate_uuid(), retry=False)
        except exception.ImageNotFound:
            return upgradecheck.Result(_SUCCESS)
        except exception.VoluploadError as error:
            return upgradecheck.Result(_FAILURE, str(error))
        return upgradecheck.Result(
            _FAILURE, 'Glance has an image for every id: is it one?')

    _upgrade_checks = (
        ('Database schema', _check_schema),
        ('Policy file is YAML', (common_checks.check_policy_json,
                                 {'conf': CONF})),
        ('Options of the files', _check_options),
        ('Image service', _check_glance),
        ('Service catalogue', _check_catalogue))


def main() -> None:
    upgradecheck.register_cli_options(CONF, Checks())
    service.setup('volupload-status', sys.argv[1:], prints=True)
    # Only its own main() sets this, and --json does nothing without (2.7).
    upgradecheck.CONF = CONF
    sys.exit(upgradecheck.run(CONF))
