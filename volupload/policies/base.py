# SPDX-License-Identifier: Apache-2.0
"""Who is who: the rules and role strings that the other tables refer to.

The defaults are those of OpenStack's secure RBAC. Keystone implies reader
from member and member from admin, so naming the least role is enough. All
rules are for project-scoped tokens: whatever this service does, it does to
volumes of a project.
"""

from oslo_policy import policy

ADMIN = 'rule:context_is_admin'
ADMIN_OR_PROJECT_READER = 'rule:admin_or_project_reader'
ADMIN_OR_PROJECT_MEMBER = 'rule:admin_or_project_member'

SCOPE_TYPES = ['project']

# The URLs, as the samples show them.
VOLUMES = '/volumes'
VOLUME = '/volumes/{volume_id}'
ACTION = '/volumes/{volume_id}/action'
METADATA = '/volumes/{volume_id}/metadata'
METADATA_ITEM = '/volumes/{volume_id}/metadata/{key}'
UPLOADS = '/uploads'
UPLOAD = '/uploads/{upload_id}'
UPLOAD_ACTION = '/uploads/{upload_id}/action'
MESSAGES = '/messages'
MESSAGE = '/messages/{message_id}'
TYPES = '/types'
TYPE = '/types/{type_id}'
EXTRA_SPECS = '/types/{type_id}/extra_specs'
EXTRA_SPEC = '/types/{type_id}/extra_specs/{key}'
LIMITS = '/limits'
QUOTAS = '/os-quota-sets/{project}'
SERVICES = '/os-services'

rules = [
    policy.RuleDefault(
        'context_is_admin', 'role:admin',
        description='Decides who is an administrator: sees the volumes of '
                    'every project and may use all_tenants.'),
    policy.RuleDefault(
        'admin_or_project_reader',
        f'{ADMIN} or (role:reader and project_id:%(project_id)s)',
        description='May look at what belongs to the project.'),
    policy.RuleDefault(
        'admin_or_project_member',
        f'{ADMIN} or (role:member and project_id:%(project_id)s)',
        description='May change what belongs to the project.'),
]


def operation(method: str, path: str) -> policy.Operation:
    """One line of the table of URLs that the documentation shows."""
    return {'method': method, 'path': path}
