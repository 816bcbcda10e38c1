# SPDX-License-Identifier: Apache-2.0
"""Uploads whose worker has died, put back into the queue at the next start.

A worker is named `host:pid`. There is one manager of a name, so what an
earlier process of that name was running is nobody's now. The process is looked
for all the same: two managers that were given one name by mistake must not
take each other's uploads away.
"""

from collections.abc import Collection
import logging
import os

from volupload.conf import CONF
from volupload.db import uploads
from volupload.volume.status import UploadStatus

LOG = logging.getLogger(__name__)


def worker() -> str:
    """How this process signs the uploads that it runs."""
    return f'{CONF.host}:{os.getpid()}'


def requeue(hosts: Collection[str]) -> None:
    """Put back what an earlier process of this manager left running."""
    for upload in uploads.get_running(hosts):
        if _is_orphan(upload.worker or ''):
            LOG.warning('Upload %s was left by %s; it begins anew',
                        upload.id, upload.worker)
            uploads.transition(upload.id, UploadStatus.RUNNING,
                               UploadStatus.QUEUED, worker=None)


def _is_orphan(signed: str) -> bool:
    host, _, pid = signed.rpartition(':')
    # A container's process has the same number after every start.
    return host == CONF.host and (
        pid == str(os.getpid()) or not _is_alive(pid))


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass    # it is there, and not ours
    return True
