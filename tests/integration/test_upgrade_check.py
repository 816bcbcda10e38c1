# SPDX-License-Identifier: Apache-2.0
"""volupload-status upgrade check, of the catalogue of a real Keystone."""

import json
import subprocess

from tests.fixtures import services
from tests.integration import base
from tools.cloud import ports
from tools.cloud import programs
from tools.cloud import volupload

TYPES = ('block-storage', 'volumev3', 'volumev2')


class TestUpgradeCheck(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(services.Keystone()).service
        self.images = self.useFixture(services.Glance()).service
        self.configuration = self.useFixture(
            services.Configuration()).configuration
        self.configuration.sync_database()
        self.withdraw()
        self.addCleanup(self.withdraw)

    def withdraw(self) -> None:
        for kind in TYPES:
            self.identity.withdraw(kind)

    def check(self) -> tuple[int, str]:
        """The exit code, and what is said of the catalogue."""
        ended = subprocess.run(
            [programs.of_volupload('volupload-status'), '--config-file',
             self.configuration.file, 'upgrade', '--json', 'check'],
            capture_output=True, text=True, timeout=60)
        found = json.loads(ended.stdout)['checks']
        self.assertEqual('Service catalogue', found[-1]['check'])
        self.assertEqual({0}, {one['result'] for one in found[:-1]}, found)
        return ended.returncode, found[-1]['details'] or ''

    def test_entries_that_lead_nowhere_or_are_missing_are_named(self) -> None:
        self.assertEqual(
            (1, 'there is no block-storage: no client finds this service'),
            self.check())
        away = f'http://127.0.0.1:{ports.free_port()}'
        volupload.publish(self.identity, away)
        code, told = self.check()
        self.assertEqual(1, code)
        for kind, version in zip(TYPES, ('v3', 'v3', 'v2'), strict=True):
            for interface in ('public', 'internal', 'admin'):
                self.assertIn(f'{kind} {interface} {away}/{version}/', told)
        # Somebody is there, which is all that can be told without a token.
        volupload.publish(self.identity, self.images.url)
        self.assertEqual((0, ''), self.check())
