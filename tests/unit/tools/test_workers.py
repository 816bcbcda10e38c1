# SPDX-License-Identifier: Apache-2.0
"""The integration tests are shared out: each runs once."""

import pathlib
import re

import testtools
import yaml

TESTS = pathlib.Path(__file__).parents[2] / 'integration'


class TestWorkers(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        workers = yaml.safe_load((TESTS / 'workers.yaml').read_text())
        self.patterns = [re.compile(pattern) for worker in workers
                         for pattern in worker['worker']]

    def test_every_module_has_one_worker(self) -> None:
        modules = sorted(path.stem for path in TESTS.glob('test_*.py'))
        self.assertNotEqual([], modules)
        for module in modules:
            name = f'tests.integration.{module}.TestIt.test_it'
            self.assertEqual(1, sum(bool(pattern.search(name))
                                    for pattern in self.patterns), module)

    def test_every_module_that_is_named_is_there(self) -> None:
        for pattern in self.patterns[:-1]:
            [names] = re.findall(r'test_\(([a-z_|]+)\)', pattern.pattern)
            for name in names.split('|'):
                self.assertTrue((TESTS / f'test_{name}.py').exists(), name)
