# SPDX-License-Identifier: Apache-2.0
"""Which version the schema has, without alembic.

Every manager asks at its start. To load alembic for that took a fifth of the
start, and its memory stayed.
"""

from collections.abc import Iterator
import contextlib

import sqlalchemy

from volupload import exception
from volupload.conf import CONF
from volupload.db import session

VERSION = '004'   # the last one in alembic/versions
_TABLE = sqlalchemy.table('alembic_version', sqlalchemy.column('version_num'))


def version() -> str | None:
    """The version that the database has; None for an empty one.

    :raises ConfigError: the database cannot be used.
    """
    with refusals(), session.engine().connect() as connection:
        if not sqlalchemy.inspect(connection).has_table(_TABLE.name):
            return None
        return connection.execute(
            sqlalchemy.select(_TABLE.c.version_num)).scalar_one_or_none()


def is_current() -> bool:
    return version() == VERSION


@contextlib.contextmanager
def refusals(*more: type[Exception]) -> Iterator[None]:
    """What goes wrong at a start is told in a line, without the password.

    :param more: exceptions that mean it, too
    """
    try:
        yield
    except (*session.TROUBLE, *more) as error:
        inner = getattr(error, 'inner_exception', error)
        reason = ' '.join(str(getattr(inner, 'orig', error)).split())
        password = sqlalchemy.make_url(CONF.database.connection).password
        if password:
            reason = reason.replace(str(password), '***')
        raise exception.ConfigError(
            section='database', option='connection',
            reason=reason) from error
