# SPDX-License-Identifier: Apache-2.0
"""The bodies that change the metadata of a volume."""

from typing import Any

from volupload.api import schemas
from volupload.api.schemas import Field
from volupload.api.schemas import Schema

_METADATA = Schema('body', {'metadata': Field(schemas.string_map)},
                   strict=False)
_META = Schema('body', {'meta': Field(schemas.string_map)}, strict=False)


def metadata(body: dict[str, Any]) -> dict[str, str]:
    """:raises InvalidField: naming what is wrong."""
    found: dict[str, str] = _METADATA.parse(body)['metadata']
    return found


def meta(body: dict[str, Any], key: str) -> dict[str, str]:
    """
    :param key: the one that the URL names, and so the body must.
    :raises InvalidField: naming what is wrong.
    """
    pair: dict[str, str] = _META.parse(body)['meta']
    if list(pair) != [key]:
        raise schemas.refuse('meta', pair,
                             'It must have the key of the URL and no other.')
    return pair
