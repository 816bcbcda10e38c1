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
from volupload.volume import encryption

_IS_PUBLIC = 'os-volume-type-access:is_public'
_SPEC_NAME = re.compile(r'[a-zA-Z0-9_:.-]{1,255}')
_OLD_SPEC_NAME = re.compile(r'[a-zA-Z0-9_:. -]{1,255}')

_name = schemas.text(minimum=1, blank=False)
_description = schemas.nullable(schemas.printable())
_value = schemas.nullable(schemas.text())


def _key(known: re.Pattern[str], kinds: str) -> schemas.Parser:
    def parse(name: str, value: Any) -> str:
        if not known.fullmatch(value):
            raise schemas.refuse(name, value, (
                f'A key must have 1 to 255 {kinds} or one of - _ : .'))
        return str(value)
    return parse


def _checked(specs: schemas.Parser) -> schemas.Parser:
    """Those of them that mean something to us have to make sense."""
    def parse(name: str, value: Any) -> Any:
        found = specs(name, value)
        encryption.parse(found)
        return found
    return parse


def _create(specs: schemas.Parser, *, strict: bool) -> Schema:
    return schemas.within('volume_type', Schema('volume_type', {
        'name': Field(_name),
        'description': Field(_description, None),
        'extra_specs': Field(specs, ABSENT),
        _IS_PUBLIC: Field(schemas.boolean, True),
    }, strict=strict), strict=strict)


# As Cinder has it, a new type may have keys that cannot be added later. What
# v2 takes are strings, never null.
_specs = _checked(schemas.string_map(
    _key(_SPEC_NAME, 'letters, digits'), _value))
_specs_of_new = _checked(schemas.string_map(schemas.pair_name, _value))
_old_specs = _checked(schemas.string_map(
    _key(_OLD_SPEC_NAME, 'letters, digits, spaces'), schemas.text()))
# By whether it is v3.
_SPECS = {
    True: Schema('body', {'extra_specs': Field(_specs)}),
    False: Schema('body', {'extra_specs': Field(_old_specs)}, strict=False)}
_CREATE = {
    True: _create(_specs_of_new, strict=True),
    False: _create(schemas.nullable(_old_specs, {}), strict=False)}
_UPDATE = {strict: schemas.within('volume_type', Schema('volume_type', {
    'name': Field(schemas.nullable(_name), ABSENT),
    'description': Field(_description, ABSENT),
    'is_public': Field(schemas.boolean if strict
                       else schemas.nullable(schemas.boolean), ABSENT),
}, strict=strict), strict=strict) for strict in (True, False)}

COLUMNS = {name: name for name in (
    'id', 'name', 'description', 'is_public', 'created_at', 'updated_at')}


def filters(version: microversion.Version, *, admin: bool,
            ) -> dict[str, tuple[str, schemas.Parser]]:
    """What a list can be filtered by at that version, but for `visibility`."""
    known: dict[str, tuple[str, schemas.Parser]] = {
        'name': ('name', schemas.text()),
        # It is read by `visibility`.
        'is_public': ('is_public', lambda name, value: None)}
    if admin:
        known |= {name: (name, schemas.text())
                  for name in ('id', 'description')}
    if admin or version >= microversion.TYPE_FILTERS:
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
    given: dict[str, Any] = _CREATE[strict].parse(body)['volume_type']
    return {'extra_specs': {}, 'is_public': given.pop(_IS_PUBLIC), **given}


def update(body: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """What is to be changed; null is no change, as in Cinder.

    :raises InvalidField: naming what is wrong.
    """
    given = _UPDATE[strict].parse(body)['volume_type']
    changes = {name: value for name, value in given.items()
               if value is not None}
    if not changes:
        raise schemas.refuse('volume_type', body['volume_type'], (
            'It must have name, description or is_public.'))
    return changes


def extra_specs(body: dict[str, Any], *,
                strict: bool) -> dict[str, str | None]:
    """:raises InvalidField: naming what is wrong."""
    specs: dict[str, str | None] = _SPECS[strict].parse(body)['extra_specs']
    return specs


def extra_spec(body: dict[str, Any], key: str, *,
               strict: bool) -> dict[str, str | None]:
    """:raises InvalidField: it is not this one pair."""
    specs: dict[str, str | None] = (_specs if strict else _old_specs)(
        'body', body)
    if list(specs) != [key]:
        raise schemas.refuse('body', body, (
            f'It must have the one key of the URL, {key[:255]}.'))
    return specs
