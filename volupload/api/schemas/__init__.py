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
from collections.abc import Sized
from dataclasses import dataclass
import enum
import json
import re
import reprlib
from typing import Any
from typing import Final
from typing import TypeVar
import unicodedata

from oslo_utils import strutils
from oslo_utils import uuidutils

from volupload import exception

Parser = Callable[[str, Any], Any]
Many = TypeVar('Many', bound=Sized)

MOST_CONDITIONS = 20

REQUIRED: Final = object()
ABSENT: Final = object()


class Matches(enum.Enum):
    """What a filter finds that asks for what all rows are, or none is."""

    ALL = enum.auto()
    NONE = enum.auto()


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


def within(name: str, schema: Schema, *, strict: bool,
           **others: Field) -> Schema:
    """A body with one object of this name and, if `strict`, nothing else.

    :param others: what else it may have.
    """
    return Schema('body', {
        name: Field(lambda _name, value: schema.parse(value)), **others,
    }, strict=strict)


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


def string_map(key: Parser, value: Parser) -> Parser:
    """An object whose keys and values are such strings."""
    def parse(name: str, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise refuse(name, given, 'It must be an object.')
        for one, item in given.items():
            key(name, one)
            value(f'{name}.{one}', item)
        return given
    return parse


def pair_name(name: str, value: Any) -> str:
    """The key of a pair of metadata or extra specs, as Cinder takes them."""
    if not _PAIR_NAME.fullmatch(value):
        raise refuse(name, value, (
            'A key must have 1 to 255 letters, digits, spaces or one of '
            '- _ : . /'))
    return str(value)


def printable(*, minimum: int = 0) -> Parser:
    """A string of at most 255 characters, none of which controls anything."""
    any_text = text(minimum=minimum)

    def parse(name: str, value: Any) -> str:
        found: str = any_text(name, value)
        if not all(map(_is_printable, found)):
            raise refuse(name, value,
                         'It must have printable characters only.')
        return found
    return parse


def _is_printable(character: str) -> bool:
    kind = unicodedata.category(character)
    # Those above are printable too, but not to Cinder's regular expression.
    return (kind[0] != 'C' and kind not in ('Zl', 'Zp')
            and ord(character) < 0xffff)


def string_map_text(name: str, value: Any) -> dict[str, str]:
    """An object of strings in a query string, where it is text."""
    # python-cinderclient sends str() of a dict, others JSON.
    found = value
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(value)
            break
        except (ValueError, SyntaxError, TypeError, MemoryError,
                RecursionError):
            continue
    pairs: dict[str, str] = any_metadata(name, found)
    return few(name, pairs, value)


def few(name: str, conditions: Many, value: Any) -> Many:
    """What a database can be asked for at once.

    Each condition is a subquery or a comparison: 1000 of them are too many
    for SQLite, 61 for MySQL's joins, and some thousands, which fit into a
    URL, keep a processor busy for seconds.

    :param value: all of them, as they were given.
    """
    if len(conditions) > MOST_CONDITIONS:
        raise refuse(name, value, (
            f'It must not have more than {MOST_CONDITIONS} conditions.'))
    return conditions


_PAIR_NAME = re.compile(r'[a-zA-Z0-9_:. /-]{1,255}')

# Of a volume: as v3 takes it, and as v2 does.
metadata = string_map(pair_name, text())
any_metadata = string_map(text(minimum=1), text())
