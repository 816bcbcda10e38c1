# SPDX-License-Identifier: Apache-2.0
"""The API of one configuration in the process of the test.

It is the pipeline of etc/volupload/api-paste.ini with its real Keystone and
Glance, or with whatever the configuration calls so; only the socket between
client and API is missing. In its place there is a look at the bus: `Bus.casts`
are the messages that a manager would have got.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
import threading
from typing import Any
import uuid

import fixtures
from keystoneauth1 import loading
from oslo_config import fixture as config_fixture
import oslo_messaging
import webob

from tests.integration import calls
from tests.integration import conformance
from tools.cloud import volupload
from volupload import cmd  # noqa: F401  selects threads before all else
from volupload import conf
from volupload import policy
from volupload import rpc
from volupload import service
from volupload.api import app
from volupload.api.types import WSGIApp
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import migration
from volupload.db import session
from volupload.db import volumes
from volupload.volume import rpcapi

HOST = 'demo@local'


class RefusedConfiguration(Exception):
    """The API would not start; says why."""


class Bus(fixtures.Fixture):
    """Listens where the manager of HOST would."""

    target = oslo_messaging.Target(version=rpcapi.VERSION)

    def _setUp(self) -> None:
        self.casts: list[tuple[str, dict[str, Any]]] = []
        target = oslo_messaging.Target(
            topic=rpcapi.TOPIC, server=HOST, version=rpcapi.VERSION)
        server = rpc.get_server(target, [self])
        # One thread takes the messages, so in their order.
        CONF.set_override('executor_thread_pool_size', 1)
        server.start()
        self.addCleanup(rpc.cleanup)
        # To wait for the end of its idle thread takes a second.
        self.addCleanup(threading.Thread(target=server.wait).start)
        self.addCleanup(server.stop)
        self._client = rpc.get_client(target)

    @oslo_messaging.expose
    def copy_volume_to_image(self, _context: RequestContext,
                             **arguments: Any) -> None:
        self.casts.append(('copy_volume_to_image', arguments))

    @oslo_messaging.expose
    def mark(self, _context: RequestContext) -> None:
        """Comes after all that was sent before."""

    def received(self) -> list[tuple[str, dict[str, Any]]]:
        self._client.call(RequestContext(is_admin=False), 'mark')
        return self.casts


class App(fixtures.Fixture):
    """The application, in a process that has no other configuration."""

    def __init__(self, configuration: volupload.Configuration) -> None:
        super().__init__()
        self._configuration = configuration

    def _setUp(self) -> None:
        self.addCleanup(_forget_auth_options)
        self.useFixture(config_fixture.Config(CONF))
        service.register_library_options()
        conf.parse([], 'volupload-api', [str(self._configuration.file)])
        session.configure()
        self.addCleanup(session.dispose)
        migration.sync()
        self.bus = self.useFixture(Bus())
        self.addCleanup(policy.reset)
        self.wsgi = self._load()

    def _load(self) -> WSGIApp:
        try:
            return app.load()
        except SystemExit as error:   # it would end the whole test run
            raise RefusedConfiguration(str(error)) from error


def _forget_auth_options() -> None:
    """Those of auth_type = password, which a file without it lacks."""
    CONF.reset()
    for group in ('glance', 'keystone_authtoken'):
        CONF.unregister_opts(loading.get_auth_plugin_conf_options('password'),
                             group=group)


class TroubleTestCase(conformance.ApiTestCase):
    """An API in the process, with the `options` of the case.

    :cvar options: section -> option -> value, over the good ones
    """

    def start_api(self) -> None:
        directory = self.directory()
        self.configuration = volupload.Configuration(
            directory, self.identity, transport_url='fake://',
            options=self.options())
        self.logs = self.useFixture(fixtures.FakeLogger())
        self.url = f'in-process:{directory}'
        running = self.useFixture(App(self.configuration))
        self.wsgi, self.bus = running.wsgi, running.bus
        self.state = conformance.state_of(directory, self.images)

    def directory(self) -> Path:
        """A new one, for this test."""
        return Path(self.useFixture(fixtures.TempDir()).path)

    def options(self) -> dict[str, dict[str, object]]:
        return {}

    def send(self, method: str, path: str,
             body: bytes | Iterable[bytes] | None,
             headers: Mapping[str, str]) -> calls.Answer:
        request = webob.Request.blank(
            path, method=method, headers=dict(headers), body=body or b'')
        if 'Content-Type' not in headers:
            request.environ.pop('CONTENT_TYPE', None)
        response = request.get_response(self.wsgi)
        message = calls.message.Message()
        for name, value in response.headerlist:
            message[name] = value
        return calls.Answer(response.status_int,
                            response.status.partition(' ')[2], message,
                            response.body)

    def make_volume(self, **values: Any) -> str:
        """A row: nobody makes a volume here."""
        row = {'id': str(uuid.uuid4()), 'project_id': self.demo.project_id,
               'user_id': self.demo.user_id, 'name': 'vol', 'size_gb': 1,
               'status': 'available', 'host': HOST, **values}
        return volumes.create(row, {}).id
