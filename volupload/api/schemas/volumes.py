# SPDX-License-Identifier: Apache-2.0
"""The bodies that make and change a volume, and what a list is asked by.

A volume begins empty here: what would fill it, group it or attach it several
times is refused by name, unless it is null as clients send what was not asked
for. Old clients also send facts about the volume that are not theirs to
state; these are not looked at.
"""

import datetime
import enum
from typing import Any

from volupload import exception
from volupload.api import microversion
from volupload.api import schemas
from volupload.api.schemas import ABSENT
from volupload.api.schemas import Field
from volupload.api.schemas import Schema

# A file of ext4 ends one block of 4 KiB before 16 TiB: 16384 GiB would be
# accepted here and fail in the manager.
MAX_SIZE_GB = 16383

_UNKNOWN_FEATURES = (
    'source_replica', 'imageRef', 'image_id', 'backup_id',
    'consistencygroup_id', 'group_id', 'multiattach')
UNSUPPORTED = 'It is not supported here.'
_NOT_LOOKED_AT = ('status', 'attach_status', 'user_id', 'project_id')

_text = schemas.nullable(schemas.text())
_metadata = schemas.nullable(schemas.string_map)
_id = schemas.nullable(schemas.identifier)


def _unknown(name: str, value: Any) -> None:
    if value not in (None, False):
        raise schemas.refuse(name, value, UNSUPPORTED)


def _snapshot(name: str, value: Any) -> None:
    if (snapshot_id := _id(name, value)) is not None:
        raise exception.SnapshotNotFound(snapshot_id=snapshot_id)


_NAMING = {
    'name': Field(_text, ABSENT),
    'display_name': Field(_text, ABSENT),
    'description': Field(_text, ABSENT),
    'display_description': Field(_text, ABSENT),
    'metadata': Field(_metadata, ABSENT),
}

_CREATION = {
    'size': Field(schemas.integer(minimum=1, maximum=MAX_SIZE_GB)),
    **_NAMING,
    'volume_type': Field(_text, None),
    'availability_zone': Field(_text, None),
    'snapshot_id': Field(_snapshot, ABSENT),
    'source_volid': Field(_id, None),
    **dict.fromkeys(_UNKNOWN_FEATURES, Field(_unknown, ABSENT)),
    **dict.fromkeys(_NOT_LOOKED_AT, Field(lambda name, value: None, ABSENT)),
}

_CREATE = {strict: Schema('volume', _CREATION, strict=strict)
           for strict in (True, False)}
_UPDATE = {strict: Schema('volume', _NAMING, strict=strict)
           for strict in (True, False)}


# What a list can be sorted and filtered by, as API names to columns.
COLUMNS = {
    'id': 'id', 'name': 'name', 'display_name': 'name', 'status': 'status',
    'size': 'size_gb', 'availability_zone': 'availability_zone',
    'created_at': 'created_at', 'updated_at': 'updated_at',
}


class Matches(enum.Enum):
    """What a filter finds that asks for what all volumes are, or none is."""

    ALL = enum.auto()
    NONE = enum.auto()


_OPERATORS = ('gt', 'gte', 'eq', 'neq', 'lt', 'lte')
_SIZE = ('size_gb', schemas.integer(minimum=0, maximum=2 ** 31 - 1))
_FILTERS: dict[str, tuple[str, schemas.Parser]] = {
    **{name: (COLUMNS[name], schemas.text()) for name in (
        'id', 'name', 'display_name', 'status', 'availability_zone')},
    'size': _SIZE,
    'metadata': ('metadata', schemas.string_map_text),
}


def _host(name: str, value: Any) -> str:
    """``host@backend`` of a host as it is shown, with or without its pool."""
    shown: str = schemas.text()(name, value)
    return shown.partition('#')[0]


_FOR_ADMINS: dict[str, tuple[str, schemas.Parser]] = {
    'host': ('host', _host),
    **{name: (name, schemas.text())
       for name in ('project_id', 'user_id', 'volume_type_id')},
}


