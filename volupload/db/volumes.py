# SPDX-License-Identifier: Apache-2.0
"""Statements on volumes and their metadata."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import operator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from volupload import exception
from volupload.db import models
from volupload.db import paging
from volupload.db import session
from volupload.db.models import Volume
from volupload.volume.status import is_volume_move
from volupload.volume.status import UNFINISHED
from volupload.volume.status import VolumeStatus

# The two statements on the way of every request, made once: to put one
# together takes as long as to run it. A driver in Python spends 10 us on each
# column, so what a client does not see of a type is read for uploads only.
_BY_ID = sa.select(Volume).where(Volume.id == sa.bindparam('volume_id'))
_WITH_TYPE = _BY_ID.options(orm.joinedload(Volume.volume_type))
_WITH_METADATA = _BY_ID.options(
    orm.joinedload(Volume.volume_type).load_only(models.VolumeType.name),
    orm.joinedload(Volume.metadata_items))


_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    'gt': operator.gt, 'gte': operator.ge, 'eq': operator.eq,
    'neq': operator.ne, 'lt': operator.lt, 'lte': operator.le}


@session.retried
def create(values: Mapping[str, Any], metadata: Mapping[str, str]) -> Volume:
    volume = Volume(**values)
    volume.metadata_items = _items(metadata)
    with session.writer() as writing:
        writing.add(volume)
    return get(volume.id)


def get(volume_id: str, *, project_id: str | None = None,
        metadata: bool = True) -> Volume:
    """The volume with its type, in one statement.

    :param project_id: whose it must be; None for anybody's.
    :param metadata: True reads its metadata, and of its type the name; False
        reads all of its type and no metadata.
    :raises VolumeNotFound: also when it is another project's.
    """
    statement = _WITH_METADATA if metadata else _WITH_TYPE
    with session.reader() as reading:
        volume = reading.scalars(
            statement, {'volume_id': volume_id}).unique().one_or_none()
    if volume is None or project_id not in (None, volume.project_id):
        raise exception.VolumeNotFound(volume_id=volume_id)
    return volume


def get_all(*, project_id: str | None, filters: Mapping[str, Any],
            sort: Sequence[tuple[str, str]], limit: int | None,
            marker: str | None, offset: int = 0) -> list[Volume]:
    """A page of volumes, in two statements whatever its length.

    A marker takes one more. See `paging` for the order.

    :param filters: column names to values, or to lists of comparisons, as
        ``('gte', moment)``; a name with ``~`` to a part of the value;
        `metadata` or `image_metadata` to a mapping of which every pair must
        be there; and `attached` to whether somebody has it.
    :param sort: pairs of column name and `asc` or `desc`.
    :raises VolumeNotFound: when `marker` is none of theirs.
    """
    keys = paging.keys(Volume.__table__, sort,
                       session.engine().dialect.name)
    query = sa.select(Volume).where(*_criteria(project_id, filters)).options(
        orm.joinedload(Volume.volume_type))
    last = (get(marker, project_id=project_id, metadata=False)
            if marker else None)
    query = paging.page(query, keys, last, limit, offset)
    with session.reader() as reading:
        found = list(reading.scalars(query))
        _load_metadata(reading, found)
    return found


def _load_metadata(reading: orm.Session, found: Sequence[Volume]) -> None:
    """In one statement; SQLAlchemy's own would take one for each 500."""
    items: dict[str, list[models.VolumeMetadata]] = {
        volume.id: [] for volume in found}
    query = sa.select(models.VolumeMetadata).where(
        models.VolumeMetadata.volume_id.in_(items))
    for item in reading.scalars(query) if items else ():
        items[item.volume_id].append(item)
    for volume in found:
        orm.attributes.set_committed_value(
            volume, 'metadata_items', items[volume.id])


def _criteria(project_id: str | None, filters: Mapping[str, Any],
              ) -> list[sa.ColumnElement[bool]]:
    criteria = [one for name, wanted in filters.items()
                for one in _criteria_of(name, wanted)]
    if project_id is not None:
        criteria.append(Volume.project_id == project_id)
    return criteria


def _criteria_of(name: str, wanted: Any) -> list[sa.ColumnElement[bool]]:
    if name == 'metadata':
        return [Volume.metadata_items.any(key=key, value=value)
                for key, value in wanted.items()]
    if name == 'image_metadata':
        return [Volume.image_metadata[key].as_string() == value
                for key, value in wanted.items()]
    if name == 'attached':
        return [Volume.attachment.is_not(None) if wanted
                else Volume.attachment.is_(None)]
    if name.endswith('~'):
        return [getattr(Volume, name[:-1]).contains(wanted, autoescape=True)]
    column = getattr(Volume, name)
    if isinstance(wanted, list):
        return [_COMPARISONS[how](column, moment) for how, moment in wanted]
    return [column == wanted]


