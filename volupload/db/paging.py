# SPDX-License-Identifier: Apache-2.0
"""An order of rows that every database agrees on, and what follows a row.

A page is found by the last row of the page before. That works only when rows
stand in one order, whole and the same each time: the databases differ in
where they put NULL (here: before everything else) and, by their settings, in
how they sort text (here: by code points), and NULL is neither above nor below
anything in a comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Column = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One column to sort by.

    :ivar sorted_by: what is compared, which is `column`, its bytes, or a
        number for a truth: SQLAlchemy knows no truth above another.
    """

    column: sa.Column[Any]
    sorted_by: Column
    descending: bool

    def order(self) -> list[Column]:
        """For ORDER BY; a rank of its own says where NULL is."""
        terms: list[Column] = [self.sorted_by]
        if self.column.nullable:
            terms.insert(0, self.column.is_not(None))
        return [term.desc() for term in terms] if self.descending else terms

    def same(self, value: object) -> Column:
        if value is None:
            return self.column.is_(None)
        return self.column == value

    def after(self, value: object) -> Column:
        """What comes later than `value` by this column alone."""
        if value is None:
            return sa.false() if self.descending else self.column.is_not(None)
        if isinstance(value, bool):
            value = int(value)
        if not self.descending:
            return self.sorted_by > value
        if not self.column.nullable:
            return self.sorted_by < value
        return sa.or_(self.sorted_by < value, self.column.is_(None))


def keys(table: sa.FromClause, sort: Sequence[tuple[str, str]],
         dialect: str) -> list[Key]:
    """The order that is asked for, made complete by the id.

    :param sort: pairs of column name and `asc` or `desc`.
    :param dialect: SQLAlchemy's name of the kind of database.
    """
    last = sort[-1][1] if sort else 'desc'
    wanted = [*sort] if 'id' in dict(sort) else [*sort, ('id', last)]
    return [_key(table.c[name], direction == 'desc', dialect)
            for name, direction in wanted]


def page(query: sa.Select[Any], ordered_by: Sequence[Key], last: object | None,
         limit: int | None, offset: int) -> sa.Select[Any]:
    """The rows of a query in this order, from the one after `last` on."""
    if last is not None:
        query = query.where(follow(last, ordered_by))
    terms = [term for key in ordered_by for term in key.order()]
    return query.order_by(*terms).limit(limit).offset(offset)


def follow(row: object, ordered_by: Sequence[Key]) -> Column:
    """A criterion that is true of the rows after `row`."""
    criterion: Column = sa.false()
    for key in reversed(ordered_by):
        value = getattr(row, key.column.name)
        criterion = sa.or_(key.after(value),
                           sa.and_(key.same(value), criterion))
    return criterion


def _key(column: Any, descending: bool, dialect: str) -> Key:
    if dialect == 'postgresql' and isinstance(column.type, sa.String):
        return Key(column, sa.collate(column, 'C'), descending)
    if isinstance(column.type, sa.Boolean):
        return Key(column, sa.case((column, 1), else_=0), descending)
    return Key(column, column, descending)