def _none(name: str, value: Any) -> Matches:
    schemas.check_characters(name, value)
    return Matches.NONE


def _seems_bootable(name: str, value: Any) -> bool | Matches:
    if value == '':
        return Matches.ALL
    return value not in ('False', 'false', 'FALSE')


def _consumes_quota(name: str, value: Any) -> Matches:
    wanted = schemas.boolean(name, value)
    return Matches.ALL if wanted else Matches.NONE


def _times(name: str, value: Any) -> list[tuple[str, datetime.datetime]]:
    """``gte:2026-01-01T00:00:00,lt:...`` as pairs; UTC without a zone."""
    return [_comparison(name, one.strip()) for one in value.split(',')]


def _comparison(name: str, value: str) -> tuple[str, datetime.datetime]:
    operator, colon, moment = value.partition(':')
    if not colon or operator not in _OPERATORS:
        operator, moment = 'eq', value
    try:
        read = datetime.datetime.fromisoformat(moment)
        if read.tzinfo is not None:
            read = read.astimezone(datetime.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        known = ', '.join(_OPERATORS)
        raise schemas.refuse(name, value, (
            f'It must be a time in the form of ISO 8601, after one of {known} '
            'and a colon.')) from None
    return operator, read


# What came later: since which version, and what.
_LATER: tuple[tuple[microversion.Version,
                    dict[str, tuple[str, schemas.Parser]]], ...] = (
    (microversion.V2, {'bootable': ('bootable', _seems_bootable),
                       'migration_status': ('migration_status', _none)}),
    (microversion.BOOTABLE, {'bootable': ('bootable', schemas.boolean)}),
    (microversion.GLANCE_METADATA, {
        'glance_metadata': ('image_metadata', schemas.string_map_text)}),
    (microversion.GROUP_FILTER, {'group_id': ('group_id', _none)}),
    (microversion.LIKE_FILTERS, {
        f'{name}~': (f'{COLUMNS[name]}~', schemas.text())
        for name in ('name', 'display_name', 'status', 'availability_zone')}),
    (microversion.TIME_FILTERS, {
        name: (name, _times) for name in ('created_at', 'updated_at')}),
    (microversion.CONSUMES_QUOTA, {
        'consumes_quota': ('consumes_quota', _consumes_quota)}),
)


def filters(version: microversion.Version, *, admin: bool,
            ) -> dict[str, tuple[str, schemas.Parser]]:
    """What a list can be filtered by at that version.

    Values are those of `volupload.db.volumes.get_all`, and `Matches`.
    """
    known = _FILTERS | _FOR_ADMINS if admin else dict(_FILTERS)
    for since, later in _LATER:
        if version >= since:
            known |= later
    return known


def create(body: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Arguments of `volupload.volume.api.API.create`, and `source_volid`.

    :raises InvalidField: naming what is wrong.
    :raises SnapshotNotFound: of any snapshot, as there are none.
    """
    if body.get('OS-SCH-HNT:scheduler_hints'):
        raise schemas.refuse('OS-SCH-HNT:scheduler_hints', '...',
                             UNSUPPORTED)
    given = _CREATE[strict].parse(body.get('volume'))
    return {'name': None, 'description': None, 'metadata': {},
            **_naming(given), 'size_gb': given['size'],
            'source_volid': given['source_volid'],
            'volume_type': given['volume_type'] or None,
            'availability_zone': given['availability_zone'] or None}


def update(body: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Arguments of `volupload.volume.api.API.update`, only those given.

    :raises InvalidField: naming what is wrong.
    """
    changes = _naming(_UPDATE[strict].parse(body.get('volume')))
    if not changes:
        raise schemas.refuse('volume', body.get('volume'),
                             'There is nothing to change.')
    return changes


def _naming(given: dict[str, Any]) -> dict[str, Any]:
    values = {}
    for field in ('name', 'description'):
        for key in (f'display_{field}', field):
            if key in given:
                values[field] = given[key]
    if given.get('metadata') is not None:
        values['metadata'] = given['metadata']
    return values
