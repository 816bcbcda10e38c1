# SPDX-License-Identifier: Apache-2.0
"""bench/upload judges itself by right numbers, and shows them."""

import contextlib
import dataclasses
import io
import json
import os
from pathlib import Path
from xml.etree import ElementTree

import fixtures
import testtools

from bench import command
from bench import upload
from bench import upload_chart
from bench import upload_figures
from bench import upload_report
from bench import upload_volumes
from bench import upload_ways

_GIB = 2 ** 30
_SVG = '{http://www.w3.org/2000/svg}'


def volume(kind: str = 'real') -> upload_volumes.Volume:
    return upload_volumes.Volume(kind, 'an-id', Path('nowhere'), 4 * _GIB,
                                 _GIB)


def outcome(seconds: float, **fields: object) -> upload_ways.Outcome:
    made = upload_ways.Outcome(seconds, 10 ** 9, {'ours': 1.0, 'glance': 2.0},
                               {'ours': 50 * 2 ** 20}, grown=8 * 2 ** 20)
    return dataclasses.replace(made, **fields)


def figures(*measured: tuple[str, str, float],
            kind: str = 'real') -> upload_figures.Figures:
    """Of one volume; each is a case, a way, and its seconds."""
    result = upload_figures.Figures()
    for case, way, seconds in measured:
        result.add(volume(kind), upload_ways.CASES[case], way,
                   outcome(seconds))
    return result


def some() -> upload_figures.Figures:
    return figures(('qcow2', 'ours', 8), ('qcow2', 'cinder', 20),
                   ('qcow2', 'convert', 2), ('qcow2', 'ceiling', 10))


class TestFigures(testtools.TestCase):

    def test_a_ratio_is_that_of_two_medians(self) -> None:
        found = figures(*(('qcow2', 'ours', seconds) for seconds in (1, 3, 9)),
                        *(('qcow2', 'cinder', seconds)
                          for seconds in (4, 6, 50)))
        group, = found.outcomes
        self.assertEqual(0.5, found.ratio(group, 'qcow2', 'ours', 'cinder'))
        self.assertEqual(3, found.rounds)

    def test_every_field_has_a_median_of_its_own(self) -> None:
        middle = upload_figures.median([
            outcome(1, scratch=7), outcome(2, scratch=5),
            outcome(3, scratch=6)])
        self.assertEqual((2, 6), (middle.seconds, middle.scratch))
        self.assertEqual({'ours': 1.0, 'glance': 2.0}, middle.cpu)

    def test_the_raw_put_counts_for_every_format(self) -> None:
        found = figures(('qcow2', 'ceiling', 10), ('vdi', 'ours', 11))
        group, = found.outcomes
        self.assertEqual(1.1, found.ratio(group, 'vdi', 'ours', 'ceiling'))
        self.assertEqual(['vdi'], found.cases(group))


