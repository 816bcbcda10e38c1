# SPDX-License-Identifier: Apache-2.0
"""Rules of the volumes themselves."""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

CREATE = 'volume:create'
GET = 'volume:get'
GET_ALL = 'volume:get_all'
UPDATE = 'volume:update'
DELETE = 'volume:delete'
FORCE_DELETE = 'volume:force_delete'
GET_METADATA = 'volume:get_volume_metadata'
CREATE_METADATA = 'volume:create_volume_metadata'
UPDATE_METADATA = 'volume:update_volume_metadata'
DELETE_METADATA = 'volume:delete_volume_metadata'

rules = [
    policy.DocumentedRuleDefault(
        CREATE, base.ADMIN_OR_PROJECT_MEMBER,
        'Create a volume.',
        [operation('POST', base.VOLUMES)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        GET, base.ADMIN_OR_PROJECT_READER,
        'Show a volume. It is asked before every other operation on one '
        'volume too: who may not see it can do nothing to it.',
        [operation('GET', base.VOLUME), operation('PUT', base.VOLUME),
         operation('DELETE', base.VOLUME), operation('POST', base.ACTION)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        GET_ALL, base.ADMIN_OR_PROJECT_READER,
        'List the volumes of a project, or sum them up.',
        [operation('GET', base.VOLUMES),
         operation('GET', f'{base.VOLUMES}/detail'),
         operation('GET', f'{base.VOLUMES}/summary')],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        UPDATE, base.ADMIN_OR_PROJECT_MEMBER,
        'Change the name, description or metadata of a volume.',
        [operation('PUT', base.VOLUME)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        DELETE, base.ADMIN_OR_PROJECT_MEMBER,
        'Delete a volume.',
        [operation('DELETE', base.VOLUME)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        FORCE_DELETE, base.ADMIN,
        'Delete a volume with `force`, in addition to `volume:delete`.',
        [operation('DELETE', base.VOLUME)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        GET_METADATA, base.ADMIN_OR_PROJECT_READER,
        'Show the metadata of a volume, or one pair of it.',
        [operation('GET', base.METADATA),
         operation('GET', base.METADATA_ITEM)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        CREATE_METADATA, base.ADMIN_OR_PROJECT_MEMBER,
        'Add to the metadata of a volume.',
        [operation('POST', base.METADATA)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        UPDATE_METADATA, base.ADMIN_OR_PROJECT_MEMBER,
        'Replace the metadata of a volume, or set one pair of it.',
        [operation('PUT', base.METADATA),
         operation('PUT', base.METADATA_ITEM)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        DELETE_METADATA, base.ADMIN_OR_PROJECT_MEMBER,
        'Remove one pair of the metadata of a volume.',
        [operation('DELETE', base.METADATA_ITEM)],
        scope_types=base.SCOPE_TYPES),
]
