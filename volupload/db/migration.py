# SPDX-License-Identifier: Apache-2.0
"""The schema's version, by alembic, with the scripts beside this module."""

from collections.abc import Iterator
import contextlib
import pathlib

from alembic import command
from alembic import config as alembic_config
from alembic import migration
from alembic import script
from alembic import util as alembic_util
import sqlalchemy

from volupload import exception
from volupload.conf import CONF
from volupload.db import session


def _config() -> alembic_config.Config:
    config = alembic_config.Config()
    config.set_main_option(
        'script_location', str(pathlib.Path(__file__).parent / 'alembic'))
    return config


def sync(version: str = 'head') -> None:
    """Bring the schema up to `version`, in one transaction where it can.

    :raises ConfigError: the database cannot be used, or has a version that
        this code does not know.
    """
    config = _config()
    with _refusals(), session.engine().begin() as connection:
        config.attributes['connection'] = connection
        command.upgrade(config, version)


def version() -> str | None:
    """The version that the database has; None for an empty one.

    :raises ConfigError: the database cannot be used.
    """
    with _refusals(), session.engine().connect() as connection:
        return _current(connection)


def is_current() -> bool:
    return version() == script.ScriptDirectory.from_config(
        _config()).get_current_head()


def _current(connection: sqlalchemy.Connection) -> str | None:
    context = migration.MigrationContext.configure(connection)
    return context.get_current_revision()


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What goes wrong at a start is told in a line, without the password."""
    try:
        yield
    except (*session.TROUBLE, alembic_util.CommandError) as error:
        inner = getattr(error, 'inner_exception', error)
        reason = ' '.join(str(getattr(inner, 'orig', error)).split())
        password = sqlalchemy.make_url(CONF.database.connection).password
        if password:
            reason = reason.replace(str(password), '***')
        raise exception.ConfigError(
            section='database', option='connection',
            reason=reason) from error