class TestTargets(testtools.TestCase):

    def verdicts(self, found: upload_figures.Figures) -> dict[str, bool]:
        return {each.what: each.met for each in found.targets()}

    def test_only_what_was_measured_has_a_target(self) -> None:
        self.assertEqual(
            {'qcow2 / cinder': True, 'qcow2 / ceiling': True,
             'bytes written to disks, most': True,
             'more resident memory, MiB, most': True}, self.verdicts(some()))

    def test_a_ratio_above_its_limit_is_missed(self) -> None:
        found = figures(('vmdk', 'ours', 8.1), ('vmdk', 'cinder', 20),
                        ('vmdk', 'streamOptimized', 102))
        verdicts = self.verdicts(found)
        self.assertFalse(verdicts['vmdk / cinder'])
        self.assertTrue(verdicts['vmdk / streamOptimized'])

    def test_random_data_is_held_against_the_plain_upload(self) -> None:
        found = figures(('qcow2', 'ours', 10), ('vmdk', 'ours', 10.5),
                        ('qcow2-compressed', 'ours', 10.6), kind='random')
        verdicts = self.verdicts(found)
        self.assertTrue(verdicts['random vmdk / plain'])
        self.assertFalse(verdicts['random qcow2-compressed / plain'])

    def test_one_upload_that_writes_to_a_disk_is_enough(self) -> None:
        found = some()
        found.add(volume(), upload_ways.CASES['qcow2'], 'ours',
                  outcome(8, written=512, grown=65 * 2 ** 20))
        verdicts = self.verdicts(found)
        self.assertFalse(verdicts['bytes written to disks, most'])
        self.assertFalse(verdicts['more resident memory, MiB, most'])

    def test_a_missed_target_is_the_exit_code(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            self.assertEqual(0, upload_report.show_targets(some()))
            self.assertEqual(1, upload_report.show_targets(figures(
                ('qcow2', 'ours', 9), ('qcow2', 'cinder', 10))))
        self.assertIn('MISSED', shown.getvalue())


class TestReport(testtools.TestCase):

    def test_the_json_holds_each_upload(self) -> None:
        told = json.loads(upload_report.json_text(some()))
        uploads = {each['way']: each for each in told['volumes'][0]['uploads']}
        self.assertEqual(8, uploads['ours']['median']['seconds'])
        self.assertEqual(1, len(uploads['cinder']['each']))

    def test_the_tables_of_the_documentation_have_ratios(self) -> None:
        text = upload_report.rst(some())
        row = next(line for line in text.splitlines()
                   if line.startswith('qcow2') and 'volupload' in line)
        self.assertIn('0.400', row)   # of Cinder's
        self.assertIn('0.800', row)   # of the raw PUT

    def test_the_rows_of_a_table_are_as_long_as_its_rulers(self) -> None:
        table = upload_report._rst_table(['a', 'b'], [['long', ''], [1, 2.0]])
        self.assertEqual(['==== ====', 'a    b', '==== ====', 'long \\',
                          '1    2.00', '==== ===='], table)


class TestChart(testtools.TestCase):

    def test_it_is_a_picture_that_can_be_read_aloud(self) -> None:
        root = ElementTree.fromstring(upload_chart.svg(some()))
        self.assertEqual('title desc', root.get('aria-labelledby'))
        aloud = root.find(f'{_SVG}desc')
        assert aloud is not None and aloud.text
        self.assertIn("qcow2: volupload 8.0, Cinder's way 20.0", aloud.text)

    def test_the_longest_bar_ends_before_its_number(self) -> None:
        root = ElementTree.fromstring(upload_chart.svg(some()))
        width = float(root.get('width', 0))
        for box in root.iter(f'{_SVG}rect'):
            end = float(box.get('x', 0)) + float(box.get('width', 0))
            self.assertLessEqual(end, width)
        numbers = [text for text in root.iter(f'{_SVG}text')
                   if text.text == '20.0']
        self.assertLess(float(numbers[0].get('x', 0)) + 30, width)

    def test_it_needs_a_volume_of_files(self) -> None:
        self.assertRaises(SystemExit, upload_chart.svg,
                          upload_figures.Figures())


class TestRounds(testtools.TestCase):

    def test_all_rounds_are_run_while_there_is_time(self) -> None:
        self.assertEqual([0, 1, 2], list(upload._rounds(3, 60)))

    def test_no_round_begins_that_would_end_too_late(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            self.assertEqual([0], list(upload._rounds(3, 0)))
        self.assertIn('after 1 rounds', shown.getvalue())


class TestVolumes(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.useFixture(fixtures.TempDir()).path)

    def test_a_random_one_is_an_eighth_and_all_data(self) -> None:
        made = upload_volumes.make('random', 2 ** 23, self.directory)
        self.assertEqual((2 ** 20, 2 ** 20), (made.size, made.data))

    def test_an_empty_one_has_its_size_and_no_data(self) -> None:
        made = upload_volumes.make('empty', 2 ** 23, self.directory)
        self.assertEqual((2 ** 23, 0), (made.size, made.data))

    def test_what_lies_between_holes_is_found(self) -> None:
        path = self.directory / 'a-volume'
        with path.open('wb') as file:
            file.truncate(2 ** 24)
            os.pwrite(file.fileno(), bytes(2 ** 20), 2 ** 22)
        self.assertEqual([(2 ** 22, 2 ** 20)],
                         list(upload_volumes.data_extents(path)))


class TestCommand(testtools.TestCase):

    def test_memory_and_cpu_of_a_program_are_its_own(self) -> None:
        spent = command.run(
            ['python3', '-c', 'import time; kept = b"x" * 2 ** 26\n'
             'while time.process_time() < 0.3: pass'], 30)
        self.assertGreater(spent.peak, 2 ** 26)
        self.assertGreaterEqual(spent.cpu, 0.3)
        self.assertGreaterEqual(spent.seconds, spent.cpu * 0.5)

    def test_a_program_that_fails_ends_the_bench(self) -> None:
        self.assertRaises(SystemExit, command.run, ['false'], 30)

    def test_a_program_that_hangs_is_ended(self) -> None:
        self.assertRaises(SystemExit, command.run, ['sleep', '60'], 0.1)
