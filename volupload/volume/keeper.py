# SPDX-License-Identifier: Apache-2.0
"""Makes and deletes volumes, as the database says they should be.

A new volume belongs to nobody until a manager takes it by compare-and-swap:
first come, first served. Making and deleting can be done again at any time,
so a manager that dies in the middle only leaves them for its next round.

A volume that an administrator deletes while it is being made may be finished
with by another manager of the same backend, or have no row any more: whoever
made it then sees that nobody wants it, and removes it.
"""

from collections.abc import Callable
from collections.abc import Mapping
import logging

from oslo_utils import units

from volupload import exception
from volupload.backends import Backend
from volupload.db import models
from volupload.db import volumes
from volupload.volume.status import VolumeStatus

LOG = logging.getLogger(__name__)


class Keeper:
    """
    :param backends: by `host@backend`; the first takes new volumes.
    :param stopping: tells, when asked, that no other is to be begun.
    """

    def __init__(self, backends: Mapping[str, Backend],
                 stopping: Callable[[], bool] = lambda: False) -> None:
        self._backends = backends
        self._stopping = stopping

    def sweep(self) -> None:
        """Finish every volume that is being created or deleted here."""
        steps: dict[str, Callable[[models.Volume], None]] = {
            VolumeStatus.CREATING: self._create,
            VolumeStatus.DELETING: self._delete}
        for volume in volumes.get_unfinished(self._backends):
            if self._stopping():
                return
            try:
                steps[volume.status](volume)
            except exception.BackendError as error:
                _fail(volume, error)
            except Exception:
                # The others shall not wait for it; the next round tries it.
                LOG.exception('Volume %s stays %s', volume.id, volume.status)

    def _create(self, volume: models.Volume) -> None:
        host = volume.host or self._take(volume)
        if host is None:
            return
        self._backends[host].create(volume.id, volume.size_gb * units.Gi)
        if volumes.transition(volume.id, {VolumeStatus.CREATING},
                              VolumeStatus.AVAILABLE):
            LOG.info('Volume %s of %s GiB is created on %s', volume.id,
                     volume.size_gb, host)
        elif _is_unwanted(volume.id):
            self._backends[host].delete(volume.id)
            LOG.info('Volume %s was deleted while it was made', volume.id)

    def _take(self, volume: models.Volume) -> str | None:
        """The host that has it now; None if another manager was faster."""
        host = next(iter(self._backends))
        return host if volumes.claim(volume.id, host) else None

    def _delete(self, volume: models.Volume) -> None:
        if volume.host is not None:
            self._backends[volume.host].delete(volume.id)
        volumes.destroy(volume.id)
        LOG.info('Volume %s is deleted', volume.id)


def _is_unwanted(volume_id: str) -> bool:
    try:
        found = volumes.get(volume_id, metadata=False)
    except exception.VolumeNotFound:
        return True
    return found.status == VolumeStatus.DELETING


def _fail(volume: models.Volume, error: exception.BackendError) -> None:
    LOG.error('Volume %s cannot leave %s: %s', volume.id, volume.status,
              error)
    ending = {VolumeStatus.CREATING: VolumeStatus.ERROR,
              VolumeStatus.DELETING: VolumeStatus.ERROR_DELETING}
    was = VolumeStatus(volume.status)
    volumes.transition(volume.id, {was}, ending[was])
