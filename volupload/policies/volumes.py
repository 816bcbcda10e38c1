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
        'List the volumes of a project.',
        [operation('GET', base.VOLUMES),
         operation('GET', f'{base.VOLUMES}/detail')],
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
]
