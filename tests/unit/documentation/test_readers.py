# SPDX-License-Identifier: Apache-2.0
"""Every command of every page is run by somebody, or is known to be none.

What is not run is held to something all the same: to the parser of the
benchmark, to the environments of tox.ini, to the tests that are there.
"""

import ast
from collections.abc import Iterator
import configparser
import importlib
import pathlib
import re
import shlex

from tests import base
from tests.fixtures import pages
from tests.fixtures import readers
from tools import run_demo
from tools import run_tests

# Under these names a block would hide its commands from `pages`.
HIDDEN = {'', '::', 'bash', 'none', 'shell', 'doscon', 'default'}


def file_of(module: str) -> pathlib.Path:
    return pages.ROOT.joinpath(*module.split('.')).with_suffix('.py')


def classes(module: str) -> dict[str, ast.ClassDef]:
    tree = ast.parse(file_of(module).read_text())
    return {node.name: node for node in tree.body
            if isinstance(node, ast.ClassDef)}


def pages_of(module: str, name: str) -> Iterator[str]:
    """The pages that a test names, its module, or a module that this uses."""
    for node in ast.walk(classes(module)[name]):
        if isinstance(node, ast.Constant) and node.value in pages.all_pages():
            yield node.value
    text = file_of(module).read_text()
    for package, used in re.findall(r'^from (tests\.\w+) import (\w+)$', text,
                                    re.M):
        text += file_of(f'{package}.{used}').read_text()
    yield from re.findall(r"^\w*PAGE = '(.+)'$", text, re.M)


class TestTable(base.TestCase):

    def test_every_command_is_run_by_somebody(self) -> None:
        self.assertEqual([], readers.unread(readers.RUN_BY))

    def test_a_command_that_is_new_is_noticed(self) -> None:
        run_by = dict(readers.RUN_BY)
        del run_by['doc/source/admin/recovery']
        [first, *_] = readers.unread(run_by)
        self.assertTrue(first.startswith('doc/source/admin/recovery.rst:'))
        self.assertIn('mariadb-dump', first)

    def test_every_page_of_the_table_has_commands(self) -> None:
        self.assertEqual([], [
            page for page in readers.RUN_BY
            if all(map(readers.reason, pages.commands(page)))])

    def test_every_test_of_the_table_reads_its_page(self) -> None:
        for page, test in readers.RUN_BY.items():
            module, _, name = test.rpartition('.')
            self.assertIn(name, classes(module), module)
            self.assertIn(page, list(pages_of(module, name)), test)

    def test_no_command_is_hidden_in_another_kind_of_block(self) -> None:
        for page in pages.all_pages():
            self.assertEqual(set(), pages.languages(page) & HIDDEN, page)
            for sample in pages.samples(page, 'text'):
                self.assertNotRegex(sample.text, r'(?m)^[$#] \w', page)

    def test_every_reason_is_for_some_command(self) -> None:
        self.assertEqual(set(readers.NOT_RUN),
                         {pattern for _, pattern in readers.not_run()})


class TestWhatIsNotRun(base.TestCase):
    """Each of these commands would be understood."""

    def words(self, start: str) -> list[list[str]]:
        found = [shlex.split(command.text, comments=True)
                 for command, _ in readers.not_run()]
        chosen = [words for words in found if words[0].endswith(start)]
        self.assertNotEqual([], chosen)
        return chosen

    def test_tox_has_the_environments(self) -> None:
        tox = configparser.ConfigParser(interpolation=None)
        tox.read(pages.ROOT / 'tox.ini')
        named = {words[-1] for words in self.words('tox') if words[1:]}
        for page in pages.all_pages():
            named |= set(re.findall(r'``tox -e (\w+)``', pages.text(page)))
        self.assertEqual(set(), {
            f'testenv:{name}' for name in named - {'py3'}} - set(tox))

    def test_tools_test_has_the_steps(self) -> None:
        for words in self.words('tools/test'):
            self.assertLessEqual(set(words[1:]), set(run_tests.STEPS))
        for page in pages.all_pages():
            for steps in re.findall(r'``\./tools/test ([\w ]+)``',
                                    pages.text(page)):
                self.assertLessEqual(set(steps.split()),
                                     set(run_tests.STEPS))

    def test_the_demo_takes_its_options(self) -> None:
        for words in self.words('tools/demo'):
            run_demo.parse(words[1:])

    def test_pip_is_given_files_and_extras_that_are_there(self) -> None:
        for words in self.words('pip'):
            for flag, name in zip(words, words[1:], strict=False):
                if flag == '-r':
                    self.assertTrue((pages.ROOT / name).exists(), name)

    def test_benchmarks_take_their_options(self) -> None:
        # To shlex a backslash at the end of a line is an escaped line break.
        benches = [shlex.split(command.text.replace('\\\n', ''))
                   for command, _ in readers.not_run()
                   if 'bench/' in command.text.split()[0]]
        self.assertEqual({'api', 'chaos', 'listing', 'manager', 'queue',
                          'upload'},
                         {pathlib.Path(words[0]).name for words in benches})
        for program, *arguments in benches:
            name = pathlib.Path(program).name
            self.assertTrue((pages.ROOT / 'bench' / name).exists())
            importlib.import_module(f'bench.{name}').make_parser().parse_args(
                arguments)

    def test_the_tests_that_are_named_are_there(self) -> None:
        for words in self.words('stestr') + self.words('python'):
            root, *_ = [*(word for word in words if word.startswith('./')),
                        'tests/unit']
            known = ids_of_tests(pages.ROOT / root)
            if words[-1] != 'run':
                self.assertTrue(any(re.search(words[-1], name)
                                    for name in known), words)


def ids_of_tests(directory: pathlib.Path) -> Iterator[str]:
    """As stestr has them, with a scenario as interop has it."""
    for path in sorted(directory.rglob('test_*.py')):
        module = '.'.join(path.relative_to(pages.ROOT).with_suffix('').parts)
        for name in classes(module):
            yield f'{module}.{name}.test_it(file,ext4,vmdk'
