# SPDX-License-Identifier: Apache-2.0
"""Transactions, by oslo.db's enginefacade on the section [database].

A block ``with reader() as session``, ``with writer() as session`` or ``with
connection() as connection`` is one transaction. On SQLite one that writes must
begin with a statement that does: a transaction that has read first cannot wait
for the write lock, it fails.
"""

from collections.abc import Callable
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any
from typing import ParamSpec
from typing import TypeVar

from oslo_db import api as oslo_db_api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import enginefacade
import sqlalchemy
from sqlalchemy import orm

from volupload import exception
from volupload.conf import CONF

P = ParamSpec('P')
R = TypeVar('R')

# What a database that cannot be used raises. oslo.db leaves most refusals of
# an account or a certificate as they are.
TROUBLE = (db_exception.DBError, sqlalchemy.exc.DBAPIError)

_again = oslo_db_api.wrap_db_retry(
    max_retries=5, retry_interval=0.1, inc_retry_interval=True,
    max_retry_interval=2, retry_on_deadlock=True)


def retried(function: Callable[P, R]) -> Callable[P, R]:
    """For functions that write, whose whole transaction can be run again.

    A server may refuse any transaction because of another one (MySQL 1213,
    Galera's certification, PostgreSQL 40P01) and expects to be asked again.
    """
    again: Callable[P, R] = _again(function)
    return again


@enginefacade.transaction_context_provider
class _Scope:
    """What enginefacade hangs the current transaction of a thread on."""


_manager = enginefacade.transaction_context()
_scope = _Scope()


def _prepare_engine(engine: sqlalchemy.Engine) -> None:
    if engine.dialect.name == 'sqlite':
        sqlalchemy.event.listen(engine, 'connect', _prepare_sqlite)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Readers and one writer side by side: the API answers while a manager
    # of the same process records its progress.
    connection.execute('PRAGMA journal_mode = WAL')
    connection.execute('PRAGMA busy_timeout = 30000')


def configure() -> None:
    """Bind the transactions of this process to [database]; do this once.

    :raises ConfigError: the URL names no database that we can speak to.
    """
    try:
        sqlalchemy.make_url(CONF.database.connection).get_dialect()
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        raise exception.ConfigError(
            section='database', option='connection',
            reason=str(error)) from error
    except ValueError as error:
        # In the words of int(), which may show a part of the password.
        raise exception.ConfigError(
            section='database', option='connection',
            reason='its port is not a number') from error
    # Without eventlet there is nobody to yield to after each transaction.
    _manager.configure(sqlite_fk=True, thread_checkin=False)
    _manager.append_on_engine_create(_prepare_engine)


def reader() -> AbstractContextManager[orm.Session]:
    session: AbstractContextManager[orm.Session] = (
        _manager.reader.using(_scope))
    return session


def writer() -> AbstractContextManager[orm.Session]:
    session: AbstractContextManager[orm.Session] = (
        _manager.writer.using(_scope))
    return session


def connection() -> AbstractContextManager[sqlalchemy.Connection]:
    """To write with statements alone, for half the CPU of a session."""
    writing: AbstractContextManager[sqlalchemy.Connection] = (
        _manager.writer.connection.using(_scope))
    return writing


def count_changed(writing: orm.Session | sqlalchemy.Connection,
                  statement: sqlalchemy.UpdateBase,
                  parameters: Mapping[str, Any] | None = None) -> int:
    """Run an UPDATE or DELETE; the number of rows that it met."""
    result: Any = writing.execute(
        statement, parameters,
        execution_options={'synchronize_session': False})
    return int(result.rowcount)


def engine() -> sqlalchemy.Engine:
    found: sqlalchemy.Engine = _manager.writer.get_engine()
    return found


def dispose() -> None:
    """Close every connection; what was bound can be configured anew."""
    global _manager
    if _manager.is_started:
        engine().dispose()
    _manager = enginefacade.transaction_context()


def ping() -> None:
    """:raises DBError: the database does not answer."""
    with reader() as reading:
        reading.execute(sqlalchemy.text('SELECT 1'))
