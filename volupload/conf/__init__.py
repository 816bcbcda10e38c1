# SPDX-License-Identifier: Apache-2.0
"""Configuration: one module an option group, one object for the process.

``CONF`` is oslo.config's own global object, because paste factories,
keystonemiddleware and oslo.messaging look there. It is read inside
functions, never at import.
"""

from collections.abc import Sequence

from oslo_config import cfg

from volupload import exception
from volupload.conf import api
from volupload.conf import backends
from volupload.conf import base
from volupload.conf import check
from volupload.conf import glance
from volupload.conf import metrics
from volupload.conf import upgrade_levels
from volupload.conf import upload
from volupload.version import version_string

CONF = cfg.CONF

MODULES = (base, api, glance, metrics, upgrade_levels, upload)

for _module in MODULES:
    _module.register_opts(CONF)


def parse(args: Sequence[str], prog: str,
          config_files: list[str] | None = None) -> None:
    """Read the configuration and refuse it whole if a value is wrong.

    oslo.config converts a value when it is first read, which may be days
    after the start. Here every option is read once at the start instead.

    :raises SystemExit: with one line that names section and option.
    """
    try:
        with check.reworded_complaints(prog):
            CONF(args, project='volupload', prog=prog,
                 version=version_string(), default_config_files=config_files)
        for name in CONF.enabled_backends:
            backends.register_backend_opts(CONF, name)
        check.check_values(CONF)
    except (cfg.Error, ValueError, exception.ConfigError) as error:
        raise SystemExit(f'{prog}: {check.one_line(str(error))}') from None


def read_again() -> None:
    """Take over what has changed in the files, of the mutable options.

    oslo.config would take over a wrong value as well, and raise an error
    whenever the option is read; so the files are tried out first.

    :raises cfg.Error, ValueError, ConfigError: they cannot be used. Nothing
        has changed then.
    """
    trial = cfg.ConfigOpts()
    for module in MODULES:
        module.register_opts(trial)
    trial([], project='volupload', prog=CONF.prog,
          default_config_files=CONF.config_file,
          default_config_dirs=CONF.config_dir)
    check.check_values(trial)
    CONF.mutate_config_files()
