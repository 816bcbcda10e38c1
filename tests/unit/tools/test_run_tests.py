# SPDX-License-Identifier: Apache-2.0
"""./tools/test counts what stestr says, and believes no empty run."""

import contextlib
import io

import testtools

from tools import run_tests

_TOTALS = b'''\
Ran: 9 tests in 1.0 sec.
 - Passed: 5
 - Skipped: 1
 - Expected Fail: 0
 - Unexpected Success: 1
 - Failed: 2
'''


class TestOutcome(testtools.TestCase):
    def test_totals_of_stestr_are_counted(self) -> None:
        outcome = run_tests.Outcome('unit')
        for line in _TOTALS.splitlines():
            outcome.count(line)
        self.assertEqual((5, 3, 1), (outcome.passed, outcome.failed,
                                     outcome.skipped))

    def test_other_lines_count_nothing(self) -> None:
        outcome = run_tests.Outcome('unit')
        outcome.count(b'{0} tests.unit.test_x.test_y [0.1s] ... FAILED')
        self.assertEqual(0, outcome.failed)


class TestReport(testtools.TestCase):
    def _report(self, *outcomes: run_tests.Outcome) -> tuple[int, str]:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            code = run_tests._report(list(outcomes))
        return code, output.getvalue().splitlines()[-1]

    def test_the_last_line_sums_all_steps(self) -> None:
        self.assertEqual((0, '7 passed, 0 failed'), self._report(
            run_tests.Outcome('unit', passed=3),
            run_tests.Outcome('functional', passed=4)))

    def test_a_failed_test_fails_the_run(self) -> None:
        self.assertEqual((1, '3 passed, 1 failed'), self._report(
            run_tests.Outcome('unit', passed=3, failed=1)))

    def test_a_failed_check_fails_the_run(self) -> None:
        self.assertEqual((1, '3 passed, 0 failed'), self._report(
            run_tests.Outcome('pep8', ok=False),
            run_tests.Outcome('unit', passed=3)))


class TestSteps(testtools.TestCase):
    def test_every_step_has_its_commands_in_tox_ini(self) -> None:
        for section in run_tests.STEPS.values():
            self.assertTrue(run_tests._commands(section))

    def test_what_runs_beside_a_step_begins_with_it(self) -> None:
        begun = []

        class Beside(contextlib.nullcontext):
            def __init__(self, name: str) -> None:
                begun.append(name)
                super().__init__(self)

            def outcome(self) -> run_tests.Outcome:
                return run_tests.Outcome('beside')

        self.patch(run_tests, '_Beside', Beside)
        self.patch(run_tests, '_run_step', lambda name: begun.append(name)
                   or run_tests.Outcome(name))
        for names, expected in (
                (['unit', 'interop', 'docs', 'guide'],
                 ['unit', 'guide', 'interop', 'docs']),
                (['unit', 'guide'], ['unit', 'guide'])):
            begun.clear()
            outcomes = run_tests._run_steps(names)
            self.assertEqual(expected, begun)
            self.assertEqual(len(names), len(outcomes))

    def test_a_command_has_no_place_for_arguments_left(self) -> None:
        words = {word for section in run_tests.STEPS.values()
                 for command in run_tests._commands(section)
                 for word in command}
        self.assertEqual([], [word for word in words if '{' in word])
