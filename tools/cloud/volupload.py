# SPDX-License-Identifier: Apache-2.0
"""volupload itself, as one process or as the services of a real cloud.

A `Configuration` is written once and shared by the processes that run with
it. `Standalone` is one process with everything; `Api` and `Manager` are the
services apart, for which the configuration needs a database and a broker::

    configuration = volupload.Configuration(
        directory, identity, connection=database.database('volupload'),
        transport_url=broker.url)
    configuration.sync_database()
    with volupload.Manager(configuration), volupload.Api(configuration) as api:
        ...
"""

from collections.abc import Mapping
import configparser
import dataclasses
import io
from pathlib import Path

from tools.cloud import http
from tools.cloud import keystone
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service
from tools.cloud import wsgi

#: Options of one file: section -> option -> value
Options = Mapping[str, Mapping[str, object]]


@dataclasses.dataclass
class Configuration:
    """A volupload.conf in a directory of its own.

    :param identity: the Keystone to ask; none is `auth_strategy = noauth`,
        and then `options` have to say where Glance is
    :param connection: a database URL; SQLite in the directory without it
    :param transport_url: the broker; none is for Standalone only
    :param memcached: host:port of a cache for token validations
    :param options: more options, which win over those of this class
    """

    directory: Path
    identity: keystone.Keystone | None
    connection: str | None = None
    transport_url: str | None = None
    memcached: str | None = None
    options: Options = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory = self.directory.absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.file = self.directory / 'volupload.conf'
        self.write()

    @property
    def volumes(self) -> Path:
        """Where the file backend keeps a volume: a file named by its id."""
        return self.directory / 'volumes'

    def write(self) -> None:
        """Write the file anew, after a change of `options`."""
        sections: dict[str, dict[str, object]] = {
            'DEFAULT': {'state_path': self.directory, 'host': 'demo'},
            'api': {},
        }
        if self.connection is not None:
            sections['database'] = {'connection': self.connection}
        if self.transport_url is not None:
            sections['DEFAULT']['transport_url'] = self.transport_url
        self._add_identity(sections)
        for section, added in self.options.items():
            sections.setdefault(section, {}).update(added)
        self.file.write_text(_dump(sections))

    def _add_identity(self, sections: dict[str, dict[str, object]]) -> None:
        if self.identity is None:
            sections['api']['auth_strategy'] = 'noauth'
            return
        credentials = self.identity.auth_options('volupload')
        sections['keystone_authtoken'] = {
            **credentials, 'service_type': 'block-storage',
            'www_authenticate_uri': self.identity.root_url}
        if self.memcached is not None:
            sections['keystone_authtoken'][
                'memcached_servers'] = self.memcached
        sections['glance'] = dict(credentials)

    def sync_database(self) -> None:
        """Bring the schema up to date with volupload-manage.

        :raises ServiceFailed: names the log
        """
        process.run(
            [programs.of_volupload('volupload-manage'),
             '--config-file', self.file, 'db', 'sync'],
            log=self.directory / 'volupload-manage.log')


class _Http(service.Service):
    """What answers the API on a free port of loopback."""

    def __init__(self, configuration: Configuration, *,
                 publish: bool = True) -> None:
        super().__init__(configuration.directory)
        self.configuration = configuration
        self.port = ports.free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self._publish = publish

    def settle(self) -> None:
        if self._publish and self.configuration.identity is not None:
            publish(self.configuration.identity, self.url)

    def _is_healthy(self) -> bool:
        return http.answers(f'{self.url}/healthcheck')


class Standalone(_Http):
    """API and manager in one process."""

    def prepare(self) -> None:
        self.daemon = process.Daemon(
            'volupload-standalone',
            [programs.of_volupload('volupload-standalone'),
             '--config-file', self.configuration.file,
             '--port', str(self.port)],
            log=self.directory / 'volupload-standalone.log',
            healthy=self._is_healthy)


class Api(_Http):
    """volupload.wsgi.api:application, as a cloud in production serves it.

    :param server: uwsgi or gunicorn
    """

    def __init__(self, configuration: Configuration, *, publish: bool = True,
                 server: str = 'uwsgi', processes: int = 2,
                 threads: int = 4) -> None:
        super().__init__(configuration, publish=publish)
        self._server = server
        self._processes = processes
        self._threads = threads

    def prepare(self) -> None:
        counts = self.directory / f'metrics-{self.port}'
        counts.mkdir(exist_ok=True)
        environ = {'VOLUPLOAD_CONFIG_FILES': str(self.configuration.file),
                   'PROMETHEUS_MULTIPROC_DIR': str(counts)}
        module = 'volupload.wsgi.api:application'
        server = programs.of_volupload(self._server)
        if self._server == 'uwsgi':
            self.daemon = wsgi.daemon(
                'volupload-api', module, self.port, server=server,
                directory=self.directory, environ=environ,
                health_path='/healthcheck', processes=self._processes,
                threads=self._threads)
        else:
            self.daemon = process.Daemon(
                'volupload-api',
                [server, '--bind', f'127.0.0.1:{self.port}',
                 '--workers', str(self._processes),
                 '--threads', str(self._threads), module],
                log=self.directory / 'volupload-api.log', environ=environ,
                cwd=self.directory, healthy=self._is_healthy)


class Manager(service.Service):
    """One volupload-volume process.

    :param host: its name among the managers of one configuration
    """

    def __init__(self, configuration: Configuration,
                 host: str = 'demo') -> None:
        super().__init__(configuration.directory)
        self.configuration = configuration
        self.host = host
        self._log_start = 0

    def prepare(self) -> None:
        own = self.directory / f'volupload-volume-{self.host}.conf'
        own.write_text(_dump({'DEFAULT': {'host': self.host}}))
        self.daemon = process.Daemon(
            f'volupload-volume-{self.host}',
            [programs.of_volupload('volupload-volume'),
             '--config-file', self.configuration.file, '--config-file', own],
            log=self._log, healthy=self._has_started)

    @property
    def _log(self) -> Path:
        return self.directory / f'volupload-volume-{self.host}.log'

    def start(self) -> None:
        # It has no port to knock at: it says in its log that it is ready.
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        super().start()

    def _has_started(self) -> bool:
        with self._log.open('rb') as log:
            log.seek(self._log_start)
            return b'Volume manager of' in log.read()


def publish(identity: keystone.Keystone, url: str) -> None:
    """Put the API at `url` in the catalogue, under every type asked for.

    openstacksdk and the `openstack` command look for block-storage and its
    aliases, the `cinder` command for volumev3 only, clients of the v2 API
    for volumev2.
    """
    for service_type, version in (('block-storage', 'v3'),
                                  ('volumev3', 'v3'), ('volumev2', 'v2')):
        identity.publish(service_type, f'volupload-{service_type}',
                         f'{url}/{version}/$(project_id)s')


def _dump(sections: Options) -> str:
    """The text of a configuration file as oslo.config reads it."""
    parser = configparser.RawConfigParser(default_section='')
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_dict({name: {option: str(value)
                             for option, value in options.items()}
                      for name, options in sections.items()})
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()