@session.retried
def update(volume_id: str, values: Mapping[str, Any],
           metadata: Mapping[str, str] | None = None) -> Volume:
    """Change what its owner may change; `metadata` replaces all of it."""
    with session.writer() as writing:
        found = session.count_changed(
            writing, sa.update(Volume).where(Volume.id == volume_id)
            .values(updated_at=models.utcnow(), **values))
        if found and metadata is not None:
            _clear_items(writing, volume_id)
            writing.add_all(_items(metadata, volume_id=volume_id))
    return get(volume_id)


@session.retried
def add_metadata(volume_id: str, metadata: Mapping[str, str]) -> None:
    """Set these pairs, and leave the others.

    :raises VolumeNotFound: it is gone.
    """
    items = models.VolumeMetadata
    with session.writer() as writing:
        # It also makes those who set the same pairs come one by one.
        _touch(writing, volume_id)
        there = set(writing.scalars(sa.select(items.key).where(
            items.volume_id == volume_id, items.key.in_(metadata))))
        # As in _clear_items: nothing is deleted that is not there.
        if there:
            session.count_changed(writing, sa.delete(items).where(
                items.volume_id == volume_id, items.key.in_(there)))
        writing.add_all(_items(metadata, volume_id=volume_id))


@session.retried
def delete_metadata(volume_id: str, key: str) -> None:
    """Remove a pair.

    :raises VolumeNotFound: it is gone.
    :raises MetadataNotFound: there is no such pair; nothing is changed then,
        the time of the last change neither.
    """
    items = models.VolumeMetadata
    with session.writer() as writing:
        _touch(writing, volume_id)
        if not session.count_changed(writing, sa.delete(items).where(
                items.volume_id == volume_id, items.key == key)):
            raise exception.MetadataNotFound(volume_id=volume_id, key=key)


def _touch(writing: orm.Session, volume_id: str) -> None:
    if not session.count_changed(
            writing, sa.update(Volume).where(Volume.id == volume_id)
            .values(updated_at=models.utcnow())):
        raise exception.VolumeNotFound(volume_id=volume_id)


def _clear_items(writing: orm.Session, volume_id: str) -> None:
    items = models.VolumeMetadata
    ours = items.volume_id == volume_id
    # MySQL locks the gap where there is nothing to delete, and two such locks
    # with an insert after each are a deadlock.
    if writing.execute(sa.select(items.key).where(ours).limit(1)).first():
        session.count_changed(writing, sa.delete(items).where(ours))


def _items(metadata: Mapping[str, str],
           **owner: str) -> list[models.VolumeMetadata]:
    return [models.VolumeMetadata(key=key, value=value, **owner)
            for key, value in metadata.items()]


@session.retried
def transition(volume_id: str, coming_from: Collection[VolumeStatus],
               to: VolumeStatus, **values: Any) -> bool:
    """Move the status by compare-and-swap; False when it was another.

    :raises ValueError: there is no such move.
    """
    for status in coming_from:
        if not is_volume_move(status, to):
            raise ValueError(f'A volume cannot go from {status} to {to}')
    with session.connection() as writing:
        return session.count_changed(
            writing, sa.update(Volume)
            .where(Volume.id == volume_id, Volume.status.in_(coming_from))
            .values(status=to, updated_at=models.utcnow(), **values)) == 1


@session.retried
def claim(volume_id: str, host: str) -> bool:
    """Take a new volume that no manager has taken; False when one has."""
    with session.connection() as writing:
        return session.count_changed(
            writing, sa.update(Volume)
            .where(Volume.id == volume_id, Volume.host.is_(None),
                   Volume.status == VolumeStatus.CREATING)
            .values(host=host)) == 1


def get_unfinished(hosts: Collection[str]) -> list[Volume]:
    """Volumes that are being created or deleted, ours and nobody's."""
    query = sa.select(Volume).where(
        Volume.status.in_(UNFINISHED),
        sa.or_(Volume.host.in_(hosts), Volume.host.is_(None)),
    ).order_by(Volume.created_at)
    with session.reader() as reading:
        return list(reading.scalars(query))


@session.retried
def destroy(volume_id: str) -> None:
    with session.connection() as writing:
        session.count_changed(   # its metadata goes along
            writing, sa.delete(Volume).where(Volume.id == volume_id))


def summary(project_id: str | None,
            filters: Mapping[str, Any]) -> tuple[int, int]:
    """How many volumes there are, and their GiB altogether."""
    query = sa.select(sa.func.count(), sa.func.coalesce(
        sa.func.sum(Volume.size_gb), 0)).where(
            *_criteria(project_id, filters))
    with session.reader() as reading:
        count, size = reading.execute(query).one()
    return int(count), int(size)


def distinct_metadata(project_id: str | None) -> dict[str, list[str]]:
    """The keys of all these volumes with every value that one has."""
    items = models.VolumeMetadata
    query = sa.select(items.key, items.value).distinct().join(
        Volume, Volume.id == items.volume_id).where(
            *_criteria(project_id, {})).order_by(items.key, items.value)
    found: dict[str, list[str]] = {}
    with session.reader() as reading:
        for key, value in reading.execute(query):
            found.setdefault(key, []).append(value)
    return found
