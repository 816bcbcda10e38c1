# SPDX-License-Identifier: Apache-2.0
"""volupload-status: whether an upgrade can go ahead."""

from collections.abc import Iterator
import sys

from oslo_config import cfg
from oslo_upgradecheck import common_checks
from oslo_upgradecheck import upgradecheck
from oslo_utils import uuidutils

from volupload import exception
from volupload import service
from volupload.conf import backends
from volupload.conf import CONF
from volupload.conf import opts
from volupload.db import migration
from volupload.image import glance

_SUCCESS = upgradecheck.Code.SUCCESS
_WARNING = upgradecheck.Code.WARNING
_FAILURE = upgradecheck.Code.FAILURE


class Checks(upgradecheck.UpgradeCommands):

    def _check_schema(self) -> upgradecheck.Result:
        if migration.is_current():
            return upgradecheck.Result(_SUCCESS)
        return upgradecheck.Result(
            _FAILURE,
            f'The schema is at {migration.version() or "no version"}: run '
            '"volupload-manage db sync" before starting the services.')

    def _check_options(self) -> upgradecheck.Result:
        unknown = sorted(_unknown_options())
        if not unknown:
            return upgradecheck.Result(_SUCCESS)
        return upgradecheck.Result(
            _WARNING, 'Not options of this release, and not looked at: '
            + ', '.join(unknown))

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
        ('Image service', _check_glance))


def _unknown_options() -> Iterator[str]:
    """In sections of ours; what libraries read there they register late."""
    known: dict[str, set[str]] = {}
    for group, options in opts.list_opts():
        known.setdefault(str(group), set()).update(_names(options))
    for name in CONF.enabled_backends:
        known[name] = set(_names(backends.backend_opts))
    known.pop('DEFAULT')    # the libraries' own section
    for path in CONF.config_file:
        sections: dict[str, dict[str, list[str]]] = {}
        cfg.ConfigParser(path, sections).parse()
        for section in sections.keys() & known.keys():
            for option in sections[section].keys() - known[section]:
                yield f'[{section}] {option}'


def _names(options: list[cfg.Opt]) -> Iterator[str]:
    for option in options:
        yield option.dest
        yield option.name
        yield from (old.name for old in option.deprecated_opts if old.name)


def main() -> None:
    upgradecheck.register_cli_options(CONF, Checks())
    service.setup('volupload-status', sys.argv[1:])
    # Only its own main() sets this, and --json does nothing without (2.7).
    upgradecheck.CONF = CONF
    sys.exit(upgradecheck.run(CONF))
