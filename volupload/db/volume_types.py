# SPDX-License-Identifier: Apache-2.0
"""Statements on volume types."""

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa

from volupload import exception
from volupload.db import models
from volupload.db import paging
from volupload.db import session
from volupload.db.models import VolumeType


@session.retried
def create(values: Mapping[str, Any]) -> VolumeType:
    """:raises VolumeTypeExists: there is one of that name."""
    volume_type = VolumeType(**values)
    try:
        with session.writer() as writing:
            writing.add(volume_type)
    except db_exception.DBDuplicateEntry:
        raise exception.VolumeTypeExists(name=values['name']) from None
    return volume_type


def get(type_id: str, *, private: bool = True) -> VolumeType:
    """:param private: whether one that is not public may be found.

    :raises VolumeTypeNotFound:
    """
    return _get(VolumeType.id == type_id, type_id, private)


def find(name_or_id: str, *, private: bool = True) -> VolumeType:
    """As `get`, by name too; an id goes before a name.

    :raises VolumeTypeNotFound:
    """
    return _get(sa.or_(VolumeType.id == name_or_id,
                       VolumeType.name == name_or_id), name_or_id, private)


def _get(criterion: sa.ColumnElement[bool], wanted: str,
         private: bool) -> VolumeType:
    query = sa.select(VolumeType).where(criterion).order_by(
        VolumeType.id != wanted)
    with session.reader() as reading:
        found = reading.scalars(query).first()
    if found is None or not (private or found.is_public):
        raise exception.VolumeTypeNotFound(volume_type=wanted)
    return found


def get_all(*, filters: Mapping[str, Any], sort: Sequence[tuple[str, str]],
            limit: int | None, marker: str | None,
            offset: int = 0) -> list[VolumeType]:
    """A page of types; see `paging` for the order.

    :param filters: column names to values, and `extra_specs` to a mapping of
        which every pair must be there.
    :raises VolumeTypeNotFound: `marker` is none.
    """
    keys = paging.keys(VolumeType.__table__, sort,
                       session.engine().dialect.name)
    query = sa.select(VolumeType).where(
        *(one for name, value in filters.items()
          for one in _criteria(name, value)))
    last = get(marker) if marker else None
    with session.reader() as reading:
        return list(reading.scalars(
            paging.page(query, keys, last, limit, offset)))


def _criteria(name: str, wanted: Any) -> list[sa.ColumnElement[bool]]:
    if name != 'extra_specs':
        return [getattr(VolumeType, name) == wanted]
    return [VolumeType.extra_specs[key].as_string() == value
            for key, value in wanted.items()]


@session.retried
def update(type_id: str, values: Mapping[str, Any]) -> VolumeType:
    """:raises VolumeTypeNotFound: it is gone.

    :raises VolumeTypeExists: another one has the new name.
    """
    try:
        with session.connection() as writing:
            session.count_changed(
                writing, sa.update(VolumeType)
                .where(VolumeType.id == type_id)
                .values(updated_at=models.utcnow(), **values))
    except db_exception.DBDuplicateEntry:
        raise exception.VolumeTypeExists(name=values['name']) from None
    return get(type_id)


@session.retried
def change_extra_specs(type_id: str, changes: Mapping[str, str | None],
                       removed: Collection[str] = ()) -> VolumeType:
    """Set these pairs, remove those with the other keys, leave the rest.

    :raises VolumeTypeNotFound: it is gone.
    """
    with session.writer() as writing:
        # The lock on the row: those who change it come one by one.
        session.count_changed(
            writing, sa.update(VolumeType).where(VolumeType.id == type_id)
            .values(updated_at=models.utcnow()))
        volume_type = writing.get(VolumeType, type_id)
        if volume_type is None:
            raise exception.VolumeTypeNotFound(volume_type=type_id)
        specs = {**volume_type.extra_specs, **changes}
        volume_type.extra_specs = {
            key: value for key, value in specs.items() if key not in removed}
    return get(type_id)


@session.retried
def delete(type_id: str) -> None:
    """:raises VolumeTypeInUse: volumes have it."""
    try:
        with session.connection() as writing:
            session.count_changed(writing, sa.delete(VolumeType).where(
                VolumeType.id == type_id,
                ~sa.exists().where(models.Volume.volume_type_id == type_id)))
            used = writing.execute(sa.select(VolumeType.id).where(
                VolumeType.id == type_id)).first() is not None
    except db_exception.DBReferenceError:
        used = True   # a volume of it came meanwhile
    if used:
        raise exception.VolumeTypeInUse(volume_type=type_id)
