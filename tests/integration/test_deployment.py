# SPDX-License-Identifier: Apache-2.0
"""The worked example: two API nodes behind HAProxy, three managers.

What is run are the files that are shipped, with other addresses.
"""

import http.client
from pathlib import Path
import socket
import subprocess
import sys
import threading
import time

from tests import base
from tests.fixtures import services
from tests.integration import glances
from tests.integration import hasty
from tests.integration import shipped
from tests.integration import stack
from tests.integration import state
from tests.integration import test_shared_backend
from tests.integration import upload
from tests.integration.glances import OtherGlance
from tools.cloud import programs
from tools.cloud import volupload

EXAMPLE = 'volupload-example'
SLOW = 12   # seconds; timeout http-request is ten


class Example(stack.Stack):

    def __init__(self, directory: Path, glance: OtherGlance,
                 connection: str, transport_url: str) -> None:
        self.connection = connection
        configuration = volupload.Configuration(
            directory, glance.identity, connection=connection,
            transport_url=transport_url, options={
                **test_shared_backend.OPTIONS,
                'oslo_middleware': {'enable_proxy_headers_parsing': True},
                'glance': {'endpoint_override': glance.url}})
        self.managers = [hasty.Manager(configuration, host)
                         for host in ('one', 'two', 'three')]
        self.apis = [shipped.Api(configuration, name)
                     for name in ('controller1', 'controller2')]
        self.proxy = shipped.HAProxy(directory / 'haproxy', *self.apis)
        # HAProxy takes a node out that is not there when it is asked first.
        super().__init__(configuration, [*self.managers, *self.apis],
                         [self.proxy])


class TestExample(upload.UploadTestCase):

    def start_api(self) -> None:
        glance = self.useFixture(glances.OnMariaDB())
        self.images = glance.service
        example = self.useFixture(
            services.Shared(EXAMPLE, self._build)).service
        self.configuration = example.configuration
        self.managers, self.apis = example.managers, example.apis
        self.proxy = example.proxy
        self.url, self.log = self.proxy.url, self.apis[0].daemon.log
        self.state = state.State(state.Volumes(example.connection),
                                 state.Database(glance.database_url))

    def _build(self, directory: Path) -> Example:
        return Example(directory, self.images,
                       self.useFixture(services.MariaDB()).url,
                       self.useFixture(services.RabbitMQ()).url)

    @classmethod
    def tearDownClass(cls) -> None:
        services.stop_shared(EXAMPLE)
        super().tearDownClass()

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.proxy.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request('GET', path, headers={
            'X-Auth-Token': self.demo.id, **headers})
        return connection.getresponse()

    def test_it_goes_on_when_a_node_and_a_manager_die(self) -> None:
        volume_id = self.make_volume(size=upload.LONG)
        self.fill(volume_id)
        answer = self.post(volume_id)
        [row] = self.state.volumes.uploads(volume_id)
        self.wait_until_sending(row['image_id'])
        [row] = self.state.volumes.uploads(volume_id)
        worker = row['worker'].partition(':')[0]
        [manager] = [one for one in self.managers if one.host == worker]
        manager.daemon.kill()
        self.apis[0].daemon.kill()
        # No request is lost, even before HAProxy has noticed.
        for _ in range(20):
            shown = self.get(f'/v3/{self.demo.project_id}/volumes')
            self.assertEqual(200, shown.status)
            shown.read()
        done = self.finish(answer, timeout=90)
        self.assertEqual(('succeeded', 2), (done['status'], done['attempt']))
        self.check_bytes(volume_id, done)

    def test_urls_are_those_of_the_proxy(self) -> None:
        body = self.get('/', Host='volume.example.org').read().decode()
        self.assertIn('http://volume.example.org/v3/', body)
        body = self.get('/', **{
            'Host': 'volume.example.org', 'X-Forwarded-Prefix': '/evil',
            'X-Forwarded-Host': 'evil.example.org',
            'X-Forwarded-Proto': 'gopher'}).read().decode()
        self.assertIn('http://volume.example.org/v3/', body)
        self.assertNotIn('evil', body)
        self.assertNotIn('gopher', body)

    def test_what_is_for_operators_stays_inside(self) -> None:
        for path in ('/metrics', '/healthcheck/detail'):
            self.assertEqual(404, self.get(path).status)
        self.assertEqual(200, self.get('/healthcheck').status)

    def test_slow_clients_are_cut_off_and_keep_nobody_waiting(self) -> None:
        began = time.monotonic()
        slow = [threading.Thread(target=self._trickle) for _ in range(60)]
        for one in slow:
            one.start()
        path = f'/v3/{self.demo.project_id}/volumes'
        while time.monotonic() < began + 5:
            asked = time.monotonic()
            self.assertEqual(200, self.get(path).status)
            self.assertLess(time.monotonic() - asked, 3)
        for one in slow:
            one.join()
        self.assertLess(time.monotonic() - began, SLOW + 8)

    def _trickle(self) -> None:
        """A body byte by byte, until somebody has had enough of it."""
        with socket.create_connection(
                ('127.0.0.1', self.proxy.port)) as client:
            client.sendall(
                b'POST /v3/p/volumes HTTP/1.1\r\nHost: h\r\n'
                b'Content-Type: application/json\r\n'
                b'Content-Length: 100000\r\n\r\n')
            client.settimeout(0.5)
            while True:
                try:
                    client.sendall(b' ')
                    if client.recv(1000):
                        return   # 408, or closed
                except TimeoutError:
                    continue
                except OSError:
                    return


class TestFiles(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.state_path)

    def run_it(self, *command: str | Path) -> str:
        done = subprocess.run(command, text=True, capture_output=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_systemd_takes_the_units_and_finds_them_safe(self) -> None:
        analyze = programs.of_debian('systemd-analyze', 'systemd')
        for name in ('volupload-api.service', 'volupload-volume.service'):
            unit = shipped.write(name, self.directory, {
                '/opt/volupload': sys.prefix})
            self.assertEqual('', self.run_it(analyze, 'verify', '--man=no',
                                             unit))
            # Of 100, where 0 is the safest.
            self.run_it(analyze, 'security', '--offline=true',
                        '--threshold=20', unit)

    def test_haproxy_takes_its_file_without_a_warning(self) -> None:
        haproxy = programs.of_debian('haproxy', 'haproxy', '/usr/sbin')
        told = self.run_it(haproxy, '-c', '-f', shipped.DEPLOY / 'haproxy.cfg')
        self.assertNotIn('WARNING', told)
