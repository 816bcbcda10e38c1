# SPDX-License-Identifier: Apache-2.0
"""What a list of volumes is sorted and filtered by, at each version.

Users may filter by what ``/resource_filters`` tells, administrators by every
column. Of those that Cinder has, a volume here has no value in many: who asks
for one finds nothing, as with a name that is no column.
"""

import datetime
from typing import Any

from volupload.api import microversion
from volupload.api import schemas
from volupload.api.schemas import Matches

Filters = dict[str, tuple[str, schemas.Parser]]

_NAMES = {'name': 'name', 'display_name': 'name'}
_DESCRIPTIONS = {'description': 'description',
                 'display_description': 'description'}
_TEXTS = {**_NAMES, 'status': 'status',
          'availability_zone': 'availability_zone'}
_TEXTS_FOR_ADMINS = {**_DESCRIPTIONS, **{name: name for name in (
    'id', 'host', 'project_id', 'user_id', 'volume_type_id')}}

# API names to columns.
COLUMNS = {**_TEXTS, **_DESCRIPTIONS, 'size': 'size_gb', **{
    name: name for name in (
        'id', 'bootable', 'created_at', 'updated_at', 'project_id', 'user_id',
        'volume_type_id')}}

_OPERATORS = ('gt', 'gte', 'eq', 'neq', 'lt', 'lte')
_text = schemas.text()


def _host(name: str, value: Any) -> str:
    """``host@backend`` of a host as it is shown, with or without its pool."""
    return str(_text(name, value)).partition('#')[0]


def _null(name: str, value: Any) -> Matches:
    """A column that has no value here; ``None`` asks for just that."""
    schemas.check_characters(name, value)
    return Matches.ALL if value == 'None' else Matches.NONE


def _seems_true(name: str, value: Any) -> bool | Matches:
    if value == '':
        return Matches.ALL
    return value not in ('False', 'false', 'FALSE')


def _false(name: str, value: Any) -> Matches:
    """A column that is false here."""
    wanted = schemas.boolean(name, value)
    return Matches.NONE if wanted else Matches.ALL


def _seems_false(name: str, value: Any) -> Matches:
    return Matches.NONE if _seems_true(name, value) is True else Matches.ALL


def _true(name: str, value: Any) -> Matches:
    wanted = schemas.boolean(name, value)
    return Matches.ALL if wanted else Matches.NONE


def _attach_status(name: str, value: Any) -> bool | Matches:
    schemas.check_characters(name, value)
    if value not in ('attached', 'detached'):
        return Matches.NONE
    return bool(value == 'attached')


def _times(name: str, value: Any) -> list[tuple[str, datetime.datetime]]:
    """``gte:2026-01-01T00:00:00,lt:...`` as pairs; UTC without a zone."""
    return schemas.few(name, [
        _comparison(name, one.strip()) for one in value.split(',')], value)


def _comparison(name: str, value: str) -> tuple[str, datetime.datetime]:
    operator, _, moment = value.partition(':')
    try:
        if operator not in _OPERATORS:
            raise ValueError(operator)
        read = datetime.datetime.fromisoformat(moment)
        if read.tzinfo is not None:
            read = read.astimezone(datetime.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        known = ', '.join(_OPERATORS)
        raise schemas.refuse(name, value, (
            f'It must be a time in the form of ISO 8601, after one of {known} '
            'and a colon.')) from None
    return operator, read


def _parts(names: dict[str, str]) -> Filters:
    return {f'{name}~': (f'{column}~', _text)
            for name, column in names.items()}


# Since which version, and what. Cinder has some of them earlier than its
# history of versions tells: these are the versions at which it answers so.
_FOR_ALL: tuple[tuple[microversion.Version, Filters], ...] = (
    (microversion.V2, {
        **{name: (column, _text) for name, column in _TEXTS.items()},
        'id': ('id', _text),
        'size': ('size_gb', schemas.integer(minimum=0, maximum=2 ** 31 - 1)),
        'metadata': ('metadata', schemas.string_map_text),
        'bootable': ('bootable', _seems_true),
        'migration_status': ('migration_status', _null)}),
    (microversion.BOOTABLE, {'bootable': ('bootable', schemas.boolean)}),
    (microversion.GLANCE_METADATA, {
        'glance_metadata': ('image_metadata', schemas.string_map_text)}),
    (microversion.GROUP_FILTER, {'group_id': ('group_id', _null)}),
    (microversion.KNOWN_FILTERS, {
        'created_at': ('created_at', _times),
        'updated_at': ('updated_at', _times),
        'consumes_quota': ('consumes_quota', _true)}),
    (microversion.LIKE_FILTERS, _parts(_TEXTS)),
)
_FOR_ADMINS: tuple[tuple[microversion.Version, Filters], ...] = (
    (microversion.V2, {
        **{name: (column, _text)
           for name, column in _TEXTS_FOR_ADMINS.items()},
        'host': ('host', _host),
        'attach_status': ('attached', _attach_status),
        'multiattach': ('multiattach', _seems_false)}),
    (microversion.BOOTABLE, {'multiattach': ('multiattach', _false)}),
    (microversion.LIKE_FILTERS, _parts(_TEXTS_FOR_ADMINS)),
)
_LATER = ('glance_metadata', 'group_id', 'created_at', 'updated_at')


def filters(version: microversion.Version, *, admin: bool) -> Filters:
    """What a list can be filtered by at that version.

    Values are those of `volupload.db.volumes.get_all`, and `Matches`.
    """
    known: Filters = {}
    for since, later in (*_FOR_ALL, *(_FOR_ADMINS if admin else ())):
        if version >= since:
            known |= later
    return known


def ignored(version: microversion.Version) -> frozenset[str]:
    """What nobody is answered for at that version, not even with nothing."""
    if version >= microversion.KNOWN_FILTERS:
        return frozenset()
    return frozenset(_LATER) - filters(version, admin=False).keys()
