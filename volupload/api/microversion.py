# SPDX-License-Identifier: Apache-2.0
"""Which revision of v3 a request is written for.

3.0:  the upload action with container_format, disk_format, force, image_name.
3.1:  the upload takes ``visibility`` and ``protected`` too, and an image is
      private unless it says otherwise.
3.2:  the filter ``bootable`` of a list of volumes must be a boolean. Before,
      whatever does not say false is true.
3.3:  messages, which tell why something failed after its request was accepted.
3.4:  volumes are listed by ``glance_metadata``.
3.5:  messages are listed page by page, and by what one asks for.
3.7:  services show ``cluster``.
3.10: volumes are listed by ``group_id``; they show it from 3.13 on.
3.12: ``/volumes/summary``, from 3.36 on with ``metadata``.
3.15: metadata has an ``ETag``, and is changed only if it matches.
3.21: administrators see ``provider_id`` of a volume.
3.23: a volume is deleted with ``force``, by those who may.
3.31: who is no administrator and filters by something that is not known is
      refused. Before, it is not looked at. Volumes are listed by
      ``created_at`` and ``updated_at``, compared with ``gt``, ``gte``, ``eq``,
      ``neq``, ``lt``, ``lte``, and by ``consumes_quota``.
3.33: ``/resource_filters``, which tells by what lists can be filtered.
3.34: ``name~`` and other text is searched for a part of it.
3.39: administrators see the limits of another project.
3.45: lists of volumes count with ``with_count``.
3.48: volumes show ``service_uuid`` and ``shared_targets``.
3.49: services show ``backend_state``.
3.52: volume types are listed by ``extra_specs``; filters that are not known
      are refused there only now.
3.53: keys of a new volume that are not known are refused, and so is a change
      of a volume that changes nothing.
3.61: administrators see ``cluster_name`` of a volume.
3.63: volumes show ``volume_type_id``.
3.65: volumes show ``consumes_quota``.
3.71: the last one.

These are the numbers that Cinder gave them, and what it answers at each, which
its own history of versions does not always tell: the filters by times are said
to be of 3.60, but Cinder takes them from 3.31 on. What is not named here
changes what this service does not have. Where that is a path of its own
(groups of 3.13, attachments of 3.27, the default types of projects of 3.62),
it answers 404 at every version. What Cinder does not have, the resource
``uploads``, is there in all of v3.

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
GLANCE_METADATA: Version = (3, 4)
MESSAGE_PAGES: Version = (3, 5)
CLUSTER: Version = (3, 7)
GROUP_FILTER: Version = (3, 10)
SUMMARY: Version = (3, 12)
GROUP_ID: Version = (3, 13)
ETAG: Version = (3, 15)
PROVIDER_ID: Version = (3, 21)
FORCE_DELETE: Version = (3, 23)
KNOWN_FILTERS: Version = (3, 31)
RESOURCE_FILTERS: Version = (3, 33)
LIKE_FILTERS: Version = (3, 34)
SUMMARY_METADATA: Version = (3, 36)
LIMITS_PROJECT: Version = (3, 39)
WITH_COUNT: Version = (3, 45)
SHARED_TARGETS: Version = (3, 48)
BACKEND_STATE: Version = (3, 49)
TYPE_FILTERS: Version = (3, 52)
KNOWN_KEYS: Version = (3, 53)
CLUSTER_NAME: Version = (3, 61)
TYPE_ID: Version = (3, 63)
CONSUMES_QUOTA: Version = (3, 65)
MAXIMUM: Version = (3, 71)

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
