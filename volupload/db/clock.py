# SPDX-License-Identifier: Apache-2.0
"""The database's clock, which is one for all who use it.

Leases are written and judged by it, so it does not matter what the clocks of
the managers say. ``utc_now()`` stands in a statement where a time can stand;
``read`` asks for it. Times are UTC, without a zone, with microseconds (SQLite:
milliseconds).
"""

import datetime
from typing import Any
from typing import cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import functions

from volupload.db import models
from volupload.db import session


class utc_now(functions.FunctionElement[datetime.datetime]):
    """The time at which the statement runs."""

    type = models.PreciseTime
    inherit_cache = True


@compiles(utc_now, 'mysql')
def _mysql(element: utc_now, compiler: Any, **kwargs: Any) -> str:
    return 'UTC_TIMESTAMP(6)'


@compiles(utc_now, 'postgresql')
def _postgresql(element: utc_now, compiler: Any, **kwargs: Any) -> str:
    return "timezone('utc', clock_timestamp())"


@compiles(utc_now, 'sqlite')
def _sqlite(element: utc_now, compiler: Any, **kwargs: Any) -> str:
    # SQLAlchemy keeps times there as text with six digits after the point.
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


def read() -> datetime.datetime:
    with session.reader() as reading:
        return cast(datetime.datetime,
                    reading.scalar(sa.select(utc_now())))
