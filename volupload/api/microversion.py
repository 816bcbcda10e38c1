# SPDX-License-Identifier: Apache-2.0
"""Which revision of v3 a request is written for.

3.0: the upload action with container_format, disk_format, force, image_name.
3.1: the upload takes ``visibility`` and ``protected`` too, and an image is
     private unless it says otherwise.
3.2: the filter ``bootable`` of a list of volumes must be a boolean. Before,
     whatever does not say false is true.
3.3: messages, which tell why something failed after its request was accepted.

These are the numbers and meanings that Cinder gave them. What Cinder does not
have, the resource ``uploads``, is there in all of v3.

The header is ``OpenStack-API-Version: volume 3.1``; it may name other
services beside, and its first entry for this one counts.
"""

import re

from volupload import exception

Version = tuple[int, int]

V2: Version = (2, 0)
MINIMUM: Version = (3, 0)
VISIBILITY: Version = (3, 1)
BOOTABLE: Version = (3, 2)
MESSAGES: Version = (3, 3)
MAXIMUM: Version = MESSAGES

_SERVICES = ('volume', 'block-storage')
_FORM = re.compile(r'(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})')


def parse(header: str | None) -> Version:
    """The version that the header asks for; the oldest if none.

    :raises InvalidVersion: it is not of the form `volume 3.N`.
    :raises VersionNotSupported: there is no such version.
    """
    wanted = _find(header) if header else None
    if wanted is None:
        return MINIMUM
    if wanted == 'latest':
        return MAXIMUM
    match = _FORM.fullmatch(wanted)
    if match is None:
        raise exception.InvalidVersion(version=wanted)
    version = int(match[1]), int(match[2])
    if not MINIMUM <= version <= MAXIMUM:
        raise exception.VersionNotSupported(
            version=wanted, minimum=to_string(MINIMUM),
            maximum=to_string(MAXIMUM))
    return version


def _find(header: str) -> str | None:
    for entry in header.split(','):
        service, _, version = entry.strip().partition(' ')
        if service.lower() in _SERVICES:
            return version.strip().lower()
        if service and not version:
            raise exception.InvalidVersion(version=service)
    return None


def to_string(version: Version) -> str:
    return f'{version[0]}.{version[1]}'
