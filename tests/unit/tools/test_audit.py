# SPDX-License-Identifier: Apache-2.0
"""The audit of the required packages: pip-audit itself, and a small PyPI."""

from importlib import metadata
import os
from typing import Any
from unittest import mock

import testtools

from tests.fixtures import pypi
from tools import audit
from tools import run_tests

HOLE = {'id': 'PYSEC-2026-1', 'aliases': ['CVE-2026-0001', 'GHSA-1-2-3'],
        'details': 'Anybody can\ndo anything.', 'summary': None,
        'fixed_in': ['9.1', '9.0'], 'link': 'https://example.org',
        'source': 'osv', 'withdrawn': None}
LOUD = 'NOT AUDITED: the package index has no advisories'


class TestAudit(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.index = self.useFixture(pypi.PyPI())

    def ask(self, *frozen: str, **environ: str,
            ) -> tuple[dict[str, Any] | None, str]:
        with mock.patch.dict(os.environ, self.index.environ | environ):
            return audit.ask('\n'.join(frozen))

    def test_a_package_with_a_hole_fails_unless_it_is_accepted(self) -> None:
        self.index.holes['paste', '3.10.0'] = [HOLE]
        found = self.ask('Paste==3.10.0', 'Routes==2.5.1')
        self.assertCountEqual([('paste', '3.10.0'), ('routes', '2.5.1')],
                              self.index.asked)
        for accepted in ({}, {'PYSEC-2026-1': ''}, {'CVE-2026-0002': 'No.'}):
            self.assertEqual(audit.Verdict(False, (
                'paste 3.10.0: CVE-2026-0001, GHSA-1-2-3, PYSEC-2026-1, fixed '
                'in 9.0, 9.1: Anybody can do anything.',)),
                audit.judge(*found, accepted, required=False))
        self.assertEqual(
            audit.Verdict(True, ('2 packages have no known hole that '
                                 'counts',)),
            audit.judge(*found, {'CVE-2026-0001': 'We never do that.'},
                        required=True))

    def test_an_index_without_advisories_is_told_and_passes(self) -> None:
        self.index.unknown = None
        found = self.ask('Paste==3.10.0')
        for required in (False, True):
            self.assertEqual(audit.Verdict(not required, (LOUD,)),
                             audit.judge(*found, {}, required=required))

    def test_no_index_at_all_is_told_and_passes(self) -> None:
        found = self.ask('Paste==3.10.0', HTTPS_PROXY='http://127.0.0.1:1')
        for required in (False, True):
            verdict = audit.judge(*found, {}, required=required)
            self.assertEqual(not required, verdict.ok)
            self.assertIn('NOT AUDITED: ', verdict.lines[0])


class TestJudgement(testtools.TestCase):

    def test_packages_that_only_this_index_lacks_are_named(self) -> None:
        report: dict[str, Any] = {'dependencies': [
            {'name': 'a', 'version': '1', 'vulns': []},
            {'name': 'b', 'skip_reason': 'Dependency not found on PyPI'}]}
        for required in (False, True):
            self.assertEqual(
                audit.Verdict(not required, (
                    'NOT AUDITED: b',
                    '1 packages have no known hole that counts')),
                audit.judge(report, '', {}, required=required))

    def test_every_hole_that_is_accepted_has_a_reason(self) -> None:
        for name, reason in audit._accepted().items():
            self.assertRegex(reason, r'\w+ \w+', name)

    def test_what_is_audited_is_what_is_required_and_installed(self) -> None:
        file = audit.CHECKOUT / 'requirements.txt'
        frozen = dict(line.split('==') for line in audit.installed(file))
        # Of ours, of an extra that we ask for, and of a requirement's own.
        for name in ('oslo-messaging', 'cotyledon', 'kombu', 'webob'):
            self.assertEqual(metadata.version(name), frozen[name])
        for name in ('volupload', 'ruff', 'bandit', 'glance'):
            self.assertNotIn(name, frozen)

    def test_the_summary_repeats_what_was_not_audited(self) -> None:
        outcome = run_tests.Outcome('audit')
        outcome.count(f'{LOUD}\n'.encode())
        self.assertEqual(LOUD, outcome.note)
        self.assertIn(LOUD, run_tests._line(outcome))
