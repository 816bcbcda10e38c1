# SPDX-License-Identifier: Apache-2.0
"""A throwaway memcached, from Debian's package of that name."""

import os
from pathlib import Path
import signal

from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service


class Memcached(service.Service):
    """memcached with 64 MiB on a free port of loopback."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = ports.free_port()
        #: host:port, as memcached_servers options take it
        self.address = f'127.0.0.1:{self.port}'

    def prepare(self) -> None:
        program = programs.of_debian('memcached', 'memcached')
        # It runs as root only when told so, and not for another reason.
        user = [] if os.geteuid() else ['-u', 'root']
        self.daemon = process.Daemon(
            'memcached',
            [program, '-l', '127.0.0.1', '-p', str(self.port), '-U', '0',
             '-m', '64', *user],
            log=self.directory / 'memcached.log',
            healthy=lambda: ports.is_open(self.port),
            # It keeps nothing, and takes a second to end gently.
            stop_signal=signal.SIGKILL)
