# SPDX-License-Identifier: Apache-2.0
"""Those who read the pages see what is wrong with them."""

from collections.abc import Sequence
import pathlib

import fixtures

from tests import base
from tests.fixtures import reader
from tests.fixtures import shapes
from tests.fixtures import shell

TABLE = '''\
+--------+------------+
| Field  | Value      |
+--------+------------+
| size   | 1073741824 |
+--------+------------+
'''


class TestText(base.TestCase):

    def test_ids_numbers_times_and_widths_may_be_others(self) -> None:
        for shown, real in (
                (TABLE, TABLE.replace('-', '--').replace('1073741824', '1')),
                ('Upload 2f6b… is failed.',
                 'Upload 6c1e9d04-b7a3-4258-9c1e-6c1e9d04b7a3 is failed.'),
                ('up  2026-11-24 03:20:11', 'up 2027-01-01 00:00:00'),
                ('http://192.0.2.10:8776/v3/88b6…', 'http://x:1/v3/abc')):
            self.assertIsNone(shapes.text_differs(shown, real))

    def test_words_and_lines_may_not(self) -> None:
        for shown, real in (
                (TABLE, TABLE.replace('size', 'bytes')),
                (TABLE, f'{TABLE}| more | 1 |'), (f'{TABLE}more', TABLE),
                ('is failed', 'is running'), ('3 images', 'no images')):
            self.assertIsNotNone(shapes.text_differs(shown, real))


class TestJson(base.TestCase):

    def test_values_and_what_is_null_may_be_others(self) -> None:
        shown = {'a': [{'b': 1, 'c': None}], 'd': 'x', 'e': 1}
        for real in ({'a': [{'b': 2, 'c': 's'}], 'd': 'y', 'e': 0.5},
                     {'a': [{'b': None, 'c': 1}] * 2, 'd': None, 'e': 1}):
            self.assertIsNone(shapes.json_differs(shown, real))

    def test_keys_kinds_and_empty_lists_may_not(self) -> None:
        shown = {'a': [{'b': 1}], 'c': 'x'}
        for real, where in (({'a': [{'b': 1}]}, '$:'),
                            ({'a': [{'b': '1'}], 'c': 'x'}, '$.a[].b:'),
                            ({'a': [], 'c': 'x'}, '$.a:'),
                            ({'a': [{'b': True}], 'c': 'x'}, '$.a[].b:'),
                            ([], '$:')):
            told = shapes.json_differs(shown, real)
            self.assertTrue(told and told.startswith(where), told)


class TestShell(base.TestCase):

    def shell(self, **given: float) -> shell.Shell:
        return self.useFixture(shell.Shell(
            pathlib.Path(self.state_path), {'PATH': '/usr/bin:/bin'},
            **given))

    def test_what_one_command_sets_the_next_one_has(self) -> None:
        one = self.shell()
        one.run('A=1; cd /')
        self.assertEqual(shell.Said('1 /\n', 'x\n'),
                         one.run('echo $A $PWD; echo x >&2'))

    def test_what_fails_or_does_not_end_is_told(self) -> None:
        for command in ('false; true', 'echo $NOTHING', 'kill $$'):
            self.assertRaises(shell.CommandFailed, self.shell().run, command)
        self.assertRaises(shell.CommandFailed, self.shell(timeout=0.2).run,
                          'sleep 60')


class TestReader(base.TestCase):

    def page(self, *lines: str) -> str:
        """The name of a page with these lines in it."""
        root = pathlib.Path(self.state_path)
        (root / 'page.rst').write_text('\n'.join(lines))
        self.useFixture(fixtures.MonkeyPatch('tests.fixtures.pages.ROOT',
                                             root))
        return 'page'

    def read(self, *lines: str, **given: object) -> Sequence[reader.Done]:
        made = reader.Reader(self.page(*lines), **given)
        self.useFixture(made).read()
        return made.all

    def test_files_are_written_and_commands_are_typed(self) -> None:
        done = self.read(
            '.. code-block:: ini', '   :caption: there/a.conf', '', '   [a]',
            '.. code-block:: console', '', '   $ cat there/a.conf \\',
            '   >    --', '   [a]', '   # echo $B', '   me',
            '.. code-block:: sh', '', "   echo '{\"x\": 2}'",
            '.. code-block:: json', '', '   {"x": 1}', 'text',
            environ={'B': 'me'})
        self.assertEqual(['[a]\n', 'me\n', '{"x": 2}\n'],
                         [one.output for one in done])
        self.assertEqual([False, True, False],
                         [one.command.as_root for one in done])

    def test_what_is_not_as_the_page_says_is_told(self) -> None:
        for wrong, lines in (
                ('page.rst:3: false', ('   $ false',)),
                ("shows 'one'", ('   $ echo two', '   one')),
                ('$: only one', ("   $ echo '{\"a\": 1}'",
                                 '.. code-block:: json', '', '   {}'))):
            error = self.assertRaises(
                AssertionError, self.read, '.. code-block:: console', '',
                *lines)
            self.assertIn(wrong, str(error))

    def test_a_place_that_the_page_does_not_have_is_told(self) -> None:
        error = self.assertRaises(
            AssertionError, self.read, '.. code-block:: console', '',
            '   $ echo /etc/a', places={'/etc/a': 'a', '/srv': 'b'})
        self.assertIn("{'/srv'}", str(error))
