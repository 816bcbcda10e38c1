# SPDX-License-Identifier: Apache-2.0
"""Which rows, in which order, and which page: the query of a list.

Every list is asked for in the same way, ``limit``, ``marker``, ``offset``,
``sort``; by what it can be sorted and filtered each resource says itself.
Parameters that are not known are not looked at, as in Cinder: clients send
what one service or the other understands. From 3.31 on they are refused. To
administrators, who may filter by everything, there is nothing that has what
is not known: they get an empty list, at every version, and never one of all.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib import parse

from volupload import exception
from volupload.api import microversion
from volupload.api import schemas
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.conf import CONF

# API names to columns.
Columns = Mapping[str, str]
# API names to columns and what reads the value.
Filters = Mapping[str, tuple[str, schemas.Parser]]

# What a database counts with, everywhere.
number = schemas.integer(minimum=0, maximum=2 ** 31 - 1)

_text = schemas.text()
_dir = schemas.one_of(['asc', 'desc'])

# What every list understands. `all_tenants` is sent by all clients of users
# who may not use it, and ignored then.
_COMMON = {'limit', 'marker', 'offset', 'sort', 'sort_key', 'sort_dir',
           'all_tenants'}


@dataclass(frozen=True, slots=True)
class Listing:
    """Arguments of the methods of `volupload.volume.api.API` that list.

    :ivar limit: of a page; None for all that there are.
    :ivar with_count: whether the answer tells how many rows there are
        altogether.
    :ivar impossible: whether no row can be what is asked for.
    """

    filters: dict[str, Any]
    sort: list[tuple[str, str]]
    limit: int | None
    offset: int = 0
    marker: str | None = None
    all_projects: bool = False
    with_count: bool = False
    impossible: bool = False


def read(request: Request, columns: Columns, filters: Filters, *,
         ignored: Collection[str] = (),
         strict: microversion.Version = microversion.KNOWN_FILTERS,
         ) -> Listing:
    """
    :param ignored: what is known and not looked at.
    :param strict: since which version users are refused what is not known.
    :raises InvalidInput, InvalidField: naming the parameter.
    """
    query = request.query
    others = _others(request, {*filters, *ignored})
    if others and request.version >= strict:
        _refuse(request, others)
    wanted = {column: read_one(name, query[name])
              for name, (column, read_one) in filters.items()
              if name in query}
    is_admin = bool(request.context.is_admin)
    return Listing(
        filters={column: value for column, value in wanted.items()
                 if not isinstance(value, schemas.Matches)},
        sort=_sort(query, columns), limit=_limit(query),
        marker=_marker(query),
        offset=number('offset', query.get('offset', 0)),
        all_projects=is_admin and truth(query, 'all_tenants'),
        with_count=(request.version >= microversion.WITH_COUNT
                    and truth(query, 'with_count')),
        impossible=(schemas.Matches.NONE in wanted.values()
                    or (is_admin and bool(others))))


def _others(request: Request, known: set[str]) -> set[str]:
    common = ({*_COMMON, 'with_count'}
              if request.version >= microversion.WITH_COUNT else _COMMON)
    return request.query.keys() - known - common


def _refuse(request: Request, others: Iterable[str]) -> None:
    """:raises InvalidInput: unless an administrator asks."""
    if not request.context.is_admin:
        names = ','.join(sorted(others))[:255]
        raise exception.InvalidInput(
            reason=f'Invalid filters {names} are found in query options.')


def truth(query: Mapping[str, str], name: str) -> bool:
    """:raises InvalidField: it is no boolean."""
    return schemas.boolean(name, query.get(name, False))


def _limit(query: Mapping[str, str]) -> int:
    highest: int = CONF.api.osapi_max_limit
    asked: int = number('limit', query.get('limit', highest))
    return min(asked, highest)


def _marker(query: Mapping[str, str]) -> str | None:
    return _text('marker', query.get('marker', '')) or None


def answer(request: Request, name: str, wanted: Listing,
           get_all: Callable[..., Sequence[Any]],
           show_one: Callable[[Request, Any], dict[str, Any]], *,
           links: str | None = None,
           count: Callable[..., int] | None = None) -> Response:
    """A page, and where the next one is.

    :param name: of the resource, in the plural.
    :param links: the key of the link, where it is not made from `name`.
    :param count: tells how many there are, where clients may ask that.
    """
    page = [] if wanted.limit == 0 or wanted.impossible else get_all(
        request.context, filters=wanted.filters, sort=wanted.sort,
        limit=wanted.limit, marker=wanted.marker, offset=wanted.offset,
        all_projects=wanted.all_projects)
    body: dict[str, Any] = {name: [show_one(request, row) for row in page]}
    if count and wanted.with_count:
        body['count'] = 0 if wanted.impossible else count(
            request.context, filters=wanted.filters,
            all_projects=wanted.all_projects)
    # A full page has a link even if nothing comes after it: so it is in
    # Cinder, and clients count on it.
    if page and len(page) == wanted.limit:
        body[links or f'{name}_links'] = _next_link(request, page[-1].id)
    return Response(200, body)


def _next_link(request: Request, last_id: str) -> list[dict[str, str]]:
    """Where the page after the row `last_id` is."""
    query = {**request.query, 'marker': last_id}
    query.pop('offset', None)   # it was counted from the page before
    path = parse.quote(request.environ['PATH_INFO'].encode('latin-1'))
    return [{'rel': 'next',
             'href': f'{request.base_url}{path}?{parse.urlencode(query)}'}]


def _sort(query: dict[str, str], columns: Columns) -> list[tuple[str, str]]:
    if 'sort' not in query:
        return [_direction(columns, query.get('sort_key', 'created_at'),
                           query.get('sort_dir', 'desc'))]
    if 'sort_key' in query or 'sort_dir' in query:
        raise exception.InvalidInput(
            reason='sort cannot be given together with sort_key or sort_dir')
    pairs = [part.strip().partition(':') for part in query['sort'].split(',')]
    return list(dict(_direction(columns, key, direction or 'desc')
                     for key, _, direction in pairs).items())


def _direction(columns: Columns, key: str, direction: str) -> tuple[str, str]:
    known = schemas.one_of(columns)
    return (columns[known('sort_key', key or 'created_at')],
            _dir('sort_dir', direction.lower()))
