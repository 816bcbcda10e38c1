# SPDX-License-Identifier: Apache-2.0
"""Rules of messages, under the names that operators know from Cinder."""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

GET = 'message:get'
GET_ALL = 'message:get_all'
DELETE = 'message:delete'

rules = [
    policy.DocumentedRuleDefault(
        GET, base.ADMIN_OR_PROJECT_READER,
        'Show a message that tells why something failed. It is asked before '
        'a message is deleted too.',
        [operation('GET', base.MESSAGE), operation('DELETE', base.MESSAGE)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        GET_ALL, base.ADMIN_OR_PROJECT_READER,
        'List the messages of a project.',
        [operation('GET', base.MESSAGES)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        DELETE, base.ADMIN_OR_PROJECT_MEMBER,
        'Delete a message.',
        [operation('DELETE', base.MESSAGE)],
        scope_types=base.SCOPE_TYPES),
]
