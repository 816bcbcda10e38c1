# SPDX-License-Identifier: Apache-2.0
"""What a request body may hold.

A schema is a table of fields that is built once. Parsing checks and converts
in one step and names the field that is wrong and the values it may have; a
general JSON schema validator takes ten times as long and says less.
"""

import ast
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
import json
import reprlib
from typing import Any
from typing import Final

from oslo_utils import strutils
from oslo_utils import uuidutils

from volupload import exception

Parser = Callable[[str, Any], Any]

REQUIRED: Final = object()
ABSENT: Final = object()

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 255


def refuse(field: str, value: Any, reason: str) -> exception.InvalidField:
    """The error for a field, with as much of its value as can be read."""
    if isinstance(value, str):
        value = value if len(value) <= 300 else f'{value[:300]}...'
        value = value.encode(errors='replace').decode()
    else:
        value = _short.repr(value)
    return exception.InvalidField(field=field, value=value, reason=reason)


@dataclass(frozen=True, slots=True)
class Field:
    """`default` is taken when the field is not there; ABSENT leaves it out."""

    parse: Parser
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class Schema:
    """An object with these fields and, if `strict`, no others."""

    name: str
    fields: Mapping[str, Field]
    strict: bool = True

    def parse(self, value: Any) -> dict[str, Any]:
        """The fields converted, each one present unless its default is ABSENT.

        :raises InvalidField: naming the first one that is wrong.
        """
        if not isinstance(value, dict):
            raise refuse(self.name, value, 'It must be an object.')
        if self.strict:
            self._refuse_others(value)
        parsed = {}
        for name, field in self.fields.items():
            if name in value:
                parsed[name] = field.parse(name, value[name])
            elif field.default is REQUIRED:
                raise refuse(self.name, value, f'{name} is required.')
            elif field.default is not ABSENT:
                parsed[name] = field.default
        return parsed

    def _refuse_others(self, value: dict[str, Any]) -> None:
        for name in value:
            if name not in self.fields:
                known = ', '.join(self.fields)
                raise refuse(self.name, value, (
                    f'{name[:100]!r} is not known here. '
                    f'Known are: {known}.'))


def text(*, minimum: int = 0, maximum: int = 255,
         blank: bool = True) -> Parser:
    """A string of that many characters, which every database can store."""
    def parse(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse(name, value, 'It must be a string.')
        if not minimum <= len(value) <= maximum:
            raise refuse(name, value, (
                f'It must have {minimum} to {maximum} characters.'))
        if not blank and not value.strip():
            raise refuse(name, value, 'It must not be blank.')
        check_characters(name, value)
        return value
    return parse


def check_characters(name: str, value: str) -> None:
    """:raises InvalidField: no database and no Glance could take it."""
    if '\0' in value:
        raise refuse(name, value.replace('\0', '\\0'),
                     'It must not have a NUL character.')
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refuse(name, value, 'It has a lone surrogate.') from None


def one_of(allowed: Iterable[str]) -> Parser:
    """One of some strings."""
    names = tuple(allowed)
    reason = f'It must be one of: {", ".join(names)}.'

    def parse(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise refuse(name, value, reason)
        return value
    return parse


def boolean(name: str, value: Any) -> bool:
    """A JSON boolean, or a word for one; numbers are not."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return strutils.bool_from_string(value, strict=True)
        except ValueError:
            pass
    raise refuse(name, value, 'It must be a boolean: true or false.')


def integer(*, minimum: int, maximum: int) -> Parser:
    """A JSON integer or a string of decimal digits."""
    def parse(name: str, value: Any) -> int:
        number: Any = value
        if (isinstance(value, str) and value.isascii() and value.isdigit()
                and len(value) < 20):
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int):
            raise refuse(name, value, 'It must be an integer.')
        if not minimum <= number <= maximum:
            raise refuse(name, value, (
                f'It must be from {minimum} to {maximum}.'))
        return number
    return parse


def identifier(name: str, value: Any) -> str:
    """A UUID, as it was given."""
    if not uuidutils.is_uuid_like(value):
        raise refuse(name, value, 'It must be a UUID.')
    return str(value)


def nullable(parse: Parser, null: Any = None) -> Parser:
    """What `parse` takes, and null, which means `null`."""
    return lambda name, value: null if value is None else parse(name, value)


def string_map(name: str, value: Any) -> dict[str, str]:
    """An object of strings, as the metadata of a volume."""
    if not isinstance(value, dict):
        raise refuse(name, value, 'It must be an object.')
    for key, item in value.items():
        _KEY(name, key)
        _VALUE(f'{name}.{key}', item)
    return value


def string_map_text(name: str, value: Any) -> dict[str, str]:
    """The same in a query string, where it is text."""
    # python-cinderclient sends str() of a dict, others JSON.
    for read in (json.loads, ast.literal_eval):
        try:
            return string_map(name, read(value))
        except (ValueError, SyntaxError, TypeError, MemoryError,
                RecursionError):
            continue
    return string_map(name, value)


_KEY = text(minimum=1)
_VALUE = text()
