# SPDX-License-Identifier: Apache-2.0
"""The rules for alerts, as promtool judges them by alerts.yaml beside this.

It belongs to Prometheus, and needs no service.
"""

from collections.abc import Iterator
from pathlib import Path
import subprocess
from typing import Any

import yaml

from tests import base
from tools.cloud import programs

HERE = Path(__file__).parent
RULES = HERE.parents[1] / 'etc' / 'volupload' / 'monitoring' / 'alerts.yaml'


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = programs.of_debian('promtool', 'prometheus')
    return subprocess.run([program, *map(str, arguments)], text=True,
                          capture_output=True, timeout=50)


def rules(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in document['groups']:
        yield from group['rules']


class TestAlerts(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.rules = yaml.safe_load(RULES.read_text())
        self.series = yaml.safe_load((HERE / 'alerts.yaml').read_text())

    def test_the_rules_are_such(self) -> None:
        done = promtool('check', 'rules', RULES)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_each_fires_for_what_it_is_for_and_is_silent_else(self) -> None:
        done = promtool('test', 'rules', HERE / 'alerts.yaml')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_each_is_expected_to_fire_and_to_be_silent(self) -> None:
        expected = {(one['alertname'], bool(one['exp_alerts']))
                    for test in self.series['tests']
                    for one in test['alert_rule_test']}
        self.assertEqual({(rule['alert'], fires) for rule in rules(self.rules)
                          for fires in (True, False)}, expected)

    def test_one_that_always_or_never_fires_is_found(self) -> None:
        changed = Path(self.state_path, 'alerts.yaml')
        tests = Path(self.state_path, 'tests.yaml')
        tests.write_text(yaml.safe_dump(
            self.series | {'rule_files': [str(changed)]}))
        for wrong in ('vector(1)', 'vector(1) == 0'):
            for rule in rules(self.rules):
                rule['expr'] = wrong
            changed.write_text(yaml.safe_dump(self.rules))
            done = promtool('test', 'rules', tests)
            self.assertNotEqual(0, done.returncode)
            for rule in rules(self.rules):
                self.assertIn(f'alertname: {rule["alert"]}', done.stderr)
