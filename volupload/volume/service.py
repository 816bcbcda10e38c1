# SPDX-License-Identifier: Apache-2.0
"""The volume manager as a service: its RPC servers, its start and its end."""

import logging

from oslo_config import cfg
import oslo_messaging
from oslo_service import service

from volupload import backends
from volupload import exception
from volupload import rpc
from volupload.backends import Backend
from volupload.conf import CONF
from volupload.db import migration
from volupload.db import session
from volupload.volume import rpcapi
from volupload.volume.manager import VolumeManager

LOG = logging.getLogger(__name__)


class VolumeService(service.Service):
    """What oslo.service starts, in a process of its own or in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._manager: VolumeManager | None = None
        self._servers: list[oslo_messaging.MessageHandlingServer] = []

    def check(self) -> None:
        """Refuse to start where it could not work; leaves nothing open.

        :raises SystemExit: with one line that says what to do.
        """
        try:
            _load_backends()
            if not migration.is_current():
                raise SystemExit('volupload-volume: the database is not at '
                                 'the version of this code, run '
                                 '"volupload-manage db sync" first')
        except exception.VoluploadError as error:
            raise SystemExit(f'volupload-volume: {error}') from None
        # The service may be forked off next, and connections do not
        # survive that.
        session.engine().dispose()

    def start(self) -> None:
        loaded = _load_backends()
        self._manager = VolumeManager(loaded)
        self._manager.start()
        self._servers = [_server(host, self._manager) for host in loaded]
        for server in self._servers:
            server.start()
        LOG.info('Volume manager of %s has started', ', '.join(loaded))

    def stop(self, graceful: bool = True) -> None:
        for server in self._servers:
            server.stop()
        if self._manager is not None:
            self._manager.stop(_grace() if graceful else 0)
        LOG.info('Volume manager has stopped')
        super().stop(graceful)


def _load_backends() -> dict[str, Backend]:
    return {f'{CONF.host}@{name}': backends.load(name)
            for name in CONF.enabled_backends}


def _server(host: str,
            manager: VolumeManager) -> oslo_messaging.MessageHandlingServer:
    return rpc.get_server(
        oslo_messaging.Target(topic=rpcapi.TOPIC, server=host), [manager])


def _grace() -> float | None:
    # A little less than the time after which oslo.service kills us, so that
    # what is broken off can still be written down. 0 means without limit.
    try:
        timeout = float(CONF.graceful_shutdown_timeout)
    except cfg.NoSuchOptError:
        return 0
    return max(timeout - 5, timeout / 2) if timeout else None
