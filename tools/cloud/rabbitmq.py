# SPDX-License-Identifier: Apache-2.0
"""A throwaway RabbitMQ, from Debian's package rabbitmq-server.

It runs as whoever starts it, root or not, with no file outside its
directory, and knows nothing of a RabbitMQ of the system: it has its own
node name, cookie, ports and port mapper (epmd), all on loopback.
"""

from pathlib import Path
import subprocess

from tools.cloud import errors
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service

_PACKAGE = 'rabbitmq-server'
# Not the wrappers in /usr/sbin: those switch to the system's own node.
_PROGRAMS = '/usr/lib/rabbitmq/bin'

_CONFIG = '''\
listeners.tcp.default = 127.0.0.1:{port}
loopback_users.guest = true
log.console = true
log.console.level = info
log.file = false
vm_memory_high_watermark.relative = 0.2
disk_free_limit.absolute = 50MB
'''


class RabbitMQ(service.Service):
    """RabbitMQ on a free port of loopback; user and password are guest."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = ports.free_port()
        self._distribution_port = ports.free_port()
        self._mapper_port = ports.free_port()
        #: transport_url of the default virtual host
        self.url = self._url('')

    def _url(self, virtual_host: str) -> str:
        return f'rabbit://guest:guest@127.0.0.1:{self.port}/{virtual_host}'

    def prepare(self) -> None:
        program = programs.of_debian('rabbitmq-server', _PACKAGE, _PROGRAMS)
        if program.parent != Path(_PROGRAMS):
            raise errors.NotInstalled(
                f'{_PROGRAMS}/rabbitmq-server',
                f'it is in the Debian package {_PACKAGE}')
        (self.directory / 'enabled_plugins').write_text('[].\n')
        (self.directory / 'environment').write_text('')
        (self.directory / 'rabbitmq.conf').write_text(
            _CONFIG.format(port=self.port))
        self.daemon = process.Daemon(
            'rabbitmq', [program], log=self.directory / 'rabbitmq.log',
            environ=self._environ(), cwd=self.directory,
            healthy=lambda: ports.is_open(self.port), timeout=90)

    def _environ(self) -> dict[str, str]:
        here = str(self.directory)
        return {
            'HOME': here,
            'RABBITMQ_NODENAME': f'volupload{self.port}@localhost',
            'RABBITMQ_NODE_IP_ADDRESS': '127.0.0.1',
            'RABBITMQ_NODE_PORT': str(self.port),
            'RABBITMQ_DIST_PORT': str(self._distribution_port),
            'RABBITMQ_CONFIG_FILE': f'{here}/rabbitmq.conf',
            'RABBITMQ_CONF_ENV_FILE': f'{here}/environment',
            'RABBITMQ_ENABLED_PLUGINS_FILE': f'{here}/enabled_plugins',
            'RABBITMQ_MNESIA_BASE': f'{here}/data',
            'RABBITMQ_LOG_BASE': here,
            'RABBITMQ_LOGS': '-',
            'RABBITMQ_PID_FILE': f'{here}/rabbitmq.pid',
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS':
                '-kernel inet_dist_use_interface {127,0,0,1}',
            'RABBITMQ_CTL_ERL_ARGS':
                '-kernel inet_dist_use_interface {127,0,0,1}',
            'ERL_EPMD_ADDRESS': '127.0.0.1',
            'ERL_EPMD_PORT': str(self._mapper_port),
        }

    def virtual_host(self, name: str) -> str:
        """Make a virtual host of its own for a test; its transport_url.

        :param name: letters, digits, dots, dashes and underscores
        :raises ServiceFailed: RabbitMQ refused; names the log
        """
        process.run(
            [programs.of_debian('rabbitmqctl', _PACKAGE, _PROGRAMS), 'eval',
             f'rabbit_vhost:add(<<"{name}">>, <<"guest">>), '
             'rabbit_auth_backend_internal:set_permissions('
             f'<<"guest">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, '
             '<<"guest">>).'],
            log=self.directory / 'rabbitmqctl.log', environ=self._environ(),
            cwd=self.directory)
        return self._url(name)

    def queues(self, virtual_host: str = '/') -> dict[str, int]:
        """Queue name -> messages that wait in it."""
        listed = subprocess.run(
            [programs.of_debian('rabbitmqctl', _PACKAGE, _PROGRAMS),
             '--quiet', 'list_queues', '-p', virtual_host, 'name',
             'messages', '--no-table-headers'],
            env=process.environment(self._environ()), cwd=self.directory,
            check=True, capture_output=True, text=True).stdout
        pairs = (line.split('\t') for line in listed.splitlines() if line)
        return {name: int(count) for name, count in pairs}
