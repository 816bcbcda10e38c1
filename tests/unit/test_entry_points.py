# SPDX-License-Identifier: Apache-2.0
"""Loads everything that is named in a file and not imported by code."""

import configparser
import importlib
from importlib import metadata
import pathlib
import subprocess
import sys
import tomllib

from tests import base

ROOT = pathlib.Path(__file__).parents[2]
PASTE_INI = ROOT / 'etc' / 'volupload' / 'api-paste.ini'

# What a section of api-paste.ini calls its code, and how many arguments
# PasteDeploy passes beside the section's own options.
FACTORIES = ('paste.app_factory', 'paste.filter_factory',
             'paste.composite_factory')


def project() -> dict:
    return tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']


def load(target: str) -> object:
    """The object that `package.module:name` names."""
    module, name = target.split(':')
    return getattr(importlib.import_module(module), name)


def paste_sections() -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read_string(PASTE_INI.read_text())
    return {name: dict(parser[name]) for name in parser.sections()}


class TestEntryPoints(base.TestCase):

    def test_every_console_script_loads(self) -> None:
        for name, target in project()['scripts'].items():
            self.assertTrue(callable(load(target)), name)

    def test_every_command_has_a_console_script(self) -> None:
        commands = {f'volupload.cmd.{path.stem}:main'
                    for path in (ROOT / 'volupload' / 'cmd').glob('[!_]*.py')}
        self.assertEqual(commands, set(project()['scripts'].values()))

    def test_every_entry_point_loads(self) -> None:
        for group, names in project()['entry-points'].items():
            for name, target in names.items():
                self.assertTrue(callable(load(target)), f'{group} {name}')

    def test_installed_entry_points_are_those_of_the_source(self) -> None:
        """If this fails alone, install the checkout again."""
        ours = metadata.distribution('volupload').entry_points
        installed = {(point.group, point.name, point.value) for point in ours}
        groups = project()['entry-points'] | {
            'console_scripts': project()['scripts']}
        self.assertEqual(
            {(group, name, target) for group, names in groups.items()
             for name, target in names.items()}, installed)

    def test_every_program_explains_itself(self) -> None:
        for name, target in project()['scripts'].items():
            module = target.split(':')[0]
            done = subprocess.run(
                [sys.executable, '-c',
                 f'import sys; sys.argv[:] = [{name!r}, "--help"]; '
                 f'from {module} import main; main()'],
                cwd=ROOT, text=True, capture_output=True)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn(f'usage: {name}', done.stdout)
            self.assertIn('--config-file', done.stdout)


class TestPaste(base.TestCase):

    def test_every_factory_loads(self) -> None:
        for name, options in paste_sections().items():
            for key in FACTORIES:
                if key in options:
                    self.assertTrue(callable(load(options[key])), name)

    def test_every_section_names_a_factory_or_a_pipeline(self) -> None:
        for name, options in paste_sections().items():
            if name != 'DEFAULT':
                known = {*FACTORIES, 'use', 'pipeline'} & set(options)
                self.assertNotEqual(set(), known, f'[{name}]')

    def test_every_section_is_used(self) -> None:
        sections = paste_sections()
        named = {name.partition(':')[2] for name in sections} - {''}
        mentioned = {word for options in sections.values()
                     for key, value in options.items()
                     if not key.startswith('paste.')
                     for word in value.split()}
        self.assertEqual(set(), named - mentioned - {'main'} - entrances())


def entrances() -> set[str]:
    """Sections that the code asks for by name: one a strategy, and 'main'."""
    from volupload.conf import api
    strategy = next(opt for opt in api.api_opts if opt.dest == 'auth_strategy')
    return {str(choice) for choice in strategy.type.choices}
