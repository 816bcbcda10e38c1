# SPDX-License-Identifier: Apache-2.0
"""Rules of volume types, under the names that operators know from Cinder."""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

GET = 'volume_extension:type_get'
GET_ALL = 'volume_extension:type_get_all'
CREATE = 'volume_extension:type_create'
UPDATE = 'volume_extension:type_update'
DELETE = 'volume_extension:type_delete'
SHOW_EXTRA_SPECS = 'volume_extension:access_types_extra_specs'
SHOW_QOS_SPECS = 'volume_extension:access_types_qos_specs_id'
READ_SENSITIVE = 'volume_extension:types_extra_specs:read_sensitive'
GET_EXTRA_SPEC = 'volume_extension:types_extra_specs:show'
GET_EXTRA_SPECS = 'volume_extension:types_extra_specs:index'
CREATE_EXTRA_SPECS = 'volume_extension:types_extra_specs:create'
UPDATE_EXTRA_SPEC = 'volume_extension:types_extra_specs:update'
DELETE_EXTRA_SPEC = 'volume_extension:types_extra_specs:delete'

_READS = [operation('GET', base.TYPES), operation('GET', base.TYPE)]


def _rule(name: str, check: str, description: str,
          *operations: policy.Operation) -> policy.DocumentedRuleDefault:
    return policy.DocumentedRuleDefault(
        name, check, description, list(operations),
        scope_types=base.SCOPE_TYPES)


rules = [
    _rule(GET, base.ADMIN_OR_PROJECT_READER,
          'Show a volume type.', operation('GET', base.TYPE)),
    _rule(GET_ALL, base.ADMIN_OR_PROJECT_READER,
          'List the volume types.', operation('GET', base.TYPES)),
    _rule(CREATE, base.ADMIN,
          'Create a volume type.', operation('POST', base.TYPES)),
    _rule(UPDATE, base.ADMIN,
          'Change name, description or visibility of a volume type.',
          operation('PUT', base.TYPE)),
    _rule(DELETE, base.ADMIN,
          'Delete a volume type that no volume has.',
          operation('DELETE', base.TYPE)),
    _rule(SHOW_EXTRA_SPECS, base.ADMIN_OR_PROJECT_READER,
          'Show the extra specs of a volume type together with it.',
          *_READS),
    _rule(SHOW_QOS_SPECS, base.ADMIN,
          'Show `qos_specs_id` of a volume type, which is always null.',
          *_READS),
    _rule(READ_SENSITIVE, base.ADMIN,
          'Show all extra specs of a volume type. Others see only those that '
          'tell users what they can do with a volume.',
          *_READS, operation('GET', base.EXTRA_SPECS),
          operation('GET', base.EXTRA_SPEC)),
    _rule(GET_EXTRA_SPECS, base.ADMIN_OR_PROJECT_READER,
          'List the extra specs of a volume type.',
          operation('GET', base.EXTRA_SPECS)),
    _rule(GET_EXTRA_SPEC, base.ADMIN_OR_PROJECT_READER,
          'Show one extra spec of a volume type.',
          operation('GET', base.EXTRA_SPEC)),
    _rule(CREATE_EXTRA_SPECS, base.ADMIN,
          'Add to the extra specs of a volume type.',
          operation('POST', base.EXTRA_SPECS)),
    _rule(UPDATE_EXTRA_SPEC, base.ADMIN,
          'Set one extra spec of a volume type.',
          operation('PUT', base.EXTRA_SPEC)),
    _rule(DELETE_EXTRA_SPEC, base.ADMIN,
          'Remove one extra spec of a volume type.',
          operation('DELETE', base.EXTRA_SPEC)),
]
