# SPDX-License-Identifier: Apache-2.0
"""The body of ``os-volume_upload_image``, as each version of the API has it.

v2 is the document of 2014: missing and null formats mean the default, and
keys it does not name are not looked at. v3 is as strict as Cinder's, except
that the container is Glance's to judge. ``iso`` is taken on v2 as the document
says: the upload is accepted, fails, and leaves no image behind.
"""

from typing import Any

from volupload.api import microversion
from volupload.api import schemas
from volupload.api.schemas import Field
from volupload.api.schemas import Schema
from volupload.transfer.formats import FORMATS

NAME = 'os-volume_upload_image'
CONTAINERS = ('bare', 'ovf', 'ami', 'aki', 'ari')
VISIBILITIES = ('community', 'public', 'private', 'shared')

_image_name = schemas.text(minimum=1, blank=False)
_any_container = schemas.printable(minimum=1)


def _container(name: str, value: Any) -> str:
    if value == 'compressed':
        # Glance would take the record, and nobody compresses the data.
        raise schemas.refuse(name, value, 'An image is never compressed.')
    return str(_any_container(name, value))


V2 = Schema(NAME, {
    'image_name': Field(_image_name),
    'container_format': Field(
        schemas.nullable(schemas.one_of(CONTAINERS), 'bare'), 'bare'),
    'disk_format': Field(
        schemas.nullable(schemas.one_of([*FORMATS, 'iso']), 'raw'), 'raw'),
    'force': Field(schemas.boolean, False),
}, strict=False)

V3_0 = Schema(NAME, {
    'image_name': Field(_image_name),
    'container_format': Field(schemas.nullable(_container, 'bare'), 'bare'),
    'disk_format': Field(schemas.one_of(FORMATS), 'raw'),
    'force': Field(schemas.boolean, False),
})

V3_1 = Schema(NAME, {
    **V3_0.fields,
    'visibility': Field(schemas.one_of(VISIBILITIES), 'private'),
    'protected': Field(schemas.boolean, False),
})


def upload_image(version: microversion.Version) -> Schema:
    if version >= microversion.VISIBILITY:
        return V3_1
    return V3_0 if version >= microversion.MINIMUM else V2
