# SPDX-License-Identifier: Apache-2.0
"""Policy rules: documented data, one module for each kind of resource."""

from oslo_policy import policy

from volupload.policies import base
from volupload.policies import image_metadata
from volupload.policies import messages
from volupload.policies import service
from volupload.policies import status_actions
from volupload.policies import uploads
from volupload.policies import volume_actions
from volupload.policies import volume_types
from volupload.policies import volumes


def list_rules() -> list[policy.RuleDefault]:
    """Every rule with its default; also read by oslo.policy's tools."""
    return [*base.rules, *volumes.rules, *volume_actions.rules,
            *uploads.rules, *messages.rules, *volume_types.rules,
            *service.rules, *status_actions.rules, *image_metadata.rules]
