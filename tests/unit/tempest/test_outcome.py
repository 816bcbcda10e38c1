# SPDX-License-Identifier: Apache-2.0
"""A run of Tempest in which nothing failed is believed only if it ran."""

import contextlib
import io
import unittest

import subunit
import testtools

from tests import base
from tests.tempest import outcome
from tests.tempest import run


class Sample(testtools.TestCase):
    """What is recorded here; not to be found by the runner."""

    def runs(self) -> None:
        pass

    def skips(self) -> None:
        self.skipTest('no Nova')

    def fails(self) -> None:
        self.fail('broken')


class Lazy(testtools.TestCase):

    @classmethod
    def setUpClass(cls) -> None:
        raise cls.skipException('no Neutron')

    def runs(self) -> None:
        pass


def record(*tests: testtools.TestCase) -> bytes:
    """What stestr keeps of a run of these."""
    kept = io.BytesIO()
    result = testtools.ExtendedToStreamDecorator(
        subunit.StreamResultToBytes(kept))
    result.startTestRun()
    unittest.TestSuite(tests).run(result)
    result.stopTestRun()
    return kept.getvalue()



class TestOutcome(base.TestCase):

    def test_what_ran_is_told_from_what_was_skipped(self) -> None:
        found = outcome.read(record(Sample('runs'), Sample('skips'),
                                    Sample('fails')))
        self.assertEqual([
            (f'{__name__}.Sample.runs', 'success', ''),
            (f'{__name__}.Sample.skips', 'skip', 'no Nova'),
            (f'{__name__}.Sample.fails', 'fail', '')],
            [(test.name, test.status, test.reason) for test in found])

    def test_a_class_that_is_skipped_counts_as_one(self) -> None:
        [test] = outcome.read(record(Lazy('runs')))
        self.assertIn('Lazy', test.name)
        self.assertEqual(('skip', 'no Neutron'), (test.status, test.reason))
        self.assertEqual(2, len(outcome.complaints(
            [test], [], [r'Lazy\.runs'])))


class TestComplaints(base.TestCase):

    TESTS = (outcome.Test('a.A.test_one[id-1]', 'success'),
             outcome.Test('a.A.test_two[id-2]', 'skip', 'why not'))

    def complain(self, expected: list[str], required: list[str]) -> list[str]:
        return outcome.complaints(self.TESTS, expected, required)

    def test_a_run_as_it_should_be_has_none(self) -> None:
        self.assertEqual([], self.complain([r'\.test_two\b'],
                                           [r'\.test_one\b']))

    def test_a_required_test_has_to_pass(self) -> None:
        for name in ('test_two', 'test_three'):
            [complaint] = self.complain([r'\.test_two\b'], [name])
            self.assertEqual(f'no test passed that is called {name}',
                             complaint)

    def test_a_skip_has_to_be_foreseen(self) -> None:
        [complaint] = self.complain([], [])
        self.assertIn('a.A.test_two[id-2]: why not', complaint)

    def test_what_is_foreseen_has_to_happen(self) -> None:
        [complaint] = self.complain([r'\.test_two\b', r'\.test_one\b'], [])
        self.assertIn(r'not skipped: \.test_one', complaint)

    def test_the_files_hold_expressions_and_reasons(self) -> None:
        self.assertIn(r'^tempest\.api\.volume\.test_image_metadata',
                      outcome.patterns(run.EXCLUDED))
        self.assertEqual([], [one for one in outcome.patterns(
            run.EXCLUDED) + outcome.patterns(outcome.SKIPPED) if '#' in one])


class TestReport(base.TestCase):

    def report(self, *, whole: bool) -> tuple[int, str]:
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(
                told):
            code = run.report(TestComplaints.TESTS, whole=whole)
        return code, told.getvalue()

    def test_skips_are_told_with_their_reasons(self) -> None:
        code, told = self.report(whole=False)
        self.assertEqual((0, ['1 of 2 skipped:',
                              '  a.A.test_two[id-2]: why not']),
                         (code, told.splitlines()))

    def test_the_whole_run_fails_without_the_upload(self) -> None:
        code, told = self.report(whole=True)
        self.assertEqual(1, code)
        self.assertIn(r'called \.VolumesActionsTest\.test_volume_upload',
                      told)
