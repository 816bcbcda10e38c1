# SPDX-License-Identifier: Apache-2.0
"""The tables of rules, and oslo.policy's tools that read them."""

import json
import pathlib
import subprocess
import sys

from oslo_policy import policy as oslo_policy
import yaml

from tests import base
from volupload import policies

BIN = pathlib.Path(sys.executable).parent


class TestTables(base.TestCase):

    def test_every_rule_of_a_url_is_documented(self) -> None:
        for rule in policies.list_rules():
            self.assertTrue(rule.description, rule.name)
            if ':' in rule.name:
                self.assertIsInstance(
                    rule, oslo_policy.DocumentedRuleDefault)
                self.assertEqual(['project'], rule.scope_types)

    def test_names_are_those_that_operators_know(self) -> None:
        names = [rule.name for rule in policies.list_rules()]
        self.assertEqual(len(names), len(set(names)))
        for name in ('volume:get', 'volume:copy_volume_to_image',
                     'volume_extension:volume_actions:upload_image',
                     'volume_extension:volume_actions:upload_public'):
            self.assertIn(name, names)


class TestTools(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.state_path)
        self.file = self.directory / 'policy.yaml'
        self.config_file = self.directory / 'volupload.conf'
        self.config_file.write_text(
            f'[oslo_policy]\npolicy_file = {self.file}\n')

    def run_tool(self, name: str, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [BIN / f'oslopolicy-{name}', *args], text=True,
            capture_output=True)

    def ask_tool(self, name: str) -> subprocess.CompletedProcess:
        return self.run_tool(name, '--namespace', 'volupload',
                             '--config-file', str(self.config_file))

    def test_sample_holds_every_rule(self) -> None:
        done = self.run_tool('sample-generator', '--namespace', 'volupload')
        self.assertEqual(0, done.returncode, done.stderr)
        for rule in policies.list_rules():
            self.assertIn(f'#"{rule.name}":', done.stdout)

    def test_policy_in_force_is_generated_with_the_file(self) -> None:
        self.file.write_text('"volume:get": "!"')
        done = self.ask_tool('policy-generator')
        self.assertEqual(0, done.returncode, done.stderr)
        rules = yaml.safe_load(done.stdout)
        self.assertEqual('!', rules['volume:get'])
        self.assertEqual({rule.name for rule in policies.list_rules()},
                         set(rules))

    def test_redundant_rule_is_listed(self) -> None:
        self.file.write_text('"context_is_admin": "role:admin"\n'
                             '"volume:get": "!"\n')
        done = self.ask_tool('list-redundant')
        self.assertEqual('"context_is_admin": "role:admin"\n', done.stdout)

    def test_validator_finds_a_rule_that_is_none(self) -> None:
        self.file.write_text('"volume:get": "!"')
        done = self.ask_tool('validator')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.file.write_text('"volume:gett": "!"')
        done = self.ask_tool('validator')
        self.assertEqual(1, done.returncode)
        self.assertIn('volume:gett', done.stdout)

    def test_checker_tells_what_a_token_may_do(self) -> None:
        self.file.write_text(self.ask_tool('policy-generator').stdout)
        access = self.directory / 'access.json'
        access.write_text(json.dumps({'token': {
            'roles': [{'name': 'reader'}],
            'project': {'id': 'p', 'domain': {'id': 'd'}},
            'user': {'id': 'u', 'domain': {'id': 'd'}}}}))
        done = self.run_tool('checker', '--policy', str(self.file),
                             '--access', str(access))
        self.assertIn('passed: volume:get\n', done.stdout)
        self.assertIn('failed: volume:create\n', done.stdout)
