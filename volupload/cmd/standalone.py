# SPDX-License-Identifier: Apache-2.0
"""volupload-standalone: the API and the volume manager in one process.

SQLite, no broker, one directory of state. The code is that of the separate
services; only the defaults of the options differ, and a configuration file
may set them as it likes.
"""

import pathlib
import signal
import sys
from types import FrameType
from typing import NoReturn

from oslo_config import cfg

from volupload import cmd  # noqa: F401  selects threads before all else
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
    rpc.set_default_url('fake://')
    pathlib.Path(CONF.state_path).mkdir(mode=0o700, parents=True,
                                        exist_ok=True)
    migration.sync()
    volume_service = VolumeService()
    volume_service.check()
    signal.signal(signal.SIGTERM, _exit)
    volume_service.start()
    try:
        api.serve()
    finally:
        volume_service.stop()


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
