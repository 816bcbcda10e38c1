# SPDX-License-Identifier: Apache-2.0
"""The bodies of the actions on what a volume's images are to say."""

from typing import Any

from volupload.api import schemas
from volupload.api.schemas import Field
from volupload.api.schemas import Schema
from volupload.volume.image_properties import NUMBERS

_number = schemas.integer(minimum=0, maximum=2 ** 31 - 1)


def _metadata(name: str, value: Any) -> dict[str, str]:
    pairs = schemas.string_map(name, value)
    for key in NUMBERS:
        if key in pairs:
            _number(f'{name}.{key}', pairs[key])
    return pairs


SET = Schema('os-set_image_metadata', {'metadata': Field(_metadata)})
UNSET = Schema('os-unset_image_metadata', {
    'key': Field(schemas.text(minimum=1))})
