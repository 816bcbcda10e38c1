# SPDX-License-Identifier: Apache-2.0
"""Which volumes, in which order, and which page: the query of a list.

Parameters that are not known are not looked at, as in Cinder: clients send
what one service or the other understands.
"""

import ast
from dataclasses import dataclass
import json
from typing import Any
from urllib import parse

from volupload import exception
from volupload.api import schemas
from volupload.api.request import Request
from volupload.conf import CONF

# What a database counts with, everywhere.
_number = schemas.integer(minimum=0, maximum=2 ** 31 - 1)
_text = schemas.text()

# API names to columns.
COLUMNS = {
    'id': 'id', 'name': 'name', 'display_name': 'name', 'status': 'status',
    'size': 'size_gb', 'availability_zone': 'availability_zone',
    'created_at': 'created_at', 'updated_at': 'updated_at',
}
FILTERS = ('id', 'name', 'display_name', 'status', 'availability_zone')


@dataclass(frozen=True, slots=True)
class Listing:
    """Arguments of `volupload.volume.api.API.get_all`.

    :ivar limit: of a page; one more is to be asked for, to know whether
        there is another page.
    :ivar empty: nothing can match, there is no need to ask.
    """

    filters: dict[str, Any]
    sort: list[tuple[str, str]]
    limit: int
    offset: int
    marker: str | None
    all_projects: bool
    empty: bool


def read(request: Request) -> Listing:
    """:raises InvalidInput, InvalidField: naming the parameter."""
    query = request.query
    highest: int = CONF.api.osapi_max_limit
    limit = _number('limit', query.get('limit', highest))
    return Listing(
        filters=_filters(query), sort=_sort(query),
        limit=min(limit, highest), marker=query.get('marker') or None,
        offset=_number('offset', query.get('offset', 0)),
        all_projects=schemas.boolean(
            'all_tenants', query.get('all_tenants', False)),
        # No volume of this service can be booted from.
        empty=limit == 0 or schemas.boolean(
            'bootable', query.get('bootable', False)))


def next_link(request: Request, last_id: str) -> list[dict[str, str]]:
    """Where the page after the volume `last_id` is."""
    query = {**request.query, 'marker': last_id}
    query.pop('offset', None)   # it was counted from the page before
    path = parse.quote(request.environ['PATH_INFO'].encode('latin-1'))
    return [{'rel': 'next',
             'href': f'{request.base_url}{path}?{parse.urlencode(query)}'}]


def _filters(query: dict[str, str]) -> dict[str, Any]:
    filters: dict[str, Any] = {
        COLUMNS[name]: _text(name, query[name])
        for name in FILTERS if name in query}
    if 'size' in query:
        filters['size_gb'] = _number('size', query['size'])
    if 'metadata' in query:
        filters['metadata'] = schemas.string_map(
            'metadata', _mapping(query['metadata']))
    return filters


def _mapping(raw: str) -> Any:
    # python-cinderclient sends str() of a dict, others JSON.
    for read_one in (json.loads, ast.literal_eval):
        try:
            return read_one(raw)
        except (ValueError, SyntaxError, TypeError, MemoryError,
                RecursionError):
            continue
    return raw


def _sort(query: dict[str, str]) -> list[tuple[str, str]]:
    if 'sort' not in query:
        return [_direction(query.get('sort_key', 'created_at'),
                           query.get('sort_dir', 'desc'))]
    if 'sort_key' in query or 'sort_dir' in query:
        raise exception.InvalidInput(
            reason='sort cannot be given together with sort_key or sort_dir')
    pairs = [part.strip().partition(':') for part in query['sort'].split(',')]
    return list(dict(_direction(key, direction or 'desc')
                     for key, _, direction in pairs).items())


def _direction(key: str, direction: str) -> tuple[str, str]:
    return (COLUMNS[_key('sort_key', key or 'created_at')],
            _dir('sort_dir', direction.lower()))


_key = schemas.one_of(COLUMNS)
_dir = schemas.one_of(['asc', 'desc'])
