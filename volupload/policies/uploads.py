# SPDX-License-Identifier: Apache-2.0
"""Rules of uploads: who may watch, stop and repeat them.

To begin one is a matter of the volume, see `volume_actions`. An upload is of
the project of its volume.
"""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

GET = 'upload:get'
GET_ALL = 'upload:get_all'
CANCEL = 'upload:cancel'
REQUEUE = 'upload:requeue'

rules = [
    policy.DocumentedRuleDefault(
        GET, base.ADMIN_OR_PROJECT_READER,
        'Show an upload. It is asked before every other operation on one '
        'upload too: who may not see it can do nothing to it.',
        [operation('GET', base.UPLOAD), operation('DELETE', base.UPLOAD),
         operation('POST', base.UPLOAD_ACTION)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        GET_ALL, base.ADMIN_OR_PROJECT_READER,
        'List the uploads of a project.',
        [operation('GET', base.UPLOADS)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        CANCEL, base.ADMIN_OR_PROJECT_MEMBER,
        'Cancel an upload that waits or runs.',
        [operation('DELETE', base.UPLOAD)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        REQUEUE, base.ADMIN,
        'Have an upload that failed done again, into a new image. The image '
        'belongs to the project of the upload and is made by the service, '
        'so the quota of the project is not looked at.',
        [operation('POST', f'{base.UPLOAD_ACTION} (requeue)')],
        scope_types=base.SCOPE_TYPES),
]
