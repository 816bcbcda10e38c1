# SPDX-License-Identifier: Apache-2.0
"""Tests that are shared out among processes by a file: each runs once."""

import pathlib
import re

import testscenarios
import testtools
import yaml

TESTS = pathlib.Path(__file__).parents[2]


class TestWorkers(testscenarios.WithScenarios, testtools.TestCase):

    scenarios = [(file.parent.name, {'directory': file.parent})
                 for file in sorted(TESTS.glob('*/workers.yaml'))]
    directory: pathlib.Path

    def setUp(self) -> None:
        super().setUp()
        workers = yaml.safe_load(
            (self.directory / 'workers.yaml').read_text())
        self.patterns = [re.compile(pattern) for worker in workers
                         for pattern in worker['worker']]

    def test_every_module_has_one_worker(self) -> None:
        modules = [path.stem for path in self.directory.glob('test_*.py')]
        self.assertNotEqual([], modules)
        for module in modules:
            name = f'tests.{self.directory.name}.{module}.TestIt.test_it'
            self.assertEqual(1, sum(bool(pattern.search(name))
                                    for pattern in self.patterns), module)

    def test_every_module_that_is_named_is_there(self) -> None:
        for pattern in self.patterns[:-1]:
            [names] = re.findall(r'test_\(([a-z_|]+)\)', pattern.pattern)
            for name in names.split('|'):
                self.assertTrue(
                    (self.directory / f'test_{name}.py').exists(), name)
