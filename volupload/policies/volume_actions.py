# SPDX-License-Identifier: Apache-2.0
"""Rules of what is done to a volume: its upload into an image.

The names are those that operators know from Cinder. An upload is asked
about twice, because deployments may have overridden either name.
"""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

UPLOAD_IMAGE = 'volume_extension:volume_actions:upload_image'
COPY_VOLUME_TO_IMAGE = 'volume:copy_volume_to_image'
UPLOAD_PUBLIC = 'volume_extension:volume_actions:upload_public'

UPLOAD = f'{base.ACTION} (os-volume_upload_image)'

rules = [
    policy.DocumentedRuleDefault(
        UPLOAD_IMAGE, base.ADMIN_OR_PROJECT_MEMBER,
        'Upload a volume into an image.',
        [operation('POST', UPLOAD)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        COPY_VOLUME_TO_IMAGE, base.ADMIN_OR_PROJECT_MEMBER,
        'Upload a volume into an image: the second check on the same '
        'request, under the name that it had first.',
        [operation('POST', UPLOAD)],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        UPLOAD_PUBLIC, base.ADMIN,
        'Upload a volume into an image that everybody sees '
        '(visibility public).',
        [operation('POST', UPLOAD)],
        scope_types=base.SCOPE_TYPES),
]
