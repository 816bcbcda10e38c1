# SPDX-License-Identifier: Apache-2.0
"""volupload-standalone: the API and the volume manager in one process.

SQLite, no broker, one directory of state. The code is that of the separate
services; only the defaults of the options differ, and a configuration file
may set them as it likes.
"""

import errno
import os
import pathlib
import signal
import sys
import threading

from oslo_config import cfg

from volupload import cmd  # noqa: F401  selects threads before all else
from volupload import exception
from volupload import report
from volupload import rpc
from volupload import service
from volupload.cmd import api
from volupload.conf import CONF
from volupload.db import migration
from volupload.volume.service import VolumeService

standalone_opts = [
    cfg.StrOpt('state-dir', metavar='DIR',
               help='Keep everything below DIR; overrides state_path.'),
    cfg.PortOpt('port', metavar='PORT',
                help='Serve on PORT; overrides [api] bind_port.'),
]


def main() -> None:
    CONF.register_cli_opts(standalone_opts)
    service.setup('volupload-standalone', sys.argv[1:])
    run()


def run() -> None:
    if CONF.state_dir:
        CONF.set_override('state_path', CONF.state_dir)
    if CONF.port:
        CONF.set_override('bind_port', CONF.port, group='api')
    try:
        rpc.set_default_url('fake://')
        _make_state_path()
        migration.sync()
    except exception.ConfigError as error:
        raise SystemExit(f'{CONF.prog}: {error}') from None
    volume_service = VolumeService()
    volume_service.check()
    server = api.listen()
    api.exit_on_sigterm()
    report.on_request()
    # Apart, because a signal may come in the middle of a line of the log.
    signal.signal(signal.SIGHUP, lambda *_: threading.Thread(
        target=volume_service.reset, name='reload').start())
    try:
        volume_service.start()
        api.serve(server)
    finally:
        volume_service.stop()


def _make_state_path() -> None:
    path = pathlib.Path(CONF.state_path)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise exception.ConfigError(
            section='DEFAULT', option='state_path',
            reason=f'{path}: {error.strerror}') from error
