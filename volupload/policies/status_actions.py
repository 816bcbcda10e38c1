# SPDX-License-Identifier: Apache-2.0
"""Rules of the actions around a server, and of those of administrators."""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

RESERVE = 'volume_extension:volume_actions:reserve'
UNRESERVE = 'volume_extension:volume_actions:unreserve'
BEGIN_DETACHING = 'volume_extension:volume_actions:begin_detaching'
ROLL_DETACHING = 'volume_extension:volume_actions:roll_detaching'
ATTACH = 'volume_extension:volume_actions:attach'
DETACH = 'volume_extension:volume_actions:detach'
SET_BOOTABLE = 'volume_extension:volume_actions:set_bootable'
SET_READONLY = 'volume_extension:volume_actions:update_readonly_flag'
RESET_STATUS = 'volume_extension:volume_admin_actions:reset_status'
FORCE_DELETE = 'volume_extension:volume_admin_actions:force_delete'


def _rule(name: str, check: str, description: str,
          action: str) -> policy.DocumentedRuleDefault:
    return policy.DocumentedRuleDefault(
        name, check, description,
        [operation('POST', f'{base.ACTION} ({action})')],
        scope_types=base.SCOPE_TYPES)


rules = [
    _rule(RESERVE, base.ADMIN_OR_PROJECT_MEMBER,
          'Reserve a volume for a server.', 'os-reserve'),
    _rule(UNRESERVE, base.ADMIN_OR_PROJECT_MEMBER,
          'Give a volume back that was reserved.', 'os-unreserve'),
    _rule(BEGIN_DETACHING, base.ADMIN_OR_PROJECT_MEMBER,
          'Say that a volume is about to be detached.', 'os-begin_detaching'),
    _rule(ROLL_DETACHING, base.ADMIN_OR_PROJECT_MEMBER,
          'Say that a volume is not detached after all.',
          'os-roll_detaching'),
    _rule(ATTACH, base.ADMIN_OR_PROJECT_MEMBER,
          'Note down what a volume is attached to.', 'os-attach'),
    _rule(DETACH, base.ADMIN_OR_PROJECT_MEMBER,
          'Note down that a volume is attached no more.', 'os-detach'),
    _rule(SET_BOOTABLE, base.ADMIN_OR_PROJECT_MEMBER,
          'Say whether a volume can be booted from.', 'os-set_bootable'),
    _rule(SET_READONLY, base.ADMIN_OR_PROJECT_MEMBER,
          'Say whether a volume is attached for reading only.',
          'os-update_readonly_flag'),
    _rule(RESET_STATUS, base.ADMIN,
          'Set the status of a volume.', 'os-reset_status'),
    _rule(FORCE_DELETE, base.ADMIN,
          'Delete a volume whose status forbids it, unless it is attached '
          'or uploading.', 'os-force_delete'),
]
