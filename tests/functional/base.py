# SPDX-License-Identifier: Apache-2.0
"""The real pipeline of api-paste.ini, without any real service.

Requests go through every filter to the real service layer and an SQLite
database. Glance is a dict and the message bus a list, unless a test brings
something else.
"""

import json
import pathlib
import threading
from typing import Any
import uuid
from wsgiref import simple_server

import fixtures
from keystoneauth1 import loading
from oslo_config import fixture as config_fixture
import webob

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.fixtures import keystone
from tests.functional import openapi
from volupload import policy
from volupload import rpc
from volupload.api import app
from volupload.conf import CONF
from volupload.db import models
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume.api import API
from volupload.volume.status import FINISHED
from volupload.volume.status import UploadStatus

PROJECT = uuid.uuid4().hex
OTHER_PROJECT = uuid.uuid4().hex

UPLOAD = 'os-volume_upload_image'


class ApiTestCase(base.TestCase):
    """Nobody needs a token; whoever asks is an administrator.

    :ivar images: what the service layer takes for Glance.
    :ivar manager: writes down what was cast.
    """

    auth_strategy = 'noauth'

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        rpc.set_default_url('fake://')
        self.addCleanup(rpc.cleanup)
        self.policy_file = pathlib.Path(self.state_path, 'policy.yaml')
        policy.reset()
        self.addCleanup(policy.reset)
        self.images = doubles.Images()
        self.manager = doubles.Manager()
        self.configure()
        self.load()

    def configure(self) -> None:
        """Options that are read while the pipeline is loaded."""
        self.config(auth_strategy=self.auth_strategy, group='api')
        self.config(policy_file=str(self.policy_file), group='oslo_policy')
        self.config(auth_type='none', endpoint_override='http://localhost',
                    group='glance')

    def load(self) -> None:
        self.volume_api = API(self.images, self.manager)
        with fixtures.MonkeyPatch('volupload.api.app.API',
                                  lambda: self.volume_api):
            self.app = app.load()

    def ask(self, method: str, path: str, body: object = None, *,
            token: str | None = None, content_type: str = 'application/json',
            **headers: str) -> webob.Response:
        """:param body: bytes as they are, anything else as JSON."""
        request = webob.Request.blank(path, method=method, headers={
            name.replace('_', '-'): value for name, value in headers.items()})
        if token is not None:
            request.headers['X-Auth-Token'] = token
        if body is not None:
            request.body = (
                body if isinstance(body, bytes) else json.dumps(body).encode())
            if content_type:
                request.headers['Content-Type'] = content_type
        answer = request.get_response(self.app)
        # Every answer of every test is held to the published description.
        self.assertEqual([], openapi.problems(
            method, request.environ['PATH_INFO'], answer), answer.text)
        return answer

    def upload(self, volume: models.Volume | str, arguments: object = None, *,
               api: str = 'v3', project: str = PROJECT,
               **options: Any) -> webob.Response:
        if arguments is None:
            arguments = {'image_name': 'image'}
        volume_id = volume if isinstance(volume, str) else volume.id
        return self.ask(
            'POST', f'/{api}/{project}/volumes/{volume_id}/action',
            {UPLOAD: arguments}, **options)

    def make_volume(self, **values: Any) -> models.Volume:
        """A volume of the project, available unless told otherwise."""
        metadata = values.pop('metadata', {})
        return volumes.create({
            'id': str(uuid.uuid4()), 'project_id': PROJECT,
            'user_id': 'user', 'size_gb': 1, 'status': 'available',
            'host': 'testhost@local', **values}, metadata)

    def make_upload(self, status: str = 'queued', *,
                    volume: models.Volume | None = None,
                    reason: str | None = None,
                    **values: Any) -> models.Upload:
        """An upload that has come so far, and its image unless it ended."""
        volume = volume or self.make_volume(
            project_id=values.get('project_id', PROJECT))
        upload = uploads.create(volume, {
            'id': str(uuid.uuid4()), 'image_id': str(uuid.uuid4()),
            'project_id': volume.project_id, 'user_id': 'user',
            'image_name': 'image', 'disk_format': 'raw',
            'container_format': 'bare', **values})
        if isinstance(self.images, doubles.Images):
            self.images.images[upload.image_id] = {
                'id': upload.image_id, 'status': 'queued'}
        for step, more in (('queued', {}), ('running', {
                'attempt': 1, 'worker': 'testhost:1:0',
                'started_at': models.utcnow()})):
            if status != 'creating' and upload.status != status:
                uploads.transition(
                    upload.id, UploadStatus(upload.status),
                    UploadStatus(step), **more)
                upload = uploads.get(upload.id)
        if status in FINISHED:
            uploads.settle(upload, UploadStatus(status), reason)
        if status in (UploadStatus.FAILED, UploadStatus.CANCELLED):
            self.images.delete_image(upload.image_id)
        return uploads.get(upload.id)

    def assertFault(self, answer: webob.Response, status: int, name: str,
                    *words: str) -> None:
        """It is this fault, in the published form, with these words in it."""
        self.assertEqual(status, answer.status_int, answer.text)
        self.assertEqual('application/json', answer.content_type)
        [(found, fault)] = answer.json.items()
        self.assertEqual((name, ['message', 'code'], status),
                         (found, list(fault), fault['code']))
        for word in words:
            self.assertIn(word, fault['message'])


class Served(fixtures.Fixture):
    """An application on a port, for clients that speak HTTP themselves."""

    def __init__(self, application: Any) -> None:
        super().__init__()
        self._app = application

    def _setUp(self) -> None:
        server = simple_server.make_server(
            '127.0.0.1', 0, self._app, handler_class=_Quiet)
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.url = f'http://127.0.0.1:{server.server_port}'


class _Quiet(simple_server.WSGIRequestHandler):

    def log_message(self, *args: Any) -> None:
        pass


class KeystoneTestCase(ApiTestCase):
    """Tokens are confirmed by a small Keystone over HTTP.

    `member`, `reader`, `admin`, `stranger` (no role that counts) are tokens
    for the project; `other` is a member's for another one.
    """

    auth_strategy = 'keystone'

    def configure(self) -> None:
        super().configure()
        self.keystone = self.useFixture(keystone.FakeKeystone())
        self.set_authtoken()
        for token, roles in (('admin', ['admin', 'member', 'reader']),
                             ('member', ['member', 'reader']),
                             ('reader', ['reader']),
                             ('stranger', ['visitor'])):
            self.keystone.add_token(token, *roles, project=PROJECT)
        self.keystone.add_token('other', 'member', 'reader',
                                project=OTHER_PROJECT)

    def set_authtoken(self, **others: Any) -> None:
        options = self.useFixture(config_fixture.Config(CONF))
        # Those that keystonemiddleware registers while it is loaded; it
        # would leave them behind, and they are required.
        options.register_opts(
            loading.get_auth_plugin_conf_options('password'),
            group='keystone_authtoken')
        options.config(group='keystone_authtoken',
                       **self.keystone.options(**others))

    def ask(self, method: str, path: str, body: object = None, *,
            token: str | None = 'member', **options: Any) -> webob.Response:
        return super().ask(method, path, body, token=token, **options)

    def write_policy(self, **rules: str) -> None:
        """Rule names have `__` for `:` here."""
        self.policy_file.write_text(json.dumps(
            {name.replace('__', ':'): rule for name, rule in rules.items()}))
