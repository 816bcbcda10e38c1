# SPDX-License-Identifier: Apache-2.0
"""Statements on messages to users: why something failed, after the 202."""

from collections.abc import Sequence
import datetime
from typing import Any

from oslo_utils import uuidutils
import sqlalchemy as sa

from volupload import exception
from volupload.db import models
from volupload.db import paging
from volupload.db import session
from volupload.db.models import Message
from volupload.db.models import Upload

VOLUME = 'VOLUME'
ERROR = 'ERROR'
# As Cinder counts: action 003 is "copy volume to image", detail 001 an error
# that has no number of its own.
UPLOAD_FAILED = 'VOLUME_VOLUME_003_001'
LIFETIME = datetime.timedelta(days=30)


def insert(writing: sa.Connection, upload: Upload, reason: str) -> None:
    """Tell the project of an upload that it failed; a part of its end."""
    now = models.precise_now()
    writing.execute(sa.insert(Message), {
        'id': uuidutils.generate_uuid(), 'project_id': upload.project_id,
        'request_id': upload.request_id, 'resource_type': VOLUME,
        'resource_uuid': upload.volume_id, 'event_id': UPLOAD_FAILED,
        'user_message': f'copy volume to image: {reason}',
        'message_level': ERROR, 'created_at': now,
        'expires_at': now.replace(microsecond=0) + LIFETIME})


def get(message_id: str, project_id: str | None = None) -> Message:
    """
    :param project_id: None: anybody's.
    :raises MessageNotFound: there is none such.
    """
    query = sa.select(Message).where(Message.id == message_id)
    with session.reader() as reading:
        found: Message | None = reading.scalars(
            _of_project(query, project_id)).first()
    if found is None:
        raise exception.MessageNotFound(message_id=message_id)
    return found


def get_all(project_id: str | None, *,
            filters: dict[str, str] | None = None,
            sort: Sequence[tuple[str, str]] = (('created_at', 'desc'),),
            limit: int | None = None, marker: str | None = None,
            offset: int = 0) -> list[Message]:
    """A page of messages that have not expired.

    :param filters: column names to values; a name with ``~`` to a part of
        the value.
    :raises MessageNotFound: there is no message ``marker``.
    """
    keys = paging.keys(Message.__table__, sort,
                       session.engine().dialect.name)
    query = _of_project(sa.select(Message), project_id).where(
        Message.expires_at > models.utcnow())
    for name, value in (filters or {}).items():
        column = getattr(Message, name.removesuffix('~'))
        query = query.where(
            column.contains(value, autoescape=True) if name.endswith('~')
            else column == value)
    last = get(marker, project_id) if marker else None
    query = paging.page(query, keys, last, limit, offset)
    with session.reader() as reading:
        return list(reading.scalars(query))


@session.retried
def delete(message_id: str) -> None:
    with session.connection() as writing:
        session.count_changed(
            writing, sa.delete(Message).where(Message.id == message_id))


@session.retried
def purge() -> int:
    """Remove what has expired; the number of messages."""
    with session.connection() as writing:
        return session.count_changed(writing, sa.delete(Message).where(
            Message.expires_at <= models.utcnow()))


def _of_project(query: sa.Select[Any],
                project_id: str | None) -> sa.Select[Any]:
    if project_id is None:
        return query
    return query.where(Message.project_id == project_id)
