# SPDX-License-Identifier: Apache-2.0
"""What an image says of the volume that it was made from."""

from collections.abc import Mapping
from typing import Any

from volupload.volume.status import VolumeStatus

# What Glance itself says of an image, or what the upload is told.
CORE = frozenset({
    'id', 'image_id', 'name', 'image_name', 'status', 'disk_format',
    'container_format', 'size', 'virtual_size', 'checksum', 'os_hash_algo',
    'os_hash_value', 'owner', 'owner_id', 'visibility', 'is_public',
    'protected', 'os_hidden', 'tags', 'locations', 'direct_url', 'file',
    'self', 'schema', 'stores', 'created_at', 'updated_at', 'deleted',
    'deleted_at'})
# Glance refuses these, or they would tell of the bytes of another image.
RESERVED = ('os_glance_', 'img_signature', 'signature_verified',
            'cinder_encryption_key', 'volupload_')
# Whole numbers to Glance: GiB, and MiB.
NUMBERS = ('min_disk', 'min_ram')


def of(previous_status: str,
       image_metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """Properties of the image.

    :param previous_status: of the volume, before it was uploaded.
    :param image_metadata: of the volume; what is not for an image to say is
        left out.
    """
    properties: dict[str, Any] = {
        key: value for key, value in (image_metadata or {}).items()
        if key not in CORE and not key.startswith(RESERVED)
        and key not in NUMBERS}
    for key in NUMBERS:
        value = (image_metadata or {}).get(key, '')
        if value.isascii() and value.isdigit():
            properties[key] = int(value)
    # Its guest was running: the file systems may look as after a power cut.
    if previous_status == VolumeStatus.IN_USE:
        properties['volupload_source_in_use'] = 'true'
    return properties
