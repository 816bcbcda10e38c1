# SPDX-License-Identifier: Apache-2.0
"""Which rows, in which order, and which page: the query of a list.

Every list is asked for in the same way, ``limit``, ``marker``, ``offset``,
``sort``; by what it can be sorted and filtered each resource says itself.
Parameters that are not known are not looked at, as in Cinder: clients send
what one service or the other understands. From 3.31 on they are refused, but
for administrators.
"""

from collections.abc import Callable
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

_dir = schemas.one_of(['asc', 'desc'])

# What every list understands. `all_tenants` is sent by all clients of users
# who may not use it, and ignored then.
_COMMON = {'limit', 'marker', 'offset', 'sort', 'sort_key', 'sort_dir',
           'all_tenants', 'with_count'}


@dataclass(frozen=True, slots=True)
class Listing:
    """Arguments of the methods of `volupload.volume.api.API` that list.

    :ivar limit: of a page; one more is to be asked for, to know whether
        there is another page.
    :ivar with_count: whether the answer tells how many rows there are
        altogether.
    """

    filters: dict[str, Any]
    sort: list[tuple[str, str]]
    limit: int
    offset: int
    marker: str | None
    all_projects: bool
    with_count: bool


def read(request: Request, columns: Columns, filters: Filters) -> Listing:
    """:raises InvalidInput, InvalidField: naming the parameter."""
    query = request.query
    if request.version >= microversion.KNOWN_FILTERS:
        _refuse_others(request, filters)
    highest: int = CONF.api.osapi_max_limit
    limit = number('limit', query.get('limit', highest))
    return Listing(
        filters={column: read_one(name, query[name])
                 for name, (column, read_one) in filters.items()
                 if name in query},
        sort=_sort(query, columns),
        limit=min(limit, highest), marker=query.get('marker') or None,
        offset=number('offset', query.get('offset', 0)),
        all_projects=schemas.boolean(
            'all_tenants', query.get('all_tenants', False)),
        with_count=(request.version >= microversion.WITH_COUNT
                    and schemas.boolean(
                        'with_count', query.get('with_count', False))))


def _refuse_others(request: Request, filters: Filters) -> None:
    others = request.query.keys() - filters.keys() - _COMMON
    if others and not request.context.is_admin:
        names = ','.join(sorted(others))[:255]
        raise exception.InvalidInput(
            reason=f'Invalid filters {names} are found in query options.')


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
    page = [] if wanted.limit == 0 else get_all(
        request.context, filters=wanted.filters, sort=wanted.sort,
        limit=wanted.limit, marker=wanted.marker, offset=wanted.offset,
        all_projects=wanted.all_projects)
    body: dict[str, Any] = {name: [show_one(request, row) for row in page]}
    if count and wanted.with_count:
        body['count'] = count(request.context, filters=wanted.filters,
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
