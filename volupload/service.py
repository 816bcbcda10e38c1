# SPDX-License-Identifier: Apache-2.0
"""What every process of volupload does before anything else."""

from collections.abc import Sequence
import os

from oslo_db import options as db_options
from oslo_log import log
import oslo_messaging

from volupload import conf
from volupload import exception
from volupload import report
from volupload import tracing
from volupload.conf import CONF
from volupload.db import session


def setup(prog: str, args: Sequence[str] = (),
          config_files: list[str] | None = None, *,
          prints: bool = False) -> None:
    """Read the configuration, start logging, bind the database.

    :param config_files: instead of those that oslo.config finds by itself.
    :param prints: standard output is for what the program was asked, so what
        is logged goes to standard error.
    :raises SystemExit: an option has a wrong value; the message names it.
    """
    # What it makes, a database of SQLite or a report, is not for everybody.
    os.umask(os.umask(0o077) | 0o027)
    register_library_options(prog)
    CONF.set_default('use_stderr', prints)
    conf.parse(args, prog, config_files)
    log.setup(CONF, 'volupload')
    try:
        session.configure()
    except exception.ConfigError as error:
        raise SystemExit(f'{prog}: {error}') from None


def register_library_options(prog: str = 'volupload') -> None:
    """Those that the libraries register too late to be checked at start."""
    log.register_options(CONF)
    log.set_defaults(default_log_levels=[
        *log.get_default_log_levels(), 'oslo.service=WARNING',
        'oslo_service=WARNING', 'cotyledon=WARNING', 'alembic=WARNING'])
    report.register_options()
    tracing.register_options(prog)
    db_options.set_defaults(
        CONF, connection='sqlite:///$state_path/volupload.db')
    oslo_messaging.set_transport_defaults('volupload')
