# SPDX-License-Identifier: Apache-2.0
"""A real Glance with a file store, behind a Keystone.

Policies and the checks of an image's content are Glance's defaults. The
files of its store are named by image id, in `Glance.images`.
"""

import inspect
from pathlib import Path
import sys

from tools.cloud import keystone
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service
from tools.cloud import templates
from tools.cloud import wsgi

_CONFIG = '''\
[DEFAULT]
debug = {debug}
enabled_backends = local:file
log_file =
use_stderr = true

[database]
connection = {connection}

[glance_store]
default_backend = local

[local]
filesystem_store_datadir = {directory}/images

[os_glance_staging_store]
filesystem_store_datadir = {directory}/staging

[os_glance_tasks_store]
filesystem_store_datadir = {directory}/tasks

[paste_deploy]
flavor = keystone
config_file = {paste}

[oslo_middleware]
enable_proxy_headers_parsing = true

[keystone_authtoken]
www_authenticate_uri = {keystone_url}
{auth}
{memcached}
{extra}
'''


class Glance(service.Service):
    """Glance on a free port of loopback, in the catalogue as `image`.

    :param connection: a database URL; SQLite in the directory without it
    :param memcached: host:port of a cache for token validations
    :param extra: more lines for glance-api.conf, with section headers
    """

    def __init__(self, directory: Path, identity: keystone.Keystone, *,
                 connection: str | None = None,
                 memcached: str | None = None, processes: int = 1,
                 threads: int = 16, debug: bool = False,
                 extra: str = '') -> None:
        super().__init__(directory)
        self.identity = identity
        self.port = ports.free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.images = self.directory / 'images'
        self.daemon = wsgi.daemon(
            'glance', 'glance.wsgi.api:application', self.port,
            directory=self.directory, health_path='/healthcheck',
            environ={'OS_GLANCE_CONFIG_DIR': str(self.directory)},
            processes=processes, threads=threads)
        self._connection = connection
        self._memcached = memcached
        self._debug = debug
        self._extra = extra
        self._template = templates.Template(
            'glance', inspect.getsource(sys.modules[__name__]))

    @property
    def config_file(self) -> Path:
        return self.directory / 'glance-api.conf'

    @property
    def _database(self) -> Path:
        return self.directory / 'glance.sqlite'

    def prepare(self) -> None:
        self._write_configuration()
        self._make_database()

    def settle(self) -> None:
        self.identity.publish('image', 'glance', self.url)

    def _write_configuration(self) -> None:
        for name in ('images', 'staging', 'tasks'):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        auth = self.identity.auth_options('glance')
        memcached = ''
        if self._memcached is not None:
            memcached = f'memcached_servers = {self._memcached}'
        self.config_file.write_text(_CONFIG.format(
            directory=self.directory, paste=_paste_file(),
            connection=self._connection or f'sqlite:///{self._database}',
            keystone_url=self.identity.root_url, memcached=memcached,
            auth='\n'.join(f'{k} = {v}' for k, v in auth.items()),
            debug=self._debug,
            extra=self._extra))

    def _make_database(self) -> None:
        if self._connection is None and self._template.copy_to(
                self._database):
            return
        process.run(
            [programs.in_venv('glance-manage'),
             '--config-file', self.config_file, 'db', 'sync'],
            log=self.directory / 'glance-manage.log')
        if self._connection is None:
            self._template.keep(self._database)


def _paste_file() -> Path:
    return programs.venv_directory() / 'etc/glance/glance-api-paste.ini'
