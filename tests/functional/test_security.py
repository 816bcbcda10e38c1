# SPDX-License-Identifier: Apache-2.0
"""Threats of doc/source/admin/security.rst that no other test is about."""

import logging
import pathlib
import re
from typing import Any

import fixtures
from oslo_config import cfg
import oslo_messaging

from tests import base as tests_base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.functional import base
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from tests.unit.db import statements
from volupload import rpc
from volupload.conf import CONF
from volupload.conf import opts
from volupload.context import RequestContext
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume import rpcapi
from volupload.volume.manager import VolumeManager

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = ROOT / 'doc' / 'source' / 'admin' / 'security.rst'
# Long and odd enough to be found wherever it gets to.
TOKEN = 'gAAAAAB-not-for-anybody'
SECRET = re.compile('password|secret|token$|key$')


class TestGuide(tests_base.TestCase):

    def test_every_test_that_it_names_is_there(self) -> None:
        named = re.findall(r'``(tests/[\w/]+\.py)``(?:,\s+``(test_\w+)``)?',
                           GUIDE.read_text())
        self.assertLess(20, len(named))
        for file, name in named:
            text = (ROOT / file).read_text()
            self.assertIn(f'def {name}', text, file)


class TestOptions(tests_base.TestCase):

    def test_what_holds_a_secret_is_not_logged(self) -> None:
        named = [option for _, options in opts.list_opts()
                 for option in options if SECRET.search(option.name)]
        self.assertNotEqual([], named)
        self.assertEqual([], [
            option.name for option in named if not option.secret
            and not isinstance(option, cfg.BoolOpt)])

    def test_certificates_are_looked_at_unless_somebody_says_no(self) -> None:
        self.assertIs(False, CONF.glance.insecure)
        self.assertIs(False, CONF.keystone_authtoken.insecure)


class TestTenant(base.KeystoneTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.keystone.add_token(TOKEN, 'member', 'reader', project=PROJECT)
        self.debug = self.useFixture(fixtures.FakeLogger(level=logging.DEBUG))

    def test_names_break_no_line_of_the_log_and_no_header(self) -> None:
        for name in ('a\r\nX-Evil: 1', '\x1b[2Jgone', 'a\u2028b', '\u202eb'):
            volume = self.make_volume()
            answer = self.upload(volume, {'image_name': name}, token=TOKEN)
            self.assertEqual(202, answer.status_int, answer.text)
            told = answer.json[UPLOAD]
            self.assertEqual(name, told['image_name'])
            self.assertNotIn('X-Evil', answer.headers)
            for one in ('X-Evil', '\x1b', '\u2028', '\u202e'):
                self.assertNotIn(one, self.debug.output)

    def test_numbers_without_end_are_no_json(self) -> None:
        digits = b'9' * 100_000
        for body in (b'{"volume": {"size": %s}}', b'{"volume": {"size": -%s}}',
                     b'{"volume": {"size": 1, "metadata": {"a": %s}}}'):
            answer = self.ask('POST', f'/v3/{PROJECT}/volumes', body % digits,
                              token=TOKEN)
            self.assertFault(answer, 400, 'badRequest')
            self.assertGreater(2000, len(answer.text))

    def test_tokens_are_in_no_log_at_any_level(self) -> None:
        self.upload(self.make_volume(), token=TOKEN)
        self.ask('GET', f'/v3/{PROJECT}/uploads', token=TOKEN)
        self.assertIn('"GET /v3', self.debug.output)
        self.assertNotIn(TOKEN, self.debug.output)
        self.assertNotIn(TOKEN, self.logs.output)

    def test_paths_out_of_the_url_lead_nowhere(self) -> None:
        for path in ('..%2f..%2fetc%2fpasswd', '%2e%2e/%2e%2e', '%00',
                     '..%c0%af', 'a%0d%0aX:%20y'):
            answer = self.ask('GET', f'/v3/{PROJECT}/volumes/{path}',
                              token=TOKEN)
            self.assertEqual(404, answer.status_int, path)


class TestBus(tests_base.TestCase):
    """Whoever has a password of the broker can send any message."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        rpc.set_default_url('fake://')
        self.addCleanup(rpc.cleanup)
        self.config(sweep_interval=3600, group='upload')
        self.backend = doubles.MemoryBackend()
        manager = VolumeManager({statements.HOST: self.backend},
                                doubles.Images())
        manager.start()
        self.addCleanup(manager.stop, 0)
        target = oslo_messaging.Target(
            topic=rpcapi.TOPIC, server=statements.HOST)
        server = rpc.get_server(target, [manager])
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.client = rpc.get_client(target)

    def call(self, method: str, **arguments: Any) -> None:
        self.client.prepare(timeout=5).call(
            RequestContext(is_admin=True), method, **arguments)

    def test_messages_only_have_a_manager_look_into_the_database(
            self) -> None:
        volume = statements.make_volume()
        self.backend.volumes[volume.id] = b'x'
        upload = statements.make_upload(statements.make_volume(
            host='elsewhere@local'))
        for name, arguments in (
                ('delete_volume', {'volume_id': volume.id}),
                ('create_volume', {'volume_id': '../../etc/passwd'}),
                ('copy_volume_to_image', {'upload_id': upload.id}),
                ('cancel_upload', {'upload_id': upload.id})):
            self.call(name, **arguments)
        self.assertEqual('available', volumes.get(volume.id).status)
        self.assertEqual({volume.id: b'x'}, self.backend.volumes)
        self.assertEqual('queued', uploads.get(upload.id).status)

    def test_what_is_not_meant_for_it_cannot_be_called(self) -> None:
        for name in ('stop', 'start', '_abort', 'sweep_uploads', '__init__'):
            self.assertRaises(oslo_messaging.NoSuchMethod, self.call, name)
