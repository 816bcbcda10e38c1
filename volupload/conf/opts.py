# SPDX-License-Identifier: Apache-2.0
"""What oslo-config-generator finds under the namespace ``volupload``."""

from oslo_config import cfg

from volupload import conf
from volupload.conf import backends


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    modules = (*conf.MODULES, backends)
    return [group for module in modules for group in module.list_opts()]
