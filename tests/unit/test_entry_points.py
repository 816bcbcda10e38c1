# SPDX-License-Identifier: Apache-2.0
"""Loads everything that is named in a file and not imported by code."""

import configparser
import importlib
from importlib import metadata
import operator
import pathlib
import tomllib

from tests import base
from volupload.api import app
from volupload.conf import api

ROOT = pathlib.Path(__file__).parents[2]
PASTE_INI = ROOT / 'etc' / 'volupload' / 'api-paste.ini'

# How a section of api-paste.ini names its code.
FACTORIES = ('paste.app_factory', 'paste.filter_factory',
             'paste.composite_factory')


def project() -> dict:
    return tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']


def load(target: str) -> object:
    """The object that `package.module:name` names."""
    module, name = target.split(':')
    return operator.attrgetter(name)(importlib.import_module(module))


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


class TestPaste(base.TestCase):

    def test_every_factory_loads(self) -> None:
        for name, options in paste_sections().items():
            self.assertTrue(callable(load(factory(options))), name)

    def test_every_section_is_used(self) -> None:
        sections = paste_sections()
        named = {name.partition(':')[2] for name in sections}
        mentioned = {word for options in sections.values()
                     for key, value in options.items()
                     if key != 'use' and not key.startswith('paste.')
                     for word in value.split()}
        self.assertEqual({app.NAME}, named - mentioned)

    def test_every_auth_strategy_has_a_pipeline(self) -> None:
        strategy = next(
            opt for opt in api.api_opts if opt.dest == 'auth_strategy')
        pipelines = set(paste_sections()['composite:api']) - {'use'}
        self.assertEqual(set(strategy.type.choices), pipelines)


def factory(options: dict[str, str]) -> str:
    """What a section says that its code is; a pipeline is PasteDeploy's."""
    if 'pipeline' in options:
        return 'paste.deploy:loadapp'
    for key in FACTORIES:
        if key in options:
            return options[key]
    return options['use'].removeprefix('call:')
