# SPDX-License-Identifier: Apache-2.0
"""The samples of configuration and policy, and oslo.policy's programs."""

import os
import pathlib
import subprocess
import sys

from oslo_config import cfg
from oslo_policy import policy

from tests import base
from volupload import policies
from volupload.conf import opts

ROOT = pathlib.Path(__file__).parents[2]
ETC = ROOT / 'etc' / 'volupload'

# A name under which samples show that a value depends on the machine.
MACHINE_DEPENDENT = ('host',)


def program(name: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a program that is installed beside this Python."""
    path = pathlib.Path(sys.executable).parent / name
    return subprocess.run(
        [str(path), *args], cwd=ROOT, text=True, env=environment(),
        capture_output=True)


def environment() -> dict[str, str]:
    """Ours without what would point a program at a configuration."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(('OS_', 'VOLUPLOAD_'))}


class TestOptions(base.TestCase):

    def test_every_option_has_help(self) -> None:
        silent = [f'[{group}] {opt.name}' for group, options in
                  opts.list_opts() for opt in options
                  if not (opt.help or '').strip()]
        self.assertEqual([], silent)

    def test_every_option_with_choices_explains_each(self) -> None:
        for group, options in opts.list_opts():
            for opt in options:
                choices = getattr(opt.type, 'choices', None)
                if choices and group != 'glance':
                    self.assertTrue(all(choices.values()),
                                    f'[{group}] {opt.name}')

    def test_no_option_is_listed_twice(self) -> None:
        names = [(str(group), opt.dest) for group, options in opts.list_opts()
                 for opt in options]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_no_default_depends_on_the_machine(self) -> None:
        for _group, options in opts.list_opts():
            for opt in options:
                if opt.dest in MACHINE_DEPENDENT:
                    self.assertIsNotNone(opt.sample_default, opt.name)

    def test_sample_config_generates(self) -> None:
        sample = self.generate_config()
        for group, options in opts.list_opts():
            self.assertIn(f'\n[{group}]\n', sample)
            for opt in options:
                self.assertIn(f'\n#{opt.name.replace("-", "_")} =', sample)

    def test_sample_config_has_the_sections_of_the_libraries(self) -> None:
        sample = self.generate_config()
        for section in ('database', 'keystone_authtoken', 'oslo_policy',
                        'oslo_messaging_rabbit', 'cors', 'healthcheck'):
            self.assertIn(f'\n[{section}]\n', sample)

    def test_sample_config_is_valid_as_it_is(self) -> None:
        path = pathlib.Path(self.state_path) / 'volupload.conf'
        path.write_text(self.generate_config())
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[str(path)])

    def generate_config(self) -> str:
        path = pathlib.Path(self.state_path) / 'sample.conf'
        done = program(
            'oslo-config-generator',
            '--config-file', str(ETC / 'config-generator.conf'),
            '--output-file', str(path))
        self.assertEqual(0, done.returncode, done.stderr)
        return f'\n{path.read_text()}'


class TestPolicies(base.TestCase):

    def test_every_rule_is_documented(self) -> None:
        for rule in policies.list_rules():
            self.assertTrue(rule.description, rule.name)
            if ':' in rule.name:
                self.assertIsInstance(rule, policy.DocumentedRuleDefault)
                self.assertTrue(rule.operations, rule.name)
                self.assertTrue(rule.scope_types, rule.name)

    def test_sample_policy_generates(self) -> None:
        sample = self.generate_policy()
        for rule in policies.list_rules():
            self.assertIn(f'\n#"{rule.name}": "{rule.check_str}"\n',
                          f'\n{sample}')

    def test_validator_accepts_the_defaults(self) -> None:
        done = program('oslopolicy-validator', *self.policy_options(''))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_validator_finds_the_file_beside_the_configuration(self) -> None:
        options = self.policy_options('"volume:polish": "role:admin"\n')
        pathlib.Path(options[-1]).write_text('')
        done = program('oslopolicy-validator', *options)
        self.assertEqual((1, ''), (done.returncode, done.stderr))
        self.assertIn('volume:polish', done.stdout)

    def test_validator_refuses_a_rule_that_is_none_of_ours(self) -> None:
        done = program('oslopolicy-validator', *self.policy_options(
            '"volume:polish": "role:admin"\n'))
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)

    def test_list_redundant_names_a_rule_that_equals_its_default(
            self) -> None:
        rule = next(rule for rule in policies.list_rules()
                    if rule.name == 'volume:get')
        done = program('oslopolicy-list-redundant', *self.policy_options(
            f'"{rule.name}": "{rule.check_str}"\n'
            '"volume:delete": "role:admin"\n'))
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('"volume:get"', done.stdout)
        self.assertNotIn('"volume:delete"', done.stdout)

    def test_checker_says_what_a_role_may_do(self) -> None:
        directory = pathlib.Path(self.state_path)
        access = directory / 'access.json'
        access.write_text(ACCESS_OF_A_READER)
        effective = directory / 'effective.yaml'
        done = program('oslopolicy-policy-generator',
                       '--output-file', str(effective),
                       *self.policy_options(''))
        self.assertEqual(0, done.returncode, done.stderr)
        done = program('oslopolicy-checker', '--policy', str(effective),
                       '--access', str(access))
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('passed: volume:get\n', done.stdout)
        self.assertIn('failed: volume:delete\n', done.stdout)

    def generate_policy(self) -> str:
        path = pathlib.Path(self.state_path) / 'sample.yaml'
        done = program(
            'oslopolicy-sample-generator',
            '--config-file', str(ETC / 'policy-generator.conf'),
            '--output-file', str(path))
        self.assertEqual(0, done.returncode, done.stderr)
        return path.read_text()

    def policy_options(self, rules: str) -> list[str]:
        """Options of a program that shall read these rules."""
        directory = pathlib.Path(self.state_path)
        (directory / 'policy.yaml').write_text(rules)
        config = directory / 'volupload.conf'
        config.write_text('[oslo_policy]\n'
                          f'policy_file = {directory / "policy.yaml"}\n')
        return ['--namespace', 'volupload', '--config-file', str(config)]


ACCESS_OF_A_READER = '''
{"token": {
  "is_domain": false, "methods": ["password"],
  "expires_at": "2100-01-01T00:00:00.000000Z",
  "issued_at": "2000-01-01T00:00:00.000000Z",
  "roles": [{"id": "r", "name": "reader"}],
  "project": {"id": "p", "name": "p",
              "domain": {"id": "default", "name": "Default"}},
  "user": {"id": "u", "name": "u",
           "domain": {"id": "default", "name": "Default"}}
}}
'''
