# SPDX-License-Identifier: Apache-2.0
"""The plugin for DevStack, on a real Keystone, Glance, MariaDB and RabbitMQ.

DevStack's own functions are small ones of ours; each that speaks to a service
speaks to a real one.
"""

from collections.abc import Callable
from pathlib import Path
import shlex
import time
from typing import Any

import fixtures

from tests import base
from tests.fixtures import services
from tests.unit.devstack import base as devstack
from tools.cloud import client
from tools.cloud import http
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs

FUNCTIONS = Path(__file__).with_name('devstack.sh')
TYPES = ('block-storage', 'volumev3', 'volumev2')


class TestPlugin(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        # A GiB is copied, and there are twenty commands of openstack.
        self.useFixture(fixtures.Timeout(180, gentle=True))
        self.identity = self.useFixture(services.Keystone()).service
        self.useFixture(services.Glance())
        self.directory = Path(self.useFixture(fixtures.TempDir()).path)
        self._withdraw()
        self.addCleanup(self._withdraw)
        self.port = ports.free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        admin = client.Client(self.identity, 'admin')
        openstack = programs.in_venv('openstack')
        self.stack = devstack.Stack(
            self.directory, (FUNCTIONS,), **admin.environ,
            HTTP_SOCKET=f'127.0.0.1:{self.port}', VOLUPLOAD_URL=self.url,
            DATABASE_URL=self.useFixture(services.MariaDB()).url,
            TRANSPORT_URL=self.useFixture(services.RabbitMQ()).url,
            KEYSTONE_SERVICE_URI=self.identity.url,
            SERVICE_PASSWORD='volupload', no_proxy='127.0.0.1',
            MORE_PATH=str(openstack.parent))

    def _withdraw(self) -> None:
        for kind in TYPES:
            self.identity.withdraw(kind)

    def run_it(self, *arguments: str) -> list[str]:
        done = self.stack.run(*arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return self.stack.calls()

    def start(self, name: str, calls: list[str],
              healthy: Callable[[], bool]) -> None:
        """Run what run_process was given, as it would."""
        [command] = [call for call in calls
                     if call.startswith(f'run_process {name} ')]
        daemon = process.Daemon(
            name, shlex.split(command)[2:], healthy=healthy,
            log=self.directory / f'{name}.log')
        self.addCleanup(daemon.stop)
        daemon.start()

    def wait(self, command: tuple[str, ...], status: str) -> Any:
        deadline = time.monotonic() + 90
        while True:
            shown = self.clients.json('openstack', *command)
            if shown['status'] == status:
                return shown
            self.assertLess(time.monotonic(), deadline, shown)
            time.sleep(0.5)

    def test_a_volume_is_uploaded_with_what_the_plugin_has_set_up(
            self) -> None:
        for phase in ('pre-install', 'post-config'):
            self.run_it('stack', phase)
        calls = self.run_it('stack', 'extra')
        log = self.directory / 'vu-vol.log'
        self.start('vu-vol', calls,
                   lambda: 'Volume manager of' in log.read_text())
        self.start('vu-api', calls,
                   lambda: http.answers(f'{self.url}/healthcheck'))
        catalog = self.identity.token('demo').catalog
        self.assertEqual(set(TYPES), {
            entry['type'] for entry in catalog} & set(TYPES))
        self.clients = client.Client(self.identity)
        self.clients.output('openstack', 'volume', 'create', '--size', '1',
                            'devstack')
        self.wait(('volume', 'show', 'devstack'), 'available')
        self.clients.output('openstack', 'image', 'create', '--volume',
                            'devstack', '--disk-format', 'qcow2', 'devstack')
        shown = self.wait(('image', 'show', 'devstack'), 'active')
        self.assertEqual(2 ** 30, shown['virtual_size'])
