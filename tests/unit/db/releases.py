# SPDX-License-Identifier: Apache-2.0
"""What the database of each release holds: a row of every table.

A revision is an entry of `RELEASES`. It says what its code writes into the
columns that came with it, and what is found there in rows of code that did
not know them. Tests refuse a revision that has none, and one that leaves out
a column or a table.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

Row = dict[str, Any]
Rows = dict[str, Row]   # by table

# With the fraction of a second that some columns keep.
NOON = datetime.datetime(2026, 11, 23, 12, 0, 0, 250000)
SHARP = NOON.replace(microsecond=0)

TYPE, VOLUME, UPLOAD, IMAGE, MESSAGE = (
    f'{number}0000000-0000-4000-8000-000000000000' for number in range(1, 6))


@dataclasses.dataclass(frozen=True)
class Release:
    """
    :ivar writes: what its code writes into the columns that are its own
    :ivar older: what rows from before have there, after the upgrade
    :ivar beside: and rows that older code writes after the upgrade, where
        that is something else
    """

    writes: Mapping[str, Row]
    older: Mapping[str, Row] = dataclasses.field(default_factory=dict)
    beside: Mapping[str, Row] = dataclasses.field(default_factory=dict)


RELEASES = {
    '001': Release(writes={
        'volume_types': {
            'id': TYPE, 'name': 'fast', 'description': 'Räder, 🐎',
            'is_public': False, 'extra_specs': {'volupload:compression':
                                                'none'},
            'created_at': SHARP, 'updated_at': None},
        'volumes': {
            'id': VOLUME, 'project_id': 'p1', 'user_id': 'u1',
            'name': 'wölf 🐺', 'description': '', 'size_gb': 7,
            'status': 'uploading', 'previous_status': 'in-use',
            'host': 'testhost@local', 'availability_zone': 'nova',
            'volume_type_id': TYPE, 'created_at': SHARP,
            'updated_at': SHARP},
        'volume_metadata': {
            'volume_id': VOLUME, 'key': 'Kind', 'value': 'größer'},
        'uploads': {
            'id': UPLOAD, 'volume_id': VOLUME, 'host': 'testhost@local',
            'project_id': 'p1', 'user_id': 'u1', 'request_id': 'req-1',
            'image_id': IMAGE, 'image_name': 'img 🐺', 'disk_format': 'vmdk',
            'container_format': 'bare', 'protected': True,
            'status': 'running', 'previous_status': 'in-use',
            'reason': 'Glance was away.', 'worker': 'testhost:1',
            'image_size': 2 ** 40, 'bytes_sent': 2 ** 33,
            'created_at': NOON, 'started_at': SHARP, 'finished_at': None},
        'services': {
            'id': 3, 'host': 'testhost@local', 'binary': 'volupload-volume',
            'topic': 'volupload-volume', 'created_at': SHARP,
            'updated_at': SHARP}}),
    '002': Release(
        writes={
            'uploads': {
                'visibility': 'shared', 'size_gb': 7, 'attempt': 2,
                'heartbeat_at': NOON, 'not_before': NOON, 'phase': 'sending',
                'bytes_read': 2 ** 34, 'rate': 2 ** 32},
            'messages': {
                'id': MESSAGE, 'project_id': 'p1', 'request_id': 'req-1',
                'resource_type': 'VOLUME', 'resource_uuid': VOLUME,
                'event_id': 'VOLUME_VOLUME_001_002',
                'user_message': 'Nicht möglich.', 'message_level': 'ERROR',
                'created_at': NOON, 'expires_at': SHARP}},
        older={'uploads': {
            'visibility': None, 'size_gb': 7, 'attempt': 0,
            'heartbeat_at': None, 'not_before': None, 'phase': None,
            'bytes_read': 0, 'rate': None}},
        # The upgrade took it from the volume.
        beside={'uploads': {'size_gb': 0}}),
    '003': Release(
        writes={'volumes': {
            'bootable': True, 'readonly': True,
            'attachment': {'server_id': 'sörver'},
            'image_metadata': {'os_distro': 'debian'}}},
        older={'volumes': {
            'bootable': False, 'readonly': None, 'attachment': None,
            'image_metadata': None}}),
    '004': Release(
        writes={'volumes': {'encrypted': True}},
        older={'volumes': {'encrypted': False}}),
}


def rows(revision: str) -> Rows:
    """What code of that revision writes, in the order of foreign keys."""
    found: Rows = {}
    for name, release in RELEASES.items():
        for table, values in release.writes.items():
            if name <= revision:
                found.setdefault(table, {}).update(values)
    return found


def upgraded(revision: str) -> Rows:
    """What becomes of them in the newest schema."""
    found = rows(revision)
    for release in _since(revision):
        for table, row in found.items():
            row.update(release.older.get(table, {}))
    return found


def written_late(revision: str) -> Rows:
    """The same for what that code writes into the newest schema."""
    found = upgraded(revision)
    for release in _since(revision):
        for table, row in found.items():
            row.update(release.beside.get(table, {}))
    return found


def _since(revision: str) -> Iterator[Release]:
    return (release for name, release in RELEASES.items() if name > revision)
