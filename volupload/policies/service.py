# SPDX-License-Identifier: Apache-2.0
"""Rules of what describes the service itself: limits, quotas, programs."""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

USED_LIMITS = 'limits_extension:used_limits'
GET_QUOTAS = 'volume_extension:quotas:show'
GET_SERVICES = 'volume_extension:services:index'

rules = [
    policy.DocumentedRuleDefault(
        USED_LIMITS, base.ADMIN_OR_PROJECT_READER,
        'Show beside the limits of a project how much of them it uses.',
        [operation('GET', base.LIMITS)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        GET_QUOTAS, base.ADMIN_OR_PROJECT_READER,
        'Show the quotas of a project and what it uses.',
        [operation('GET', base.QUOTAS),
         operation('GET', f'{base.QUOTAS}/defaults')],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        GET_SERVICES, base.ADMIN,
        'List the programs of the service and whether they live.',
        [operation('GET', base.SERVICES)],
        scope_types=base.SCOPE_TYPES),
]
