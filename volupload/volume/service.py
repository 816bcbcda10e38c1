# SPDX-License-Identifier: Apache-2.0
"""The volume manager as a service: its RPC servers, its start and its end."""

import logging
import threading
from typing import Any

from oslo_config import cfg
import oslo_messaging
from oslo_service import service

from volupload import backends
from volupload import conf
from volupload import exception
from volupload import rpc
from volupload import tracing
from volupload.backends import Backend
from volupload.conf import CONF
from volupload.db import schema
from volupload.db import session
from volupload.image import glance
from volupload.volume import compression
from volupload.volume import rpcapi
from volupload.volume.manager import VolumeManager

LOG = logging.getLogger(__name__)

_LISTEN_AGAIN = 10   # seconds after the broker turned us away


class VolumeService(service.Service):
    """What oslo.service starts, in a process of its own or in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._manager: VolumeManager | None = None
        self._stopping = threading.Event()
        self._servers: list[oslo_messaging.MessageHandlingServer] = []

    def check(self) -> None:
        """Refuse to start where it could not work; leaves nothing open.

        :raises SystemExit: with one line that says what to do.
        """
        try:
            _load_backends()
            glance.ImageService().check_config()
            compression.check_config()
            rpc.get_transport()
            rpc.get_notifier('check')
            rpcapi.check_config()
            tracing.is_enabled()
            if not schema.is_current():
                raise SystemExit(f'{CONF.prog}: the database is not at the '
                                 'version of this code, run '
                                 '"volupload-manage db sync" first')
        except exception.VoluploadError as error:
            raise SystemExit(f'{CONF.prog}: {error}') from None
        finally:
            rpc.cleanup()
        # The service may be forked off next, which connections do not
        # survive; the transport has gone for the same reason.
        session.engine().dispose()

    def start(self) -> None:
        tracing.start()
        loaded = _load_backends()
        self._manager = VolumeManager(loaded)
        self._manager.start()
        CONF.register_mutate_hook(self._take_over_options)
        for host in loaded:
            # Without a broker this waits for it; the sweep works meanwhile.
            threading.Thread(target=self._listen, args=(host, self._manager),
                             name=f'listen-{host}', daemon=True).start()
        LOG.info('Volume manager of %s has started', ', '.join(loaded))

    def _listen(self, host: str, manager: VolumeManager) -> None:
        while not self._stopping.is_set():
            try:
                server = _server(host, manager)
                server.start()
                self._servers.append(server)
                return
            except Exception as error:   # such as a password refused
                LOG.error('Cannot listen as %s, trying again in %s s: %s',
                          host, _LISTEN_AGAIN, error)
                self._stopping.wait(_LISTEN_AGAIN)

    def reset(self) -> None:
        """Read the configuration files again: the mutable options change.

        A file that cannot be used leaves everything as it is.
        """
        try:
            conf.read_again()
        except (cfg.Error, ValueError, exception.ConfigError) as error:
            LOG.error('The configuration is not read again: %s', error)

    def _take_over_options(self, _conf: cfg.ConfigOpts,
                           fresh: dict[Any, Any]) -> None:
        LOG.info('The configuration was read again: %s options have changed',
                 len(fresh))
        if self._manager is not None:
            self._manager.reload()

    def stop(self, graceful: bool = True) -> None:
        self._stopping.set()
        if self._manager is not None:
            self._manager.stop(_grace() if graceful else 0)
        for server in self._servers:
            try:
                server.stop()
            except Exception:
                LOG.exception('The RPC server did not stop as it should')
        LOG.info('Volume manager has stopped')
        tracing.stop()
        super().stop(graceful)


def _load_backends() -> dict[str, Backend]:
    loaded = {}
    for name in CONF.enabled_backends:
        backend = backends.load(name)
        loaded[f'{CONF[name].backend_host or CONF.host}@{name}'] = backend
    return loaded


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
