# SPDX-License-Identifier: Apache-2.0
"""What the built package needs to hold and to ask for."""

import ast
from collections.abc import Iterable
from importlib import metadata
import pathlib
import re
import subprocess
import sys
import tomllib

from tests import base

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / 'volupload'
OSC = PACKAGE / 'osc'
LICENCE_LINE = '# SPDX-License-Identifier: Apache-2.0'

# Required, and imported by no line of ours.
LOADED_BY_NAME = {
    'pbr': 'the build, and the version at run time',
    'pymysql': 'the driver in a database URL of MariaDB',
    'python-memcached': 'keystonemiddleware, for memcached_servers',
}


def required() -> set[str]:
    lines = (ROOT / 'requirements.txt').read_text().splitlines()
    return {normal(re.split(r'[\[><=~! #]', line)[0])
            for line in lines if line and not line.startswith('#')}


def normal(distribution: str) -> str:
    return re.sub(r'[-_.]+', '-', distribution).lower()


def imported_by(paths: Iterable[pathlib.Path]) -> set[str]:
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or '')
    return {name.split('.')[0] for name in found}


def imported_packages() -> set[str]:
    """Without the commands of the client, which are an extra."""
    found = imported_by(set(PACKAGE.rglob('*.py')) - set(OSC.rglob('*.py')))
    paste = (ROOT / 'etc' / 'volupload' / 'api-paste.ini').read_text()
    found |= set(re.findall(r'^paste\.\w+_factory *= *([\w.]+):', paste, re.M))
    return {name.split('.')[0] for name in found}


def used(names: set[str]) -> set[str]:
    """Distributions that these packages come from, without our own."""
    known = metadata.packages_distributions()
    outside = names - sys.stdlib_module_names - {'volupload'}
    return {normal(distribution) for name in outside
            for distribution in known.get(name, [name])}


def tracked() -> list[pathlib.Path]:
    """Every file of ours; all files in a tree that is no git checkout."""
    done = subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
        cwd=ROOT, text=True, capture_output=True)
    if done.returncode:
        return [path for path in ROOT.rglob('*') if path.is_file()]
    return [ROOT / line for line in done.stdout.splitlines()
            if (ROOT / line).is_file()]


class TestRequirements(base.TestCase):

    def test_every_import_is_required(self) -> None:
        self.assertEqual(set(), used(imported_packages()) - required())

    def test_every_requirement_is_used(self) -> None:
        self.assertEqual(set(LOADED_BY_NAME),
                         required() - used(imported_packages()))

    def test_the_extra_for_the_client_is_what_its_commands_import(
            self) -> None:
        text = (ROOT / 'pyproject.toml').read_text()
        extra = tomllib.loads(text)['project']['optional-dependencies']['osc']
        self.assertEqual(
            {normal(re.split('[><=]', one)[0]) for one in extra},
            used(imported_by(OSC.rglob('*.py')))
            | {'python-openstackclient'})   # which finds them by name

    def test_markers_are_such_as_pbr_can_read(self) -> None:
        """It glues lines together and stumbles over parentheses."""
        lines = (ROOT / 'requirements.txt').read_text().splitlines()
        markers = [line.partition(';')[2] for line in lines if ';' in line
                   and not line.startswith('#')]
        self.assertEqual([], [marker for marker in markers if '(' in marker])


class TestFiles(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        text = (ROOT / 'pyproject.toml').read_text()
        self.setuptools = tomllib.loads(text)['tool']['setuptools']

    def test_every_file_of_code_names_its_licence(self) -> None:
        silent = [str(path.relative_to(ROOT)) for path in tracked()
                  if path.suffix in ('.py', '.ini', '.toml')
                  and LICENCE_LINE not in path.read_text().split('\n', 3)[:3]]
        self.assertEqual([], silent)

    def test_files_that_are_no_modules_are_packaged(self) -> None:
        named = {PACKAGE.joinpath(*package.split('.')[1:], name)
                 for package, names in self.setuptools['package-data'].items()
                 for name in names}
        there = {path for path in PACKAGE.rglob('*')
                 if path.is_file() and path.suffix not in ('.py', '.pyc')}
        self.assertEqual(there, named)

    def test_every_file_of_etc_is_packaged(self) -> None:
        named = set()
        for directory, names in self.setuptools['data-files'].items():
            named |= {ROOT / name for name in names}
            self.assertEqual({directory}, {
                str(pathlib.Path(name).parent) for name in names})
        there = {path for path in (ROOT / 'etc' / 'volupload').rglob('*')
                 if path.is_file() and path.suffix != '.sample'}
        self.assertEqual(there, named)
