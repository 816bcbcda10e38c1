# SPDX-License-Identifier: Apache-2.0
"""The services beside volupload start, answer, and leave nothing behind."""

from pathlib import Path
import signal
import subprocess
import sys
import time

import fixtures
import memcache
import pymysql
from sqlalchemy import create_engine
from sqlalchemy import text

from tests.fixtures import services
from tests.integration import base
from tools.cloud import client
from tools.cloud import errors
from tools.cloud import http
from tools.cloud import process
from tools.cloud import programs


class TestKeystone(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(services.Keystone()).service

    def test_every_user_gets_a_token(self) -> None:
        for user in ('admin', 'demo', 'reader', 'other', 'volupload',
                     'glance'):
            self.assertTrue(self.identity.token(user).id)

    def test_a_wrong_password_is_refused(self) -> None:
        self.assertRaises(errors.CloudError, self.identity.token, 'demo',
                          password='wrong')

    def test_it_comes_back_on_its_port_with_its_users(self) -> None:
        token = self.identity.token('demo').id
        self.identity.stop()
        self.assertRaises(OSError, http.request, 'GET', self.identity.url)
        self.identity.start()
        answer = http.request('GET', f'{self.identity.url}/auth/tokens',
                              token=token, headers={'X-Subject-Token': token})
        self.assertEqual(200, answer.status)

    def test_a_service_published_twice_has_the_second_url(self) -> None:
        for url in ('http://127.0.0.1:1', 'http://127.0.0.1:2'):
            self.identity.publish('test-service', 'test', url)
        self.addCleanup(self.identity.withdraw, 'test-service')
        catalog = self.identity.token('demo').catalog
        urls = {endpoint['url'] for entry in catalog
                if entry['type'] == 'test-service'
                for endpoint in entry['endpoints']}
        self.assertEqual({'http://127.0.0.1:2'}, urls)


class TestGlance(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.images = self.useFixture(services.Glance()).service
        self.token = self.images.identity.token('demo').id

    def _make(self) -> str:
        answer = http.request(
            'POST', f'{self.images.url}/v2/images', token=self.token,
            json_body={'name': 'x', 'disk_format': 'raw',
                       'container_format': 'bare'})
        self.assertEqual(201, answer.status)
        return str(answer.json['id'])

    def test_it_keeps_what_it_is_sent(self) -> None:
        image_id = self._make()
        answer = http.request(
            'PUT', f'{self.images.url}/v2/images/{image_id}/file',
            token=self.token, body=b'v' * 100_000,
            headers={'Content-Type': 'application/octet-stream'})
        self.assertEqual(204, answer.status)
        kept = (self.images.images / image_id).read_bytes()
        self.assertEqual(b'v' * 100_000, kept)

    def test_the_ordinary_client_finds_it(self) -> None:
        image_id = self._make()
        demo = client.Client(self.images.identity)
        listed = demo.json('openstack', 'image', 'list')
        self.assertIn(image_id, [image['ID'] for image in listed])


class TestDatabases(base.TestCase):
    def _ask(self, url: str) -> None:
        engine = create_engine(url)
        self.addCleanup(engine.dispose)
        with engine.connect() as connection:
            self.assertEqual(1, connection.execute(text('select 1')).scalar())

    def test_mariadb_answers(self) -> None:
        self._ask(self.useFixture(services.MariaDB()).url)

    def test_postgresql_answers(self) -> None:
        self._ask(self.useFixture(services.PostgreSQL()).url)

    def test_mariadb_wants_the_password(self) -> None:
        server = self.useFixture(services.MariaDB()).service
        self.assertRaises(
            pymysql.err.OperationalError, pymysql.connect, host='127.0.0.1',
            port=server.port, user='volupload', password='wrong')


class TestBrokers(base.TestCase):
    def test_memcached_keeps_a_value(self) -> None:
        server = self.useFixture(services.Memcached()).service
        cache = memcache.Client([server.address])
        self.addCleanup(cache.disconnect_all)
        cache.set('key', 'value')
        self.assertEqual('value', cache.get('key'))

    def test_rabbitmq_gives_each_test_a_virtual_host(self) -> None:
        first = self.useFixture(services.RabbitMQ())
        second = self.useFixture(services.RabbitMQ())
        self.assertNotEqual(first.url, second.url)
        virtual_host = first.url.rpartition('/')[2]
        self.assertEqual({}, first.service.queues(virtual_host))


_OWNER = '''
import sys, time
from pathlib import Path
from tools.cloud import process
# A child that made itself a daemon, and one that did not.
command = ['sh', '-c', 'setsid sleep 987 & echo $! > pids; sleep 988 & '
                       'echo $! >> pids; wait']
here = Path(sys.argv[1])
with process.Daemon('sleeper', command, log=here / 'log', cwd=here,
                    healthy=lambda: len((here / 'pids').read_text().split())
                    == 2):
    (here / 'ready').touch()
    time.sleep(60)
'''


class TestWarden(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.useFixture(fixtures.TempDir()).path)

    def _start_owner(self) -> subprocess.Popen[bytes]:
        owner = subprocess.Popen([sys.executable, '-c', _OWNER,
                                  str(self.directory)],
                                 stderr=subprocess.DEVNULL)
        self.addCleanup(owner.kill)
        self.wait_for((self.directory / 'ready').exists, 'service started')
        return owner

    def _is_gone(self) -> bool:
        pids = (self.directory / 'pids').read_text().split()
        return not any(Path('/proc', pid).exists() for pid in pids)

    def test_a_killed_owner_leaves_nothing(self) -> None:
        owner = self._start_owner()
        self.assertFalse(self._is_gone())
        owner.kill()
        owner.wait()
        self.wait_for(self._is_gone, 'all processes ended')

    def test_an_interrupted_owner_leaves_nothing(self) -> None:
        owner = self._start_owner()
        owner.send_signal(signal.SIGINT)
        owner.wait()
        self.wait_for(self._is_gone, 'all processes ended')

    def test_a_service_that_ends_at_once_fails_with_its_log(self) -> None:
        daemon = process.Daemon(
            'broken', ['sh', '-c', 'echo no such thing; exit 3'],
            log=self.directory / 'log', healthy=lambda: False)
        error = self.assertRaises(errors.ServiceFailed, daemon.start)
        self.assertIn('no such thing', str(error))
        self.assertFalse(daemon.running)

    def test_a_service_that_is_never_ready_is_ended(self) -> None:
        daemon = process.Daemon(
            'idle', ['sleep', '60'], log=self.directory / 'log',
            healthy=lambda: False, timeout=0.3)
        started = time.monotonic()
        self.assertRaises(errors.ServiceFailed, daemon.start)
        self.assertFalse(daemon.running)
        self.assertLess(time.monotonic() - started, 10)

    def test_a_missing_program_names_its_debian_package(self) -> None:
        error = self.assertRaises(
            errors.NotInstalled, programs.of_debian, 'no-such-server',
            'its-package')
        self.assertIn('its-package', str(error))


class TestVolupload(base.TestCase):
    def test_standalone_is_in_the_catalogue_of_the_clients(self) -> None:
        self.useFixture(services.Standalone())
        identity = self.useFixture(services.Keystone()).service
        demo = client.Client(identity)
        self.assertEqual([], demo.json('openstack', 'volume', 'list'))
        self.assertIn('Status', demo.output('cinder', 'list'))

    def test_both_production_servers_serve_the_api(self) -> None:
        configuration = self.useFixture(services.Configuration(
            connection=self.useFixture(services.MariaDB()).url,
            transport_url=self.useFixture(services.RabbitMQ()).url,
        )).configuration
        configuration.sync_database()
        identity = self.useFixture(services.Keystone()).service
        self.useFixture(services.Manager(configuration))
        for server in ('uwsgi', 'gunicorn'):
            with services.Api(configuration, server=server) as api:
                answer = http.request(
                    'GET', f'{api.service.url}/v3/volumes',
                    token=identity.token('demo').id)
                self.assertEqual((200, {'volumes': []}),
                                 (answer.status, answer.json))
