# SPDX-License-Identifier: Apache-2.0
"""The bodies of the actions around a server, and of administrators."""

from typing import Any

from oslo_utils import uuidutils

from volupload.api import schemas
from volupload.api.schemas import Field
from volupload.api.schemas import Schema
from volupload.volume.status import SETTABLE

_ATTACHED = {'attached': True, 'detached': False, None: None}

_text = schemas.nullable(schemas.text())


def _uuid(name: str, value: Any) -> str:
    if not isinstance(value, str) or not uuidutils.is_uuid_like(value):
        raise schemas.refuse(name, value, 'It must be a UUID.')
    return value


def _word(*allowed: str) -> schemas.Parser:
    """One of these words in whatever letters; null and none are the same."""
    known = schemas.one_of(allowed)

    def parse(name: str, value: Any) -> str | None:
        if value in (None, ''):
            return None
        return str(known(name, value.lower() if isinstance(value, str)
                         else value))
    return parse


_ATTACH = Schema('os-attach', {
    'instance_uuid': Field(schemas.nullable(_uuid), None),
    'host_name': Field(_text, None),
    'mountpoint': Field(schemas.text(minimum=1, blank=False)),
    'mode': Field(schemas.one_of(['rw', 'ro']), 'rw'),
})
_DETACH = Schema('os-detach', {
    'attachment_id': Field(schemas.nullable(_uuid), None)})
_RESET = Schema('os-reset_status', {
    'status': Field(_word(*sorted(SETTABLE)), None),
    'attach_status': Field(_word('attached', 'detached'), None),
    # There is no migration here that could be in another.
    'migration_status': Field(_word('none'), None),
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
            'attached': _ATTACHED[given['attach_status']]}
