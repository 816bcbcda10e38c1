# SPDX-License-Identifier: Apache-2.0
"""The bodies that make and change a volume.

A volume begins empty here: what would fill it, group it or attach it several
times is refused by name, unless it is null as clients send what was not asked
for. v2 does not look at keys that it does not know. Nor does v3 look at those
of a new volume, before 3.53: old clients send facts about the volume that are
not theirs to state.
"""

from collections.abc import Mapping
from typing import Any

from volupload import exception
from volupload.api import microversion
from volupload.api import schemas
from volupload.api.schemas import ABSENT
from volupload.api.schemas import Field
from volupload.api.schemas import Parser
from volupload.api.schemas import Schema

# A file of ext4 ends one block of 4 KiB before 16 TiB: 16384 GiB would be
# accepted here and fail in the manager.
MAX_SIZE_GB = 16383

UNSUPPORTED = 'It is not supported here.'
_HINTS = 'OS-SCH-HNT:scheduler_hints'

_text = schemas.nullable(schemas.text())
_id = schemas.nullable(schemas.identifier)
_boolean = schemas.nullable(schemas.boolean)


def _stripped(name: str, value: Any) -> Any:
    return _text(name, value.strip() if isinstance(value, str) else value)


def _unsupported(name: str, value: Any) -> None:
    if value is not None:
        raise schemas.refuse(name, value, UNSUPPORTED)


def _multiattach(name: str, value: Any) -> None:
    if _boolean(name, value):
        raise schemas.refuse(name, value, UNSUPPORTED)


def _hints(name: str, value: Any) -> None:
    if value not in (None, {}):
        raise schemas.refuse(name, '...', UNSUPPORTED)


def _missing(parse: Parser, error: type[exception.NotFound],
             field: str) -> Parser:
    """The id of a thing of which there is none here."""
    def read(name: str, value: Any) -> None:
        found = parse(name, value)
        if found is not None:
            raise error(**{field: found})
    return read


def _naming(metadata: Parser) -> dict[str, Field]:
    return {
        'name': Field(_stripped, ABSENT),
        'display_name': Field(_stripped, ABSENT),
        'description': Field(_stripped, ABSENT),
        'display_description': Field(_stripped, ABSENT),
        'metadata': Field(metadata, ABSENT),
    }


def _creation(metadata: Parser) -> dict[str, Field]:
    group = _missing(_id, exception.GroupNotFound, 'group_id')
    return {
        'size': Field(schemas.integer(minimum=1, maximum=MAX_SIZE_GB)),
        **_naming(schemas.nullable(metadata)),
        'volume_type': Field(_text, None),
        'availability_zone': Field(
            schemas.nullable(schemas.text(minimum=1)), None),
        'snapshot_id': Field(_missing(
            _id, exception.SnapshotNotFound, 'snapshot_id'), ABSENT),
        'source_volid': Field(_id, None),
        'imageRef': Field(_unsupported, ABSENT),
        'image_id': Field(_unsupported, ABSENT),
        'multiattach': Field(_multiattach, ABSENT),
        'consistencygroup_id': Field(group, ABSENT),
        'group_id': Field(_missing(
            _text, exception.GroupNotFound, 'group_id'), ABSENT),
        'backup_id': Field(_missing(
            _id, exception.BackupNotFound, 'backup_id'), ABSENT),
    }


# Since which version: the body, and the object in it.
_Schemas = Mapping[microversion.Version, Schema]
_CREATE: _Schemas = {
    since: schemas.within(
        'volume', Schema('volume', _creation(metadata), strict=strict),
        strict=since >= microversion.MINIMUM,
        **{_HINTS: Field(_hints, ABSENT)})
    for since, metadata, strict in (
        (microversion.KNOWN_KEYS, schemas.metadata, True),
        (microversion.MINIMUM, schemas.metadata, False),
        (microversion.V2, schemas.any_metadata, False))}
_UPDATE: _Schemas = {
    since: schemas.within(
        'volume', Schema('volume', _naming(metadata), strict=strict),
        strict=strict)
    for since, metadata, strict in (
        (microversion.MINIMUM, schemas.metadata, True),
        (microversion.V2, schemas.nullable(schemas.any_metadata), False))}


def create(body: dict[str, Any],
           version: microversion.Version) -> dict[str, Any]:
    """Arguments of `volupload.volume.api.API.create`, and `source_volid`.

    :raises InvalidField: naming what is wrong.
    :raises SnapshotNotFound, GroupNotFound, BackupNotFound: of any, as there
        are none.
    """
    given = _at(_CREATE, version).parse(body)['volume']
    return {'name': None, 'description': None, 'metadata': {},
            **_named(given), 'size_gb': given['size'],
            'source_volid': given['source_volid'],
            'volume_type': given['volume_type'] or None,
            'availability_zone': given['availability_zone']}


def update(body: dict[str, Any],
           version: microversion.Version) -> dict[str, Any]:
    """Arguments of `volupload.volume.api.API.update`, only those given.

    :raises InvalidField: naming what is wrong.
    """
    changes = _named(_at(_UPDATE, version).parse(body)['volume'])
    if not changes and version >= microversion.KNOWN_KEYS:
        raise schemas.refuse('volume', body['volume'],
                             'There is nothing to change.')
    return changes


def _at(known: _Schemas, version: microversion.Version) -> Schema:
    return known[max(since for since in known if since <= version)]


def _named(given: dict[str, Any]) -> dict[str, Any]:
    values = {}
    for field in ('name', 'description'):
        for key in (f'display_{field}', field):
            if key in given:
                values[field] = given[key]
    if given.get('metadata') is not None:
        values['metadata'] = given['metadata']
    return values
