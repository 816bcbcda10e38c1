# SPDX-License-Identifier: Apache-2.0
"""The whole cloud of doc/source/admin/tls.rst, started once.

Keystone and Glance are those that all tests share; in a region of its own the
catalogue has their URLs with TLS.
"""

from concurrent import futures
from pathlib import Path
import re
import socket
from urllib import parse

from tests.fixtures import services
from tests.integration import secured
from tests.integration import shipped
from tests.integration import small
from tests.integration import tls
from tools.cloud import glance
from tools.cloud import keystone
from tools.cloud import memcached
from tools.cloud import service
from tools.cloud import volupload

REGION = 'tls'
SWEEP = 2   # seconds


class Cloud(service.Service):

    def __init__(self, directory: Path, identity: keystone.Keystone,
                 images: glance.Glance, cache: memcached.Memcached) -> None:
        super().__init__(directory)
        self.identity = identity
        self.cache = cache
        self.authority = tls.Authority(directory / 'authority')
        self.authority.issue()
        self.stranger = tls.Authority(directory / 'stranger')
        self.mariadb = secured.MariaDB(directory / 'mariadb', self.authority)
        self.postgresql = secured.PostgreSQL(directory / 'postgresql',
                                             self.authority)
        self.rabbitmq = secured.RabbitMQ(directory / 'rabbitmq',
                                         self.authority)
        self.databases = [self.mariadb, self.postgresql]
        configuration = volupload.Configuration(
            directory / 'volupload', identity)
        self.configuration = configuration
        self.api = shipped.Api(configuration, 'api')
        self.manager = small.Manager(configuration)
        self.haproxy = secured.HAProxy(
            directory / 'haproxy', self.authority, self.api, identity.port,
            images.port, {'mariadb': self.mariadb.port,
                          'postgresql': self.postgresql.port,
                          'rabbitmq': self.rabbitmq.port})
        self.url = f'https://{tls.HERE}:{self.haproxy.port}'
        configuration.options = self.options()

    def prepare(self) -> None:
        self._publish()
        self.configuration.write()

    def _publish(self) -> None:
        self.identity.call('POST', '/regions', {'region': {'id': REGION}})
        for kind, port, path in (('identity', self.haproxy.keystone, '/v3'),
                                 ('image', self.haproxy.glance, '')):
            listed = self.identity.call('GET', f'/services?type={kind}')
            for interface in ('public', 'internal', 'admin'):
                self.identity.call('POST', '/endpoints', {'endpoint': {
                    'service_id': listed['services'][0]['id'],
                    'url': f'https://{tls.HERE}:{port}{path}',
                    'interface': interface, 'region_id': REGION}})

    def options(self, *, authority: tls.Authority | None = None,
                host: str = tls.HERE) -> dict[str, dict[str, object]]:
        """The page's volupload.conf.

        :param authority: whose certificates are believed, if not ours
        :param host: where the services are looked for
        """
        found = tls.options(self._ours(
            tls.files('/etc/volupload/volupload.conf')[0], authority, host, {
                'controller:5671': f'{host}:{self.rabbitmq.port}',
                '@controller/': f'@{host}:{self.mariadb.port}/',
                'controller:5000': f'{host}:{self.haproxy.keystone}',
                'controller:11211': self.cache.address}))
        found['upload'] = {'sweep_interval': SWEEP}
        for name in ('keystone_authtoken', 'glance'):
            found[name]['region_name'] = REGION
        return found

    def on_mariadb(self, *, authority: tls.Authority | None = None,
                   host: str = tls.HERE) -> str:
        """The page's connection to it."""
        found = self.options(authority=authority, host=host)
        return str(found['database']['connection'])

    def on_postgresql(self, *, authority: tls.Authority | None = None,
                      host: str = tls.HERE) -> str:
        """The page's connection to it."""
        found = tls.options(self._ours(
            tls.files('/etc/volupload/volupload.conf')[1], authority, host,
            {'@controller/': f'@{host}:{self.postgresql.port}/'}))
        return str(found['database']['connection'])

    def _ours(self, text: str, authority: tls.Authority | None, host: str,
              replaced: dict[str, str]) -> str:
        return shipped.replace(text, {
            **replaced, 'SECRET': tls.PASSWORD,
            '/etc/ssl/cloud/ca.pem': str((authority or self.authority).ca)})

    def look(self) -> dict[str, str]:
        """What the page's commands tell of the hops."""
        ours = {'/etc/ssl/cloud/ca.pem': str(self.authority.ca)}
        account = {**ours, 'SECRET': tls.PASSWORD}
        return {
            'doors': tls.run('openssl s_client', {
                **ours, '-connect controller': f'-connect {tls.HERE}',
                '8776': str(self.haproxy.port),
                '5000': str(self.haproxy.keystone),
                '9292': str(self.haproxy.glance),
                '5671': str(self.rabbitmq.port),
                '3306': str(self.mariadb.port),
                '5432': str(self.postgresql.port)}, self.directory),
            'mariadb': tls.run('SHOW STATUS', {
                **account, 'mariadb --host=controller':
                'mariadb --no-defaults --protocol=tcp '
                f'--host={tls.HERE} --port={self.mariadb.port}'},
                self.directory),
            'postgresql': tls.run('psql "host', {
                **account, 'host=controller':
                f'host={tls.HERE} port={self.postgresql.port}'},
                self.directory),
            'rabbitmq': self.rabbitmq.connections()}

    def start(self) -> None:
        _at_once([self.mariadb, self.postgresql, self.rabbitmq])
        if not self._prepared:
            self.prepare()
            self.configuration.sync_database()
            self._prepared = True
        _at_once([self.api, self.manager])
        # It takes a node out that is not there when it is asked first.
        self.haproxy.start()
        self.daemon = self.api.daemon

    def stop(self) -> None:
        for part in (self.haproxy, self.manager, self.api, self.rabbitmq,
                     self.postgresql, self.mariadb):
            if hasattr(part, 'daemon'):
                part.stop()


def cached(server: memcached.Memcached) -> dict[str, bytes]:
    """All that memcached keeps, as anybody can have it: key and answer."""
    told = _ask(server, b'lru_crawler metadump all')
    keys = [parse.unquote(key) for key in re.findall(r'key=(\S+)',
                                                     told.decode())]
    return {key: _ask(server, f'get {key}'.encode()) for key in keys}


def _ask(server: memcached.Memcached, command: bytes) -> bytes:
    with socket.create_connection((tls.HERE, server.port), 10) as connection:
        connection.sendall(command + b'\r\n')
        told = b''
        while not told.endswith(b'END\r\n'):
            told += connection.recv(65536)
        return told


def _at_once(parts: list[service.Service]) -> None:
    with futures.ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(lambda part: part.start(), parts))


class SharedCloud(services.Shared[Cloud]):

    def __init__(self) -> None:
        super().__init__('tls', self._build)

    def _build(self, directory: Path) -> Cloud:
        return Cloud(directory, self.useFixture(services.Keystone()).service,
                     self.useFixture(services.Glance()).service,
                     self.useFixture(services.Memcached()).service)
