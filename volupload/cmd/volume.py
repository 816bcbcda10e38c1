# SPDX-License-Identifier: Apache-2.0
"""volupload-volume: the process that makes volumes and uploads them."""

import sys
from typing import Any

from oslo_service import service as oslo_service

from volupload import cmd  # noqa: F401  selects threads before all else
from volupload import report
from volupload import service
from volupload.conf import CONF
from volupload.volume.service import VolumeService


def _set_signals(_service_id: object, _worker_id: int, process: Any) -> None:
    """On SIGHUP have the running process read its configuration again.

    oslo.service with threads ends the process instead and starts another one
    (seen with 4.8), which would break off every upload.
    """
    process.reload = process.service_instance.reset
    report.on_request()


def main() -> None:
    service.setup('volupload-volume', sys.argv[1:])
    volume_service = VolumeService()
    volume_service.check()
    launcher = oslo_service.launch(CONF, volume_service,
                                   restart_method='mutate')
    launcher._manager.register_hooks(on_new_worker=_set_signals)
    sys.exit(launcher.wait())
