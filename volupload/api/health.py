# SPDX-License-Identifier: Apache-2.0
"""What ``/healthcheck/detail`` looks at: database, broker and Glance.

Backends for oslo.middleware's healthcheck. Nobody needs a token for it, so
each is asked no more often than every `AGE` seconds, whoever wants to know.
``/healthcheck`` asks none of them: a load balancer that took every API out
because the database is away would leave nobody who says so.
"""

import logging
import socket
import threading
import time
from typing import Any

import oslo_messaging
from oslo_middleware import healthcheck
from oslo_middleware.healthcheck import pluginbase
from oslo_utils import uuidutils

from volupload import exception
from volupload.conf import CONF
from volupload.db import session
from volupload.image import glance

LOG = logging.getLogger(__name__)

AGE = 5.0       # seconds that an answer is good for
_PATIENCE = 2   # seconds to connect to a broker
_PORT = 5672    # of AMQP, where the URL names none

Result = pluginbase.HealthcheckResult


class _Check(pluginbase.HealthcheckBaseExtension):

    name: str

    def __init__(self, oslo_conf: Any, conf: Any) -> None:
        super().__init__(oslo_conf, conf)
        self._lock = threading.Lock()
        self._asked = -AGE
        self._result: Result | None = None

    def healthcheck(self, server_port: int) -> Result:
        with self._lock:
            if self._result is None or time.monotonic() > self._asked + AGE:
                self._result = self._ask()
                self._asked = time.monotonic()
            return self._result

    def _ask(self) -> Result:
        try:
            self.check()
        except Exception as error:
            # What the error says may have addresses in it: for the log.
            LOG.warning('The %s is not well: %s', self.name, error)
            return Result(False, f'The {self.name} cannot be used.')
        return Result(True, f'The {self.name} is well.')

    def check(self) -> None:
        """:raises Exception: it is not well."""
        raise NotImplementedError


class Database(_Check):

    name = 'database'

    def check(self) -> None:
        session.ping()


class Broker(_Check):
    """Whether one of the hosts of the transport_url takes connections."""

    name = 'message broker'

    def check(self) -> None:
        url = oslo_messaging.TransportURL.parse(CONF)
        failure: OSError | None = None
        for host in url.hosts:
            try:
                socket.create_connection(
                    (host.hostname, host.port or _PORT), _PATIENCE).close()
                return
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure


class ImageService(_Check):
    """Whether Glance answers our account."""

    name = 'image service'

    def __init__(self, oslo_conf: Any, conf: Any) -> None:
        super().__init__(oslo_conf, conf)
        self._images = glance.ImageService()

    def check(self) -> None:
        try:
            self._images.get_image(uuidutils.generate_uuid(), retry=False)
        except exception.ImageNotFound:
            pass   # to a stranger it would have said 401


app_factory = healthcheck.Healthcheck.app_factory
