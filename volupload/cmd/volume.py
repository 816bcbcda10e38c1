# SPDX-License-Identifier: Apache-2.0
"""volupload-volume: the process that makes volumes and uploads them."""

import sys

from oslo_service import service as oslo_service

from volupload import cmd  # noqa: F401  selects threads before all else
from volupload import service
from volupload.conf import CONF
from volupload.volume.service import VolumeService


def main() -> None:
    service.setup('volupload-volume', sys.argv[1:])
    volume_service = VolumeService()
    volume_service.check()
    launcher = oslo_service.launch(CONF, volume_service,
                                   restart_method='mutate')
    sys.exit(launcher.wait())
