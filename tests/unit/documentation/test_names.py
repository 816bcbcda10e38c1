# SPDX-License-Identifier: Apache-2.0
"""What a page names is there: files of the checkout, options, programs."""

from collections.abc import Iterator
import configparser
import pathlib
import re
import tempfile

from oslo_config import cfg
from oslo_config import generator

from tests import base
from tests.fixtures import pages
from volupload.conf import backends

ROOT = pages.ROOT
# Where a path may begin that does not begin at the top.
BELOW = ('', 'volupload', 'tests', 'etc/volupload')
# Where a name alone may be.
TREES = ('bench', 'devstack', 'doc', 'etc', 'tests', 'tools', 'volupload')
# What somebody else has, or has made at the time.
OF_OTHERS = re.compile(
    r'/.*|~.*|.*[$<{].*|.*\.sample|local\.conf|policy\.(yaml|d)'
    r'|volupload\.conf|volume\.vmdk|(un)?stack\.sh|clean\.sh')
# Sections that libraries fill when they are used, and those of others.
LATE = {'keystone_authtoken', 'glance'}
GLANCES = {'image_format'}
# Files that a page has its reader write and a program of ours read.
OURS = re.compile(r'\b(volupload|noauth)\.conf$')


def literals(page: str) -> Iterator[str]:
    for found in re.findall(r'``(.+?)``', pages.text(page), re.S):
        yield ' '.join(found.split())


class TestFiles(base.TestCase):

    def test_every_file_that_is_named_is_there(self) -> None:
        missing = [(page, name) for page in pages.all_pages()
                   for name in literals(page) if self.is_file(name)
                   and not self.is_there(name)]
        self.assertEqual([], missing)

    def is_there(self, name: str) -> bool:
        return any((ROOT / below / name).exists() for below in BELOW) or any(
            next((ROOT / tree).rglob(name), None) for tree in TREES)

    def is_file(self, name: str) -> bool:
        """Whether it looks like one of ours."""
        if ' ' in name or OF_OTHERS.fullmatch(name):
            return False
        top, slash, _ = name.removeprefix('./').partition('/')
        return (bool(slash) and (ROOT / top).is_dir()) or bool(
            re.fullmatch(r'[\w./-]+\.(py|rst|ini|yaml|json|txt|conf|sh)',
                         name))


class TestOptions(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.known = known_options()

    def is_known(self, section: str, option: str) -> bool:
        if section not in self.known:   # of a backend, called anyhow
            return option in {one.dest for one in backends.backend_opts}
        return option in self.known[section] or section in LATE and bool(
            re.match(r'(auth|user|project|password|region|system)', option))

    def test_every_option_that_is_named_is_there(self) -> None:
        named = [(page, *found.groups()) for page in pages.all_pages()
                 for text in literals(page)
                 if (found := re.match(r'\[(\w+)\] (\w+)', text))
                 and found[1] not in GLANCES]
        self.assertNotEqual([], named)
        self.assertEqual([], [one for one in named
                              if not self.is_known(*one[1:])])

    def test_every_option_that_is_shown_is_there(self) -> None:
        shown = [(page, section, option) for page in pages.all_pages()
                 for text in ini(page)
                 for section, option in options_of(text)]
        self.assertNotEqual([], shown)
        self.assertEqual([], [one for one in shown
                              if not self.is_known(*one[1:])])


def ini(page: str) -> Iterator[str]:
    """The samples of volupload.conf; others have no sections of ours."""
    for sample in pages.samples(page, 'ini'):
        yield sample.text
    for step in pages.steps(page):
        if isinstance(step, pages.File) and OURS.search(step.path):
            yield step.text


def options_of(text: str) -> Iterator[tuple[str, str]]:
    if not text.startswith('[') or text.startswith('[['):
        return   # a piece of somebody else's file, or of local.conf
    parser = configparser.RawConfigParser(default_section='',
                                          strict=False)
    parser.read_string(text)
    for section in parser.sections():
        yield from ((section, option) for option in parser[section])


def known_options() -> dict[str, set[str]]:
    """As the sample file has them: those of the libraries, too."""
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    with tempfile.TemporaryDirectory() as directory:
        sample = pathlib.Path(directory, 'sample')
        conf(['--config-file',
              str(ROOT / 'etc/volupload/config-generator.conf'),
              '--output-file', str(sample)])
        generator.generate(conf)
        found: dict[str, set[str]] = {}
        section = ''
        for line in sample.read_text().splitlines():
            if match := re.fullmatch(r'\[(\w+)\]', line):
                section = match[1]
                found[section] = set()
            elif match := re.match(r'#(\w+) =', line):
                found[section].add(match[1])
        return found
