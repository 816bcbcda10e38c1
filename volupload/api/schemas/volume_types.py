# SPDX-License-Identifier: Apache-2.0
"""The bodies that make and change volume types, and what a list is asked by.
"""

from collections.abc import Mapping
import re
from typing import Any

from volupload.api import microversion
from volupload.api import schemas
from volupload.api.schemas import ABSENT
from volupload.api.schemas import Field
from volupload.api.schemas import Schema

_IS_PUBLIC = 'os-volume-type-access:is_public'
_KEY = re.compile(r'[a-zA-Z0-9_:. -]{1,255}')

_name = schemas.text(minimum=1, blank=False)
_description = schemas.nullable(schemas.text())


def _extra_specs(name: str, value: Any) -> dict[str, str]:
    specs = schemas.string_map(name, value)
    for key in specs:
        check_key(name, key)
    return specs


def check_key(name: str, key: str) -> None:
    """:raises InvalidField: no extra spec can be called so."""
    if not _KEY.fullmatch(key):
        raise schemas.refuse(name, key, (
            'A key must have 1 to 255 letters, digits, spaces or one of '
            '- _ : .'))


_SPECS = {strict: Schema('body', {'extra_specs': Field(_extra_specs)},
                         strict=strict) for strict in (True, False)}
_CREATE = {strict: Schema('volume_type', {
    'name': Field(_name),
    'description': Field(_description, None),
    'extra_specs': Field(schemas.nullable(_extra_specs), None),
    _IS_PUBLIC: Field(schemas.boolean, True),
}, strict=strict) for strict in (True, False)}
_UPDATE = {strict: Schema('volume_type', {
    'name': Field(schemas.nullable(_name), ABSENT),
    'description': Field(_description, ABSENT),
    'is_public': Field(schemas.nullable(schemas.boolean), ABSENT),
}, strict=strict) for strict in (True, False)}

COLUMNS = {name: name for name in (
    'id', 'name', 'description', 'is_public', 'created_at', 'updated_at')}


def filters(version: microversion.Version,
            ) -> dict[str, tuple[str, schemas.Parser]]:
    """What a list can be filtered by at that version, but for `visibility`."""
    known: dict[str, tuple[str, schemas.Parser]] = {
        'name': ('name', schemas.text()),
        # It is read by `visibility`.
        'is_public': ('is_public', lambda name, value: None)}
    if version >= microversion.TYPE_FILTERS:
        known['extra_specs'] = ('extra_specs', schemas.string_map_text)
    return known


def visibility(query: Mapping[str, str], *,
               admin: bool) -> dict[str, bool]:
    """The filter `is_public`: without it, and for users, public types only.

    :returns: empty for all types, which an admin asks for with ``None``.
    :raises InvalidField: it is no boolean.
    """
    wanted = query.get('is_public', 'true') if admin else 'true'
    if wanted.lower() == 'none':
        return {}
    return {'is_public': schemas.boolean('is_public', wanted)}


def create(body: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Arguments of `volupload.volume.catalogue.CatalogueAPI.create_type`.

    :raises InvalidField: naming what is wrong.
    """
    given = _CREATE[strict].parse(body.get('volume_type'))
    given['extra_specs'] = given['extra_specs'] or {}
    given['is_public'] = given.pop(_IS_PUBLIC)
    return given


def update(body: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """What is to be changed; null is no change, as in Cinder.

    :raises InvalidField: naming what is wrong.
    """
    given = _UPDATE[strict].parse(body.get('volume_type'))
    changes = {name: value for name, value in given.items()
               if value is not None}
    if not changes:
        raise schemas.refuse('volume_type', body.get('volume_type'), (
            'It must have name, description or is_public.'))
    return changes


def extra_specs(body: dict[str, Any], *, strict: bool) -> dict[str, str]:
    """:raises InvalidField: naming what is wrong."""
    specs: dict[str, str] = _SPECS[strict].parse(body)['extra_specs']
    return specs


def extra_spec(body: dict[str, Any], key: str) -> dict[str, str]:
    """:raises InvalidField: it is not this one pair."""
    specs = _extra_specs('body', body)
    if list(specs) != [key]:
        raise schemas.refuse('body', body, (
            f'It must have the one key of the URL, {key[:255]}.'))
    return specs
