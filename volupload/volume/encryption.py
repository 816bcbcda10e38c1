# SPDX-License-Identifier: Apache-2.0
"""Volumes that hold what somebody else has encrypted: a hypervisor, a guest.

volupload has no keys and encrypts nothing. An administrator says of a volume
type, with an extra spec, that its volumes hold ciphertext::

    volupload:encrypted    true or false, also as '<is> True', '<is> False'

A volume has in its row what its type said when it was created: what is in it
does not change with the type. Such a volume is uploaded byte for byte or not
at all. In another format its zeros, holes and tables would be looked for in
ciphertext, and what reads the image would take it for a disk without a key.
"""

from collections.abc import Mapping
import re

from volupload import exception
from volupload.db import models

SPEC = 'volupload:encrypted'

_VALUES = re.compile('(?:<is> )?(true|false)', re.IGNORECASE)


def parse(extra_specs: Mapping[str, str | None]) -> bool:
    """What the extra specs of a type say; those that say nothing say no.

    :raises InvalidField: neither yes nor no; naming the key.
    """
    value = extra_specs.get(SPEC, 'false')
    found = _VALUES.fullmatch(value or '')
    if not found:
        raise exception.InvalidField(field=SPEC, value=value, reason=(
            'It must be true or false.'))
    return found[1].lower() == 'true'


def check_upload(volume: models.Volume, disk_format: str,
                 container_format: str) -> None:
    """:raises InvalidVolume: it cannot be uploaded so."""
    if volume.encrypted and (disk_format, container_format) != ('raw', 'bare'):
        raise exception.InvalidVolume(
            reason=f'Volume {volume.id} is encrypted: its disk_format must be '
                   'raw and its container_format bare, which are the '
                   'defaults.')
