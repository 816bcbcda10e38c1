# SPDX-License-Identifier: Apache-2.0
"""The bodies of the actions on what a volume's images are to say."""

from typing import Any

from volupload.api import schemas
from volupload.api.schemas import Field
from volupload.api.schemas import Schema
from volupload.volume.image_properties import NUMBERS

# What MySQL's TEXT takes, in which Glance keeps it.
_MAX_BYTES = 65535

_number = schemas.integer(minimum=0, maximum=2 ** 31 - 1)
_text = schemas.text(maximum=_MAX_BYTES)


def _value(name: str, value: Any) -> str:
    found: str = _text(name, value)
    if len(found.encode()) > _MAX_BYTES:
        raise schemas.refuse(name, value, (
            f'It must have at most {_MAX_BYTES} bytes.'))
    return found


_pairs = schemas.string_map(schemas.pair_name, _value)


def _metadata(name: str, value: Any) -> dict[str, str]:
    pairs: dict[str, str] = _pairs(name, value)
    for key in NUMBERS:
        if key in pairs:
            _number(f'{name}.{key}', pairs[key])
    return pairs


SET = Schema('os-set_image_metadata', {'metadata': Field(_metadata)})
UNSET = Schema('os-unset_image_metadata', {
    'key': Field(schemas.text(minimum=1))})
