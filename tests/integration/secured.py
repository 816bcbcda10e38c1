# SPDX-License-Identifier: Apache-2.0
"""Servers that are set up by doc/source/admin/tls.rst (see `tls`)."""

import os
from pathlib import Path
import shutil

from tests.integration import shipped
from tests.integration import tls
from tools.cloud import mariadb
from tools.cloud import ports
from tools.cloud import postgresql
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import rabbitmq
from tools.cloud import service

_CONTROLLER = '/etc/ssl/cloud/controller'


class MariaDB(mariadb.MariaDB):

    def __init__(self, directory: Path, authority: tls.Authority) -> None:
        super().__init__(directory)
        self._authority = authority

    def prepare(self) -> None:
        super().prepare()
        # Nobody is let in but by the page.
        (self.directory / 'user.sql').write_text('')
        settings = self.directory / '60-tls.cnf'
        settings.write_text(tls.file(
            '/etc/mysql/mariadb.conf.d/60-tls.cnf',
            {'/etc/ssl/cloud': str(self._authority.installed)}))
        command = self.daemon.command
        command[command.index('--no-defaults')] = (
            f'--defaults-file={settings}')

    def settle(self) -> None:
        client = programs.of_debian('mariadb', 'mariadb-client')
        tls.run('CREATE USER', {
            'mariadb': f'{client} --no-defaults --user=root '
                       f'--socket={self._socket}',
            'SECRET': tls.PASSWORD}, self._data)


class PostgreSQL(postgresql.PostgreSQL):

    superuser = 'postgres'

    def __init__(self, directory: Path, authority: tls.Authority) -> None:
        super().__init__(directory)
        self._authority = authority

    def prepare(self) -> None:
        super().prepare()
        home = self.daemon.cwd
        assert home is not None
        data = home / 'data'
        self._copy_certificate(home)
        with (data / 'postgresql.conf').open('a') as settings:
            settings.write(tls.file(
                '/etc/postgresql/15/main/conf.d/tls.conf',
                {_CONTROLLER: f'{home}/controller'}))
        (data / 'pg_hba.conf').write_text(tls.file(
            '/etc/postgresql/15/main/pg_hba.conf',
            {'192.0.2.0/24': f'{tls.HERE}/32'}))
        self._run_statements(home)

    def _copy_certificate(self, home: Path) -> None:
        """To where its account gets in, which owns the key then."""
        for suffix in ('pem', 'key'):
            copy = home / f'controller.{suffix}'
            shutil.copy(self._authority.installed / copy.name, copy)
            # More than this it suffers with a key of root's only.
            copy.chmod(0o600)
            if not os.geteuid():
                shutil.chown(copy, self.daemon.user)

    def _run_statements(self, home: Path) -> None:
        """Without a server, for which it would take a socket in /tmp."""
        server = self.daemon.command[0]
        tls.run('CREATE ROLE', {
            'sudo -u postgres psql': f'{server} --single -D data postgres',
            'SECRET': tls.PASSWORD}, home,
            user=self.daemon.user if not os.geteuid() else None)


class RabbitMQ(rabbitmq.RabbitMQ):
    """Its user is the one of the page's transport_url."""

    def __init__(self, directory: Path, authority: tls.Authority) -> None:
        super().__init__(directory)
        self._authority = authority

    def prepare(self) -> None:
        super().prepare()
        settings = self.directory / 'rabbitmq.conf'
        others = [line for line in settings.read_text().splitlines()
                  if not line.startswith('listeners')]
        page = tls.file('/etc/rabbitmq/rabbitmq.conf', {
            '5671': f'{tls.HERE}:{self.port}',
            '/etc/ssl/cloud': str(self._authority.installed)})
        settings.write_text('\n'.join([
            page, *others, 'default_user = volupload',
            f'default_pass = {tls.PASSWORD}', '']))

    def _environ(self) -> dict[str, str]:
        """Without what would say where to listen."""
        return {name: value for name, value in super()._environ().items()
                if name not in ('RABBITMQ_NODE_PORT',
                                'RABBITMQ_NODE_IP_ADDRESS')}

    def connections(self) -> str:
        """What the page's command tells of them."""
        ctl = programs.of_debian('rabbitmqctl', rabbitmq._PACKAGE,
                                 rabbitmq._PROGRAMS)
        return tls.run('list_connections', {'rabbitmqctl': str(ctl)},
                       self.directory, **self._environ())


_TCP = '''\
defaults
    mode tcp
    log stdout format raw local0
    timeout connect 5s
    timeout client 60s
    timeout server 60s

'''
_ELSEWHERE = '''\
listen {name}-elsewhere
    bind {elsewhere}:{port}
    server it {here}:{port}
'''


class HAProxy(service.Service):
    """The shipped haproxy-tls.cfg and the page's openstack.cfg.

    To services behind it, it comes from `ELSEWHERE`. There it also hands over
    to the servers `elsewhere`, which have TLS themselves.
    """

    def __init__(self, directory: Path, authority: tls.Authority,
                 api: shipped.Api, keystone: int, glance: int,
                 elsewhere: dict[str, int]) -> None:
        """
        :param keystone, glance: their ports
        """
        super().__init__(directory)
        self._authority = authority
        self._behind = {
            '127.0.0.1:5000': f'{tls.HERE}:{keystone} source {tls.ELSEWHERE}',
            '127.0.0.1:9292': f'{tls.HERE}:{glance} source {tls.ELSEWHERE}'}
        self._api = api
        self.port = ports.free_port()
        self.node = ports.free_port()
        self.keystone = ports.free_port()
        self.glance = ports.free_port()
        self._elsewhere = {**elsewhere, 'keystone': self.keystone,
                           'glance': self.glance}

    def prepare(self) -> None:
        certificates = {'/etc/haproxy': str(self._authority.haproxy)}
        written = [
            shipped.write('haproxy-tls.cfg', self.directory, {
                **certificates,
                '/etc/ssl/cloud/ca.pem': str(self._authority.ca),
                '127.0.0.1:8776': self._api.address,
                '192.0.2.10:8776': f'{tls.HERE}:{self.port}',
                '192.0.2.11:8776': f'{tls.HERE}:{self.node}',
                # One that has not the certificate of controller2.
                '192.0.2.12:8776': f'{tls.HERE}:{self.node}'}),
            self._write('openstack.cfg', tls.file(
                '/etc/haproxy/openstack.cfg', {
                    **certificates, **self._behind,
                    '192.0.2.10:5000': f'{tls.HERE}:{self.keystone}',
                    '192.0.2.10:9292': f'{tls.HERE}:{self.glance}'})),
            self._write('elsewhere.cfg', _TCP + ''.join(
                _ELSEWHERE.format(name=name, port=port, here=tls.HERE,
                                  elsewhere=tls.ELSEWHERE)
                for name, port in self._elsewhere.items()))]
        self.daemon = process.Daemon(
            'haproxy',
            [programs.of_debian('haproxy', 'haproxy', '/usr/sbin'),
             *(part for path in written for part in ('-f', path))],
            log=self.directory / 'haproxy.log',
            healthy=lambda: ports.is_open(self.port))

    def _write(self, name: str, text: str) -> Path:
        file = self.directory / name
        file.write_text(text)
        return file
