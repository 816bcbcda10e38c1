# SPDX-License-Identifier: Apache-2.0
"""Brings the schema to a version, by alembic, with the scripts beside this."""

import pathlib

from alembic import command
from alembic import config as alembic_config
from alembic import util as alembic_util

from volupload.db import schema
from volupload.db import session


def sync(version: str = 'head') -> None:
    """Bring the schema up to `version`, in one transaction where it can.

    :raises ConfigError: the database cannot be used, or has a version that
        this code does not know.
    """
    config = alembic_config.Config()
    config.set_main_option(
        'script_location', str(pathlib.Path(__file__).parent / 'alembic'))
    with (schema.refusals(alembic_util.CommandError),
          session.engine().begin() as connection):
        config.attributes['connection'] = connection
        command.upgrade(config, version)
