# SPDX-License-Identifier: Apache-2.0
"""Rules of what a volume's images are to say."""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies.base import operation

SHOW = 'volume_extension:volume_image_metadata:show'
SET = 'volume_extension:volume_image_metadata:set'
REMOVE = 'volume_extension:volume_image_metadata:remove'

rules = [
    policy.DocumentedRuleDefault(
        SHOW, base.ADMIN_OR_PROJECT_READER,
        'Show the image metadata of a volume, alone or together with it.',
        [operation('POST', f'{base.ACTION} (os-show_image_metadata)'),
         operation('GET', base.VOLUME),
         operation('GET', f'{base.VOLUMES}/detail')],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        SET, base.ADMIN_OR_PROJECT_MEMBER,
        'Add to the image metadata of a volume.',
        [operation('POST', f'{base.ACTION} (os-set_image_metadata)')],
        scope_types=base.SCOPE_TYPES),
    policy.DocumentedRuleDefault(
        REMOVE, base.ADMIN_OR_PROJECT_MEMBER,
        'Remove one pair of the image metadata of a volume.',
        [operation('POST', f'{base.ACTION} (os-unset_image_metadata)')],
        scope_types=base.SCOPE_TYPES),
]
