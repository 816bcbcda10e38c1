# SPDX-License-Identifier: Apache-2.0
"""The schema's version, by alembic, with the scripts beside this module."""

import pathlib

from alembic import command
from alembic import config as alembic_config
from alembic import migration
from alembic import script
import sqlalchemy

from volupload.db import session


def _config() -> alembic_config.Config:
    config = alembic_config.Config()
    config.set_main_option(
        'script_location', str(pathlib.Path(__file__).parent / 'alembic'))
    return config


def sync(version: str = 'head') -> None:
    """Bring the schema up to `version`, in one transaction where it can."""
    config = _config()
    with session.engine().begin() as connection:
        config.attributes['connection'] = connection
        command.upgrade(config, version)


def version() -> str | None:
    """The version that the database has; None for an empty one."""
    with session.engine().connect() as connection:
        return _current(connection)


def is_current() -> bool:
    return version() == script.ScriptDirectory.from_config(
        _config()).get_current_head()


def _current(connection: sqlalchemy.Connection) -> str | None:
    context = migration.MigrationContext.configure(connection)
    return context.get_current_revision()
