# SPDX-License-Identifier: Apache-2.0
"""Who is asking, and what they may do."""

from collections.abc import Mapping
from typing import Any

from oslo_context import context
from oslo_policy.policy import Enforcer

from volupload import policy


class RequestContext(context.RequestContext):
    """The caller of one request, as the token said.

    ``is_admin`` is what the rule ``context_is_admin`` says, asked once and
    only if somebody wants to know, unless the constructor is told.
    """

    def __init__(self, *, is_admin: bool | None = None,
                 **kwargs: Any) -> None:
        super().__init__(is_admin=is_admin, **kwargs)
        self._creds: dict[str, Any] | None = None
        self._enforcer: Enforcer | None = None

    def check_is_admin(self) -> bool:
        return self.can('context_is_admin', self._own())

    def can(self, rule: str, target: object | None = None) -> bool:
        """Whether the policy lets the caller do this.

        :param target: a mapping, or an object, with `project_id` and
            `user_id`; None for what would belong to the caller.
        """
        return policy.can(rule, self._values(target), self._policy_values(),
                          self._rules())

    def authorize(self, rule: str, target: object | None = None) -> None:
        """Like `can`, but :raises PolicyNotAuthorized: if not."""
        policy.authorize(rule, self._values(target), self._policy_values(),
                         self._rules())

    def to_dict(self) -> dict[str, Any]:
        """What travels over the bus and into logs: never the token.

        ``is_admin`` is left out when nobody asked, so that writing a log
        line does not ask the policy.
        """
        values = super().to_dict() if self._is_admin is not None else (
            self._with_is_admin_unknown())
        values['auth_token'] = None
        return values

    def _with_is_admin_unknown(self) -> dict[str, Any]:
        self._is_admin = False   # keeps the base class from asking
        try:
            values = super().to_dict()
        finally:
            self._is_admin = None
        values['is_admin'] = None
        return values

    def _own(self) -> dict[str, Any]:
        return {'project_id': self.project_id, 'user_id': self.user_id}

    def _values(self, target: object | None) -> Mapping[str, Any]:
        if target is None:
            return self._own()
        if isinstance(target, Mapping):
            return target
        return {'project_id': getattr(target, 'project_id', None),
                'user_id': getattr(target, 'user_id', None)}

    def _policy_values(self) -> dict[str, Any]:
        if self._creds is None:
            self._creds = dict(self.to_policy_values())
            if self.system_scope:
                self._creds['system'] = self.system_scope
        return self._creds

    def _rules(self) -> Enforcer:
        """The same ones for all that is asked about one request."""
        if self._enforcer is None:
            self._enforcer = policy.current()
        return self._enforcer
