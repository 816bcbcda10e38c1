# SPDX-License-Identifier: Apache-2.0
"""The bodies that change the metadata of a volume."""

from collections.abc import Mapping
from typing import Any

from volupload.api import schemas
from volupload.api.schemas import Field
from volupload.api.schemas import Schema

# By whether it is v3, which is as strict as Cinder.
_METADATA, _META = ({
    strict: Schema('body', {name: Field(parse)}, strict=strict)
    for strict, parse in ((True, schemas.metadata),
                          (False, schemas.any_metadata))}
    for name in ('metadata', 'meta'))


def metadata(body: Mapping[str, Any], *, strict: bool) -> dict[str, str]:
    """:raises InvalidField: naming what is wrong."""
    found: dict[str, str] = _METADATA[strict].parse(body)['metadata']
    return found


def meta(body: Mapping[str, Any], key: str, *, strict: bool,
         ) -> dict[str, str]:
    """
    :param key: the one that the URL names, and so the body must.
    :raises InvalidField: naming what is wrong.
    """
    pair: dict[str, str] = _META[strict].parse(body)['meta']
    if list(pair) != [key]:
        raise schemas.refuse('meta', pair,
                             'It must have the key of the URL and no other.')
    return pair
