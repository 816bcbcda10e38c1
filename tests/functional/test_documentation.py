# SPDX-License-Identifier: Apache-2.0
"""What the pages of volupload's own programs say is done, with no cloud."""

import datetime
import pathlib
import socket

from tests import base
from tests.fixtures import database
from tests.fixtures import glance
from tests.fixtures import qcow2_reader
from tests.fixtures import reader
from tests.fixtures import vmdk_reader
from tests.unit.db import statements
from tools.cloud import http
from volupload.conf import CONF
from volupload.db import queue
from volupload.db import services
from volupload.db import uploads

CONFIGURED = '/etc/volupload'


class PageTestCase(base.TestCase):
    """Has a volupload.conf where programs look for it.

    :cvar page: the page that is read
    """

    page: str

    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.state_path)
        self.glance = self.useFixture(glance.FakeGlance())
        with socket.create_server(('127.0.0.1', 0)) as free:
            self.port = free.getsockname()[1]
        self.connection = f'sqlite:///{self.directory}/volupload.db'

    def open(self, *, places: dict[str, str] | None = None) -> reader.Reader:
        made = reader.Reader(self.page, healthy=self.is_healthy,
                             places=places)
        self.useFixture(made)
        home = made.directory / '.volupload'
        home.mkdir()
        (home / 'policy.yaml').write_text('# nothing\n')
        (home / 'volupload.conf').write_text(
            f'[DEFAULT]\nstate_path = {self.directory}\nhost = here\n'
            'transport_url = fake://\n'
            f'[api]\nauth_strategy = noauth\nbind_port = {self.port}\n'
            f'[database]\nconnection = {self.connection}\n'
            '[glance]\nauth_type = none\n'
            f'endpoint_override = {self.glance.url}\n')
        return made

    def is_healthy(self, command: str) -> bool:
        return http.answers(f'http://127.0.0.1:{self.port}/healthcheck')


class DatabaseTestCase(PageTestCase):
    """Has a database beside it."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.connection = CONF.database.connection


class TestApi(DatabaseTestCase):

    page = 'doc/source/cli/volupload-api'

    def test_it_serves(self) -> None:
        self.open(places={CONFIGURED: '.volupload'}).read()


class TestManage(DatabaseTestCase):

    page = 'doc/source/cli/volupload-manage'

    def test_each_command_says_what_it_did(self) -> None:
        services.beat('storage1@local', 'volupload-volume',
                      'volupload-volume')
        statements.make_upload(statements.make_volume())
        upload = queue.claim_next([statements.HOST], 'there:1:a')
        assert upload is not None
        self.glance.images[upload.image_id] = {
            'id': upload.image_id, 'status': 'queued', 'protected': False}
        reading = self.open()
        reading.read()
        self.assertIn(upload.id, reading.done(
            'volupload-manage upload show').output)
        row = uploads.get(upload.id)
        self.assertEqual(('failed', 'The storage is gone.'),
                         (row.status, row.reason))
        self.assertLess(row.finished_at - row.created_at,
                        datetime.timedelta(minutes=2))


class TestStandalone(PageTestCase):

    page = 'doc/source/cli/volupload-standalone'

    def test_it_serves_where_it_is_told_to(self) -> None:
        reading = self.open(places={
            'volupload.conf': 'own.conf', '8776': str(self.port)})
        (reading.directory / 'own.conf').write_text(
            '[api]\nauth_strategy = noauth\n[glance]\nauth_type = none\n'
            f'endpoint_override = {self.glance.url}\n')
        reading.read()
        self.assertTrue((reading.directory / 'state/volupload.db').exists())


class TestStatus(DatabaseTestCase):

    page = 'doc/source/cli/volupload-status'

    def test_all_is_well(self) -> None:
        self.open().read()


class TestTransfer(PageTestCase):

    page = 'doc/source/cli/volupload-transfer'

    def test_the_images_are_the_volume(self) -> None:
        reading = self.open()
        data = bytes(range(256)) * 4096
        (reading.directory / 'disk.raw').write_bytes(data)
        reading.read()
        qcow2 = qcow2_reader.Image(
            (reading.directory / 'disk.qcow2').read_bytes())
        self.assertEqual(data, qcow2.guest_bytes())
        with (reading.directory / 'disk.vmdk').open('rb') as image:
            vmdk = vmdk_reader.VmdkReader(image)
            self.assertEqual(data, vmdk.read(0, vmdk.size))


class TestVolume(DatabaseTestCase):

    page = 'doc/source/cli/volupload-volume'

    def test_it_starts(self) -> None:
        self.open(places={CONFIGURED: '.volupload'}).read()
        self.assertEqual(['here@local'],
                         [service.host for service in services.get_all()])

    def is_healthy(self, command: str) -> bool:
        return bool(services.get_all())
