# SPDX-License-Identifier: Apache-2.0
"""Whose things a caller may ask for, before any policy is asked."""

from oslo_utils import uuidutils

from volupload.context import RequestContext


def reach(context: RequestContext) -> str | None:
    """The project whose things the caller sees: None is everybody's."""
    return None if context.is_admin else str(context.project_id)


def scope(context: RequestContext, all_projects: bool) -> str | None:
    """Whose things are listed, as above; `all_projects` counts for admins."""
    everybody = all_projects and context.is_admin
    return None if everybody else str(context.project_id)


def is_canonical(one_id: str) -> bool:
    """Whether it is written as we write ids."""
    # MySQL compares without regard to case and to trailing blanks; an id is
    # the one spelling that we gave out.
    return (uuidutils.is_uuid_like(one_id) and len(one_id) == 36
            and one_id == one_id.lower())
