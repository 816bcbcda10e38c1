# SPDX-License-Identifier: Apache-2.0
"""The pages of the programs name what the programs take, and all of it."""

import argparse
from collections.abc import Iterator
import functools
import re
import subprocess
import sys

import testscenarios

from tests import base
from tests.fixtures import pages
from tests.fixtures import shapes
from tests.unit import test_entry_points
from tests.unit.osc import test_progress
from volupload.cmd import manage
from volupload.osc import commands
from volupload.transfer import __main__ as transfer

CLI = 'doc/source/cli'
WITH_COMMANDS = ('volupload-manage', 'volupload-status')


@functools.cache
def helps() -> dict[str, str]:
    """What --help prints, by program; each takes two seconds."""
    running = {name: subprocess.Popen(
        [sys.executable, '-c', 'import sys; '
         f'sys.argv[:] = [{name!r}, "--help"]; '
         f'from {target.split(":")[0]} import main; main()'],
        cwd=pages.ROOT, text=True, stdout=subprocess.PIPE)
        for name, target in test_entry_points.project()['scripts'].items()}
    return {name: one.communicate()[0] for name, one in running.items()}


def options_in(text: str) -> set[str]:
    return set(re.findall(r'(?<![\w-])--[a-z][\w-]*', text))


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Long ones; of the positional, what they are called in a synopsis."""
    return {name for action in parser._actions
            for name in action.option_strings or [
                str(action.metavar or action.dest.upper())]
            if name.startswith('--') or not name.startswith('-')} - {'--help'}


def synopsis(page: str, start: str) -> str:
    """The one command line on the page that begins like this."""
    lines = '\n'.join(sample.text for sample in pages.samples(page, 'text'))
    [found] = re.findall(rf'^{re.escape(start)}(?![\w-]).*(?:\n +.*)*', lines,
                         re.M)
    return found


def named(text: str) -> set[str]:
    """Options and positional arguments of a synopsis."""
    bare = re.sub(r'\[?(?<!\w)--?[a-z][\w-]*[ =]?(\[=?[A-Z]+\]|[A-Z]+|<[^>]+>'
                  r'(\[:<\w+>\])?)?\]?|-o FILE', '', text)
    return options_in(text) | set(re.findall(r'<[\w-]+>|\b[A-Z]{2,}\b', bare))


class TestManage(base.TestCase):

    page = f'{CLI}/volupload-manage'

    def parsers(self) -> Iterator[tuple[str, argparse.ArgumentParser]]:
        parser = argparse.ArgumentParser()
        manage.add_commands(parser.add_subparsers(dest='name'))
        for noun, verbs in parser._actions[-1].choices.items():
            for verb, found in verbs._actions[-1].choices.items():
                yield f'{noun} {verb}', found

    def test_each_command_takes_what_the_page_says(self) -> None:
        for name, parser in self.parsers():
            line = synopsis(self.page, f'volupload-manage {name}')
            self.assertEqual(options_of(parser), named(line), name)
            for action in parser._actions:
                for option in action.option_strings:
                    self.assertEqual(action.required,
                                     f' {option} ' in f'{line} ', line)

    def test_each_command_is_told_of(self) -> None:
        names = {name for name, _ in self.parsers()}
        text = pages.text(self.page)
        self.assertEqual(names, set(re.findall(r'^``(.+)``$', text, re.M)))
        for page in pages.all_pages():
            self.assertLessEqual(set(re.findall(
                r'``volupload-manage (\w+ \w+)', pages.text(page))), names)


class TestPrograms(base.TestCase):

    def own(self, name: str) -> set[str]:
        others = [options_in(text) for other, text in helps().items()
                  if other != name]
        return options_in(helps()[name]) - set.intersection(*others)

    def test_every_program_explains_itself(self) -> None:
        for name, text in helps().items():
            self.assertIn(f'usage: {name}', text)
            self.assertIn('--config-file', text)

    def test_own_options_are_on_the_page_of_the_program(self) -> None:
        for name in helps():
            told = set[str]()
            for sample in pages.samples(f'{CLI}/{name}', 'text'):
                told |= options_in(sample.text)
            if name not in WITH_COMMANDS:   # whose options these are
                self.assertEqual(self.own(name), told, name)

    def test_options_of_all_are_on_the_first_page(self) -> None:
        common = set.intersection(*map(options_in, helps().values()))
        told = options_in(pages.text(f'{CLI}/index'))
        self.assertEqual(set(), told - common)
        self.assertLessEqual({'--config-file', '--config-dir', '--debug',
                              '--version', '--help'}, told)


class TestTransfer(base.TestCase):

    page = f'{CLI}/volupload-transfer'

    def test_it_takes_what_the_page_says(self) -> None:
        line = synopsis(self.page, transfer.PROGRAM)
        taken = options_of(transfer.make_parser())
        # The short one is in the synopsis, the long one below.
        self.assertEqual(taken - {'--output'}, named(line))
        self.assertEqual(taken - {'SOURCE'},
                         options_in(pages.text(self.page)))


class TestOpenstack(testscenarios.WithScenarios, base.TestCase):

    page = f'{CLI}/openstack-volume-upload'
    scenarios = [(name, {'name': name, 'kind': kind}) for name, kind in (
        ('create', commands.CreateUpload), ('list', commands.ListUploads),
        ('show', commands.ShowUpload), ('cancel', commands.CancelUpload))]

    def test_it_takes_what_the_page_says(self) -> None:
        line = synopsis(self.page, f'openstack volume upload {self.name}')
        command = self.kind(None, None)
        taken, of_all = (options_of(get_parser('openstack')) for get_parser in
                         (command.get_parser,
                          super(self.kind, command).get_parser))
        self.assertEqual(taken - of_all, named(line))


class TestBar(base.TestCase):

    def test_the_bar_is_as_the_page_shows_it(self) -> None:
        [shown] = [sample.text for sample in pages.samples(
            f'{CLI}/openstack-volume-upload', 'text') if '#' in sample.text]
        told = test_progress.watch(
            test_progress.Terminal(),
            test_progress.upload(bytes_sent=0),
            test_progress.upload(bytes_sent=42 * test_progress.GIB // 25,
                                 rate=310 * 2 ** 20),
            test_progress.upload('succeeded'))
        real = [line.rstrip() for line in told.split('\r') if 'left' in line]
        self.assertIsNone(shapes.text_differs(shown, '\n'.join(real)), real)
