# SPDX-License-Identifier: Apache-2.0
"""The enforcer: the same answers as oslo.policy's, and edited files."""

import itertools
import pathlib
import threading

from oslo_policy import policy as oslo_policy

from tests import base
from volupload import context
from volupload import exception
from volupload import policies
from volupload import policy
from volupload.conf import CONF

OWN = {'project_id': 'p', 'user_id': 'u'}
FOREIGN = {'project_id': 'q', 'user_id': 'v'}


def caller(*roles: str, project_id: str | None = 'p',
           **others: str) -> context.RequestContext:
    return context.RequestContext(
        user_id='u', project_id=project_id, roles=list(roles), **others)


class PolicyTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.path = pathlib.Path(self.state_path, 'policy.yaml')
        self.config(policy_file=str(self.path), group='oslo_policy')
        policy.reset()
        self.addCleanup(policy.reset)


class TestRules(PolicyTestCase):

    def test_answers_are_those_of_oslo_policy(self) -> None:
        """Which does the same more slowly."""
        self.path.write_text('''
"volume:create": "not role:reader or project_id:q"
"volume:update": "rule:nothing or user_id:%(user_id)s"
"volume:delete": "@"
"volume:get_all": "(role:admin or role:member) and not project_id:q"
"default": "role:member"
''')
        enforcer = policy.get_enforcer()
        callers = [
            caller(*roles, project_id=project, **others)
            for roles in ((), ('reader',), ('member',), ('ADMIN',))
            for project in ('p', 'q', None)
            for others in ({}, {'system_scope': 'all'}, {'domain_id': 'd'})
            if project or others]
        names = [rule.name for rule in policies.list_rules()]
        for name, one, target in itertools.product(
                names, callers, (OWN, FOREIGN, {})):
            self.assertEqual(
                bool(enforcer.enforce(name, target, one.to_policy_values())),
                one.can(name, target), (name, one.to_dict(), target))

    def test_defaults_are_those_of_secure_rbac(self) -> None:
        for rule, least in (
                ('volume:get', 'reader'), ('volume:get_all', 'reader'),
                ('volume:create', 'member'), ('volume:update', 'member'),
                ('volume:delete', 'member'),
                ('volume:copy_volume_to_image', 'member'),
                ('volume_extension:volume_actions:upload_image', 'member')):
            for role in ('reader', 'member', 'visitor'):
                self.assertEqual(
                    role == least, caller(role).can(rule, OWN), rule)
                self.assertFalse(caller(role).can(rule, FOREIGN), rule)
            self.assertTrue(caller('admin').can(rule, FOREIGN), rule)
        public = 'volume_extension:volume_actions:upload_public'
        self.assertFalse(caller('member').can(public, OWN))
        self.assertTrue(caller('admin').can(public, OWN))

    def test_tokens_for_no_project_can_do_nothing(self) -> None:
        self.path.write_text('"volume:get_all": ""')
        for others in ({'system_scope': 'all'}, {'domain_id': 'default'}, {}):
            one = caller('admin', project_id=None, **others)
            for rule in ('volume:get', 'volume:get_all'):
                self.assertFalse(one.can(rule, OWN))

    def test_unknown_rule_is_an_error_of_ours(self) -> None:
        self.assertRaises(oslo_policy.PolicyNotRegistered,
                          caller('admin').can, 'volume:gett', OWN)

    def test_denial_names_the_rule(self) -> None:
        error = self.assertRaises(
            exception.PolicyNotAuthorized, caller('reader').authorize,
            'volume:create')
        self.assertEqual(
            "Policy doesn't allow volume:create to be performed.", str(error))


class TestFiles(PolicyTestCase):

    def denied(self) -> bool:
        return not caller('reader').can('volume:get', OWN)

    def test_directory_counts_like_the_file(self) -> None:
        directory = pathlib.Path(self.state_path, 'policy.d')
        self.config(policy_dirs=[str(directory)], group='oslo_policy')
        self.assertFalse(self.denied())
        directory.mkdir()
        part = directory / '10-mine.yaml'
        for rule in ('!', '@', '!'):
            part.write_text(f'"volume:get": "{rule}"')
            self.assertEqual(rule == '!', self.denied())
        part.unlink()
        self.assertFalse(self.denied())

    def test_file_beside_the_configuration_is_found_later(self) -> None:
        config_file = pathlib.Path(self.state_path, 'volupload.conf')
        config_file.write_text('')
        CONF([], project='volupload', default_config_files=[str(config_file)])
        self.config(policy_file='own.yaml', group='oslo_policy')
        self.assertFalse(self.denied())
        config_file.with_name('own.yaml').write_text('"volume:get": "!"')
        self.assertTrue(self.denied())

    def test_nothing_is_read_again_without_a_change(self) -> None:
        self.path.write_text('"volume:get": "!"')
        self.assertTrue(self.denied())
        enforcers = {id(policy.current()) for _ in range(10)}
        self.assertEqual(1, len(enforcers))

    def test_edit_never_shows_half_of_the_rules(self) -> None:
        """Threads ask while the file changes between two that allow it."""
        self.path.write_text('"volume:get": "@"')
        wrong: list[object] = []
        over = threading.Event()

        def ask() -> None:
            while not over.is_set():
                if self.denied():
                    wrong.append(1)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(30):
            new = self.path.with_suffix(f'.{number}')
            new.write_text(f'"volume:get": "@"\n# {number}')
            new.replace(self.path)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual([], wrong)

    def test_broken_file_stops_the_start(self) -> None:
        self.path.write_text('{')
        error = self.assertRaises(exception.ConfigError, policy.init)
        self.assertIn('[oslo_policy] policy_file: ', str(error))
        self.assertNotIn('\n', str(error))


class TestContext(PolicyTestCase):

    def test_is_admin_is_asked_once_and_late(self) -> None:
        one = caller('admin')
        self.path.write_text('"context_is_admin": "role:root"')
        self.assertFalse(one.is_admin)
        self.path.write_text('"context_is_admin": "role:admin"')
        self.assertFalse(one.is_admin)
        self.assertTrue(caller('admin').is_admin)

    def test_is_admin_can_be_told(self) -> None:
        self.assertTrue(caller(is_admin=True).is_admin)
        self.assertFalse(caller('admin', is_admin=False).is_admin)

    def test_dict_has_no_token_and_asks_nobody(self) -> None:
        self.path.write_text('{')   # the policy cannot be asked
        values = caller('admin', auth_token='secret').to_dict()
        self.assertNotIn('secret', repr(values))
        self.assertIsNone(values['is_admin'])
        values = caller('admin', auth_token='secret').get_logging_values()
        self.assertNotIn('secret', repr(values))

    def test_dict_comes_back_as_the_same_caller(self) -> None:
        sent = caller('admin', 'member', request_id='req-1',
                      global_request_id='req-2', auth_token='secret')
        came = context.RequestContext.from_dict(sent.to_dict())
        self.assertEqual(
            ('u', 'p', ['admin', 'member'], 'req-1', 'req-2', None),
            (came.user_id, came.project_id, came.roles, came.request_id,
             came.global_request_id, came.auth_token))
        self.assertTrue(came.is_admin)
