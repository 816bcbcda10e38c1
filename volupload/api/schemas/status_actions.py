# SPDX-License-Identifier: Apache-2.0
"""The bodies of the actions around a server, and of administrators."""

from typing import Any

from oslo_utils import uuidutils

from volupload.api import schemas
from volupload.api.schemas import ABSENT
from volupload.api.schemas import Field
from volupload.api.schemas import Schema
from volupload.volume.status import SETTABLE

_ATTACH_STATUSES = ('attached', 'detached')


def _uuid(name: str, value: Any) -> str:
    if not isinstance(value, str) or not uuidutils.is_uuid_like(value):
        raise schemas.refuse(name, value, 'It must be a UUID.')
    return value


_text = schemas.nullable(schemas.text())

_ATTACH = Schema('os-attach', {
    'instance_uuid': Field(schemas.nullable(_uuid), None),
    'host_name': Field(_text, None),
    'mountpoint': Field(schemas.text(minimum=1, blank=False)),
    'mode': Field(schemas.one_of(['rw', 'ro']), 'rw'),
})
_DETACH = Schema('os-detach', {
    'attachment_id': Field(schemas.nullable(_uuid), None)})
_RESET = Schema('os-reset_status', {
    'status': Field(schemas.nullable(schemas.one_of(sorted(SETTABLE))),
                    None),
    'attach_status': Field(
        schemas.nullable(schemas.one_of(_ATTACH_STATUSES)), None),
    # There is no migration here that could be reset.
    'migration_status': Field(schemas.nullable(schemas.one_of(['none'])),
                              ABSENT),
})
READONLY = Schema('os-update_readonly_flag', {
    'readonly': Field(schemas.boolean)})
BOOTABLE = Schema('os-set_bootable', {'bootable': Field(schemas.boolean)})


def attach(body: Any) -> dict[str, Any]:
    """Arguments of `volupload.volume.actions_api.ActionsAPI.attach`.

    :raises InvalidField: naming what is wrong.
    """
    given = _ATTACH.parse(body)
    if not (given['instance_uuid'] or given['host_name']):
        raise schemas.refuse('os-attach', body, (
            'It must have instance_uuid or host_name.'))
    return given


def detach(body: Any) -> dict[str, Any]:
    """:raises InvalidField: naming what is wrong."""
    return _DETACH.parse({} if body is None else body)


def reset(body: Any) -> dict[str, Any]:
    """Arguments of `volupload.volume.actions_api.ActionsAPI.reset_status`.

    :raises InvalidField: naming what is wrong.
    """
    given = _RESET.parse(body)
    if all(value is None for value in given.values()):
        raise schemas.refuse('os-reset_status', body, (
            'It must have status, attach_status or migration_status.'))
    return {'status': given['status'],
            'detached': given['attach_status'] == 'detached'}


def nothing(name: str, body: Any) -> None:
    """:raises InvalidField: there is something."""
    if body not in (None, {}):
        raise schemas.refuse(name, body, 'It must be null.')
