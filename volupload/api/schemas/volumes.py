# SPDX-License-Identifier: Apache-2.0
"""The bodies that make and change a volume, and what a list is asked by.

A volume begins empty here: what would fill it, group it or attach it several
times is refused by name, unless it is null as clients send what was not asked
for. Old clients also send facts about the volume that are not theirs to
state; these are not looked at.
"""

import ast
from collections.abc import Mapping
import json
from typing import Any

from volupload.api import microversion
from volupload.api import schemas
from volupload.api.schemas import ABSENT
from volupload.api.schemas import Field
from volupload.api.schemas import Schema

# A file of ext4 ends one block of 4 KiB before 16 TiB: 16384 GiB would be
# accepted here and fail in the manager.
MAX_SIZE_GB = 16383

_UNKNOWN_FEATURES = (
    'snapshot_id', 'source_volid', 'source_replica', 'imageRef', 'image_id',
    'backup_id', 'consistencygroup_id', 'group_id', 'multiattach')
_NOT_LOOKED_AT = ('status', 'attach_status', 'user_id', 'project_id')

_text = schemas.nullable(schemas.text())
_metadata = schemas.nullable(schemas.string_map)


def _unknown(name: str, value: Any) -> None:
    if value not in (None, False):
        raise schemas.refuse(name, value, 'It is not supported here.')


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
    **dict.fromkeys(_UNKNOWN_FEATURES, Field(_unknown, ABSENT)),
    **dict.fromkeys(_NOT_LOOKED_AT, Field(lambda name, value: None, ABSENT)),
}

_CREATE = {strict: Schema('volume', _CREATION, strict=strict)
           for strict in (True, False)}
_UPDATE = {strict: Schema('volume', _NAMING, strict=strict)
           for strict in (True, False)}


def _read_metadata(name: str, value: Any) -> dict[str, str]:
    # python-cinderclient sends str() of a dict, others JSON.
    for read in (json.loads, ast.literal_eval):
        try:
            return schemas.string_map(name, read(value))
        except (ValueError, SyntaxError, TypeError, MemoryError,
                RecursionError):
            continue
    return schemas.string_map(name, value)


# What a list can be sorted and filtered by, as API names to columns.
COLUMNS = {
    'id': 'id', 'name': 'name', 'display_name': 'name', 'status': 'status',
    'size': 'size_gb', 'availability_zone': 'availability_zone',
    'created_at': 'created_at', 'updated_at': 'updated_at',
}
FILTERS: dict[str, tuple[str, schemas.Parser]] = {
    **{name: (COLUMNS[name], schemas.text()) for name in (
        'id', 'name', 'display_name', 'status', 'availability_zone')},
    'size': ('size_gb', schemas.integer(minimum=0, maximum=2 ** 31 - 1)),
    'metadata': ('metadata', _read_metadata),
}


def bootable(query: Mapping[str, str],
             version: microversion.Version) -> bool:
    """Whether only volumes are wanted that can be booted from.

    :raises InvalidField: from 3.2 on, when it is no boolean.
    """
    value = query.get('bootable', '')
    if version >= microversion.BOOTABLE and 'bootable' in query:
        return schemas.boolean('bootable', value)
    return value not in ('', 'False', 'false', 'FALSE')


def create(body: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Arguments of `volupload.volume.api.API.create`.

    :raises InvalidField: naming what is wrong.
    """
    if body.get('OS-SCH-HNT:scheduler_hints'):
        raise schemas.refuse('OS-SCH-HNT:scheduler_hints', '...',
                             'It is not supported here.')
    given = _CREATE[strict].parse(body.get('volume'))
    return {'name': None, 'description': None, 'metadata': {},
            **_naming(given), 'size_gb': given['size'],
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
