# SPDX-License-Identifier: Apache-2.0
"""Prometheus reads the API of several processes and a manager, with our rules.

Every expression of the dashboard and of the rules is asked of it.
"""

from collections.abc import Iterator
import json
from pathlib import Path
import time
from typing import Any
from urllib import request

import fixtures

from tests import base
from tests.fixtures import services
from tools.cloud import ports
from tools.cloud import prometheus
from tools.cloud import volupload

MONITORING = Path(__file__).parents[2] / 'etc' / 'volupload' / 'monitoring'
REQUESTS = 40


class TestPrometheus(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = Path(self.useFixture(fixtures.TempDir()).path)
        self.manager_port = ports.free_port()
        broker = self.useFixture(services.RabbitMQ())
        self.configuration = volupload.Configuration(
            directory / 'volupload', None, transport_url=broker.url, options={
                'glance': {'auth_type': 'none',
                           'endpoint_override': 'http://127.0.0.1:1'},
                'metrics': {'api_enabled': True,
                            'manager_port': self.manager_port}})
        self.configuration.sync_database()
        self.api = self.useFixture(services.Api(self.configuration)).service
        self.useFixture(services.Manager(self.configuration))
        self.prometheus = prometheus.Prometheus(
            directory / 'prometheus', {
                'volupload-api': [f'127.0.0.1:{self.api.port}'],
                'volupload-volume': [f'127.0.0.1:{self.manager_port}']},
            MONITORING / 'alerts.yaml')
        self.addCleanup(self.prometheus.stop)
        self.prometheus.start()

    def value(self, expression: str) -> float | None:
        found = self.prometheus.ask('query', query=expression)['result']
        return float(found[0]['value'][1]) if found else None

    def wait(self, expression: str, expected: float) -> None:
        deadline = time.monotonic() + 30
        while self.value(expression) != expected:
            self.assertLess(time.monotonic(), deadline, (
                expression, self.value(expression)))
            time.sleep(0.2)

    def test_it_reads_all_and_understands_the_rules(self) -> None:
        for _ in range(REQUESTS):
            request.urlopen(f'{self.api.url}/v3/p/volumes').close()
        # Two processes answered, and either tells of both.
        self.wait('volupload_api_requests_total{route="/volumes",'
                  'status="200"}', REQUESTS)
        self.wait('count(up == 1)', 2)
        self.wait('sum(volupload_queue_uploads)', 0)
        [group] = self.prometheus.ask('rules')['groups']
        self.assertEqual({'ok'}, {rule['health'] for rule in group['rules']})
        for expression in dashboard():
            self.prometheus.ask('query', query=expression)
        self.assertNotEqual([], list(dashboard()))


def dashboard() -> Iterator[str]:
    document: dict[str, Any] = json.loads(
        (MONITORING / 'dashboard.json').read_text())
    for panel in document['panels']:
        for target in panel['targets']:
            yield target['expr']
