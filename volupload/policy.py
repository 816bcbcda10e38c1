# SPDX-License-Identifier: Apache-2.0
"""Asks the rules whether somebody may do something.

The rules are those of `volupload.policies`, overridden by the file
``[oslo_policy] policy_file`` and the directories ``policy_dirs``. An edited
file counts from the next request on. oslo.policy would look for the files
and walk all rules at every single check; here each request compares the
files' stamps once, and what changed is read into a new enforcer which then
takes the place of the old one, so that no thread ever meets half of the rules.
A file that cannot be read leaves the old rules in force, and the log says so.
"""

from collections.abc import Mapping
import logging
import os
import stat
import sys
import threading
from typing import Any

from oslo_policy import opts
from oslo_policy import policy

from volupload import exception
from volupload import policies
from volupload.conf import CONF

LOG = logging.getLogger(__name__)

opts.set_defaults(CONF)   # registers the section [oslo_policy]

Stamp = tuple[Any, ...]

_lock = threading.Lock()
_state: tuple[policy.Enforcer, list[str], Stamp] | None = None


def init() -> None:
    """Read the rules, once at the start of a process.

    :raises ConfigError: the policy file cannot be used.
    """
    global _state
    paths = _paths()
    stamp = _stamp(paths)
    try:
        _state = _load(), paths, stamp
    except Exception as error:
        raise exception.ConfigError(
            section='oslo_policy', option='policy_file',
            reason=' '.join(str(error).split())) from error


def reset() -> None:
    """Forget everything; the next check reads the files again."""
    global _state
    _state = None


def can(rule: str, target: Mapping[str, Any], creds: dict[str, Any],
        enforcer: policy.Enforcer) -> bool:
    """Whether `creds` (policy values of a context) may do this to `target`.

    :param target: has `project_id` and `user_id` of the thing.
    :param enforcer: of `current`.
    :raises PolicyNotRegistered: the rule is no rule of ours.
    """
    registered = enforcer.registered_rules.get(rule)
    if registered is None:
        raise policy.PolicyNotRegistered(rule)
    if registered.scope_types and _scope(creds) not in registered.scope_types:
        return False
    return _holds(enforcer.rules[rule], rule, target, creds, enforcer)


def authorize(rule: str, target: Mapping[str, Any], creds: dict[str, Any],
              enforcer: policy.Enforcer) -> None:
    """:raises PolicyNotAuthorized: the policy does not allow it."""
    if not can(rule, target, creds, enforcer):
        LOG.info('Policy denies %s', rule)
        raise exception.PolicyNotAuthorized(action=rule)


def get_enforcer() -> policy.Enforcer:
    """For oslo.policy's command line tools.

    They have parsed their own arguments, which know ``--config-file`` but
    not where volupload keeps its files when none is given.
    """
    if not _config_files():
        arguments = sys.argv[1:] if 'oslopolicy' in sys.argv[0] else []
        CONF(arguments, project='volupload')
    # oslopolicy-validator opens it below the current directory.
    if found := CONF.find_file(CONF.oslo_policy.policy_file):
        CONF.set_override('policy_file', found, group='oslo_policy')
    enforcer = policy.Enforcer(CONF)
    enforcer.register_defaults(policies.list_rules())
    enforcer.load_rules()
    return enforcer


def _holds(check: Any, rule: str, target: Mapping[str, Any],
           creds: dict[str, Any], enforcer: policy.Enforcer) -> bool:
    # Enforcer.enforce() gives the same answers, but looks up the signature
    # of every check on the way: 190 us for volume:get instead of 20.
    match check:
        case policy.OrCheck():
            return any(_holds(one, rule, target, creds, enforcer)
                       for one in check.rules)
        case policy.AndCheck():
            return all(_holds(one, rule, target, creds, enforcer)
                       for one in check.rules)
        case policy.NotCheck():
            return not _holds(check.rule, rule, target, creds, enforcer)
        case policy.RuleCheck():
            try:
                check = enforcer.rules[check.match]
            except KeyError:   # a rule that does not exist allows nothing
                return False
            return _holds(check, rule, target, creds, enforcer)
    return bool(check(target, creds, enforcer, rule))


def _scope(creds: dict[str, Any]) -> str | None:
    """What the token is for; None for one that is not scoped.

    oslo.policy takes the last kind for a project's.
    """
    if creds.get('system_scope'):
        return 'system'
    if creds.get('domain_id'):
        return 'domain'
    return 'project' if creds.get('project_id') else None


def current() -> policy.Enforcer:
    """The rules as the files have them now."""
    if _state is None:
        init()
    assert _state is not None  # noqa: S101  init() raises otherwise
    enforcer, paths, seen = _state
    if _stamp(paths) != seen:
        return _reload(seen)
    return enforcer


def _reload(seen: Stamp) -> policy.Enforcer:
    global _state
    with _lock:
        assert _state is not None  # noqa: S101
        enforcer, paths, current = _state
        if current == seen:   # no other thread was faster
            stamp = _stamp(paths)
            try:
                enforcer = _load()
                LOG.info('The policy files changed and were read again')
            except Exception:
                LOG.exception('The changed policy files cannot be used; '
                              'the rules remain as they were')
            _state = enforcer, paths, stamp
        return enforcer


def _load() -> policy.Enforcer:
    enforcer = policy.Enforcer(CONF)
    enforcer.register_defaults(policies.list_rules())
    enforcer.load_rules()
    enforcer.use_conf = False   # it never looks for files again by itself
    return enforcer


def _config_files() -> list[str]:
    return getattr(CONF, 'config_file', None) or []


def _paths() -> list[str]:
    """Everywhere that a policy file or directory is, or could turn up."""
    names = [CONF.oslo_policy.policy_file, *CONF.oslo_policy.policy_dirs]
    directories = [os.path.dirname(os.path.abspath(path))
                   for path in _config_files()]
    directories += [*CONF.config_dirs, os.path.expanduser('~/.volupload'),
                    os.path.expanduser('~'), '/etc/volupload', '/etc']
    return list(dict.fromkeys(os.path.join(directory, name)
                              for name in names for directory in directories))


def _stamp(paths: list[str]) -> Stamp:
    return tuple([_stamp_one(path) for path in paths])


def _stamp_one(path: str) -> Any:
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            inside = [_stamp_one(entry.path) for entry in os.scandir(path)]
        else:
            inside = []
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size, inside
