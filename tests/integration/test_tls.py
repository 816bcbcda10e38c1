# SPDX-License-Identifier: Apache-2.0
"""TLS on every hop, as doc/source/admin/tls.rst has it (see `tlscloud`)."""

import re
import socket
import ssl

from tests.fixtures import pages
from tests.integration import calls
from tests.integration import conformance
from tests.integration import state
from tests.integration import tls
from tests.integration import tlscloud
from tests.integration import upload
from tools.cloud import service


class TlsTestCase(upload.UploadTestCase):

    face = calls.V3_1

    def start_api(self) -> None:
        self.cloud = self.useFixture(tlscloud.SharedCloud()).service
        self.configuration = self.cloud.configuration
        self.url, self.tls = self.cloud.url, self.cloud.authority.context()
        self.log = self.cloud.manager.daemon.log
        self.state = state.State(
            state.Volumes(self.cloud.on_mariadb()),
            conformance.state_of(self.cloud.directory, self.images).images)


class TestCloud(TlsTestCase):

    def test_an_upload_goes_through_all_of_it(self) -> None:
        volume_id = self.make_volume(size=16)
        self.fill(volume_id)
        glance = self.images.daemon.log.stat().st_size
        row = self.succeed(self.post(volume_id))
        for method in ('POST', 'PUT', 'GET'):
            self.assertEqual({tls.ELSEWHERE}, self._came_from(
                self.images, glance, method))
        self.check_bytes(volume_id, row)
        # It was a cast that woke the manager, and not the sweep.
        self.assertNotIn('was not announced', self._api_log())

    def test_keystone_is_asked_by_tls(self) -> None:
        token = self.identity.token('reader').id
        asked = self.identity.daemon.log.stat().st_size
        path = f'/v3/{self.demo.project_id}/volumes'
        self.assertEqual(200, self.call('GET', path, token=token).status)
        self.assertEqual({tls.ELSEWHERE}, self._came_from(
            self.identity, asked, 'GET'))

    def _came_from(self, asked: service.Service, since: int,
                   method: str) -> set[str]:
        """HAProxy, with TLS before it, comes from an address of its own."""
        lines = asked.daemon.log.read_bytes()[since:].decode()
        return set(re.findall(rf'^(\S+) "{method} /', lines, re.M))

    def _api_log(self) -> str:
        return self.cloud.api.daemon.log.read_text()

    def test_answers_lead_to_where_tls_is(self) -> None:
        body = self.send('GET', '/', None, {}).body.decode()
        self.assertIn(f'{self.url}/v3/', body)
        for name, port in (('keystone', self.cloud.haproxy.keystone),
                           ('glance', self.cloud.haproxy.glance)):
            url = f'https://{tls.HERE}:{port}'
            self.assertIn(url, calls.send(
                url, 'GET', '/', tls=self.tls).body.decode(), name)
        for service_ in (self.identity, self.images):
            self.assertIn(
                tls.file('/etc/keystone/keystone.conf', {}),
                service_.config_file.read_text())
        self.assertEqual(*(tls.file(path, {}) for path in (
            '/etc/keystone/keystone.conf', '/etc/glance/glance-api.conf')))

    def test_the_commands_of_the_page_find_it_so(self) -> None:
        told = self.cloud.look()
        self.assertEqual(6, told['doors'].count('Verification: OK'), told)
        self.assertRegex(told['mariadb'], r'Ssl_cipher\s+TLS_')
        self.assertRegex(told['postgresql'], r' t +\| TLSv1\.[23]')
        connections = told['rabbitmq'].split('\n')[-10:]
        lines = [line.split() for line in connections if 'volupload' in line]
        self.assertEqual({'true'}, {line[1] for line in lines})
        # No command is on the page that nobody tries.
        self.assertEqual(
            tls.ran, {step.text for step in pages.commands(tls.PAGE)})

    def test_whoever_comes_without_tls_gets_no_answer(self) -> None:
        request = b'GET / HTTP/1.1\r\nHost: controller\r\n\r\n'
        proxy = self.cloud.haproxy
        for port in (proxy.port, proxy.node, proxy.keystone, proxy.glance):
            self.assertEqual(b'', self._told(port, request))
        # An alert of TLS, and nothing of AMQP's.
        self.assertRegex(self._told(self.cloud.rabbitmq.port,
                                    b'AMQP\0\0\x09\x01'), rb'^\x15\x03')

    def _told(self, port: int, data: bytes) -> bytes:
        with socket.create_connection((tls.HERE, port), 10) as client:
            client.sendall(data)
            try:
                return client.recv(1000)
            except ConnectionResetError:
                return b''

    def test_clients_do_not_believe_another_ca(self) -> None:
        self.tls = self.cloud.stranger.context()
        error = self.assertRaises(ssl.SSLCertVerificationError, self.send,
                                  'GET', '/', None, {})
        self.assertIn('unable to get local issuer certificate', str(error))

    def test_haproxy_does_not_believe_another_node(self) -> None:
        # Its controller2 is the node of controller1.
        self.wait_for(
            lambda: 'nodes/controller2 is DOWN, reason: Layer6 invalid '
            'response' in self.cloud.haproxy.daemon.log.read_text(),
            'it has found out')
        self.assertNotIn('config :', self.cloud.haproxy.daemon.log.read_text())


class TestMemcached(TlsTestCase):

    def test_what_it_keeps_cannot_be_read(self) -> None:
        token = self.identity.token('other')
        before = set(tlscloud.cached(self.cloud.cache))
        answer = self.send('GET', '/v3/volumes', None,
                           {'X-Auth-Token': token.id})
        self.assertEqual(200, answer.status)
        kept = [told for key, told in
                tlscloud.cached(self.cloud.cache).items()
                if key not in before]
        self.assertEqual(1, len(kept))
        for secret in (token.id, token.project_id, token.user_id, 'member'):
            self.assertNotIn(secret.encode(), kept[0])
