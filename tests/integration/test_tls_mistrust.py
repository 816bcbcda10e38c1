# SPDX-License-Identifier: Apache-2.0
"""Servers with TLS that volupload must not believe (see `mistrust`)."""

import functools
from pathlib import Path

import fixtures
from kombu import exceptions
import oslo_messaging
import testscenarios

from tests.integration import base
from tests.integration import calls
from tests.integration import conformance
from tests.integration import inprocess
from tests.integration import mistrust
from tests.integration import small
from tests.integration import tls
from tests.integration import tlscloud
from tests.integration import upload
from tools.cloud import volupload
from volupload import rpc
from volupload.context import RequestContext


class TestBroker(testscenarios.WithScenarios, base.TestCase,
                 mistrust.Mistrust):

    scenarios = [('as it is to be', {'believed': 'authority',
                                     'host': tls.HERE, 'words': ''}),
                 *mistrust.STRANGERS]

    def setUp(self) -> None:
        super().setUp()
        cloud = self.useFixture(tlscloud.SharedCloud()).service
        options = cloud.options(**self.wrong(cloud))
        file = volupload.Configuration(
            Path(self.useFixture(fixtures.TempDir()).path), None,
            options={name: options[name] for name in (
                'DEFAULT', 'oslo_messaging_rabbit')}).file
        self.useFixture(mistrust.Configured(file))
        self.addCleanup(rpc.cleanup)

    def test_is_told_nothing_if_it_is_another(self) -> None:
        client = rpc.get_client(oslo_messaging.Target(topic='nobody'))
        cast = functools.partial(
            client.prepare(server='nobody', retry=0).cast,
            RequestContext(is_admin=False), 'hear')
        if self.words:
            error = self.assertRaises(exceptions.OperationalError, cast)
            mistrust.check_told(self, self.words, str(error))
        else:
            cast()


class TestUploadWithoutBroker(upload.UploadTestCase):
    """API and manager in one process, for which the broker is a stranger."""

    face = calls.V3_1

    def start_api(self) -> None:
        cloud = self.useFixture(tlscloud.SharedCloud()).service
        directory = Path(self.useFixture(fixtures.TempDir()).path)
        options = cloud.options(authority=cloud.stranger)
        self.configuration = volupload.Configuration(
            directory, self.identity, options={
                'DEFAULT': options['DEFAULT'],
                'oslo_messaging_rabbit': options['oslo_messaging_rabbit'],
                'upload': {'sweep_interval': 1}})
        running = small.Standalone(self.configuration, publish=False)
        self.addCleanup(running.stop)
        running.start()
        self.url, self.log = running.url, running.daemon.log
        self.state = conformance.state_of(directory, self.images)

    def test_only_waits_for_the_manager_to_look(self) -> None:
        volume_id = self.make_volume()
        self.fill(volume_id)
        self.check_bytes(volume_id, self.succeed(self.post(volume_id)))
        log = self.log.read_text()
        mistrust.check_told(
            self, 'was not announced, a manager will find it by itself', log)
        mistrust.check_told(self, mistrust.ISSUER, log)


class TestKeystone(inprocess.TroubleTestCase, mistrust.Mistrust):

    face = calls.V3
    scenarios = mistrust.STRANGERS

    def options(self) -> dict[str, dict[str, object]]:
        cloud = self.useFixture(tlscloud.SharedCloud()).service
        options = cloud.options(**self.wrong(cloud))['keystone_authtoken']
        self.keystone_uri = str(options['www_authenticate_uri'])
        # Or it might have the token from there, and ask nobody.
        del options['memcached_servers']
        return {'keystone_authtoken': options}

    def test_confirms_nobody(self) -> None:
        with self.nothing_remains():
            answer = self.post(self.untouched)
        self.check_fault(answer, 401,
                         'The request you have made requires authentication.')
        self.assertEqual([], self.bus.received())
        mistrust.check_told(self, self.words, self.logs.output)
        mistrust.check_told(self, 'SSL exception connecting to',
                            self.logs.output)
        self.assertNotIn(self.demo.id, self.logs.output)


class GlanceTestCase(inprocess.TroubleTestCase):

    face = calls.V3_1

    def check_useless(self, words: str) -> None:
        with self.nothing_remains(times=False):
            answer = self.post(self.untouched)
        self.check_fault(answer, 500, conformance.GENERAL)
        self.assertEqual([], self.bus.received())
        mistrust.check_told(self, words, self.logs.output)
        self.assertNotIn(self.demo.id, self.logs.output)


class TestGlance(GlanceTestCase, mistrust.Mistrust):

    scenarios = mistrust.STRANGERS

    def options(self) -> dict[str, dict[str, object]]:
        cloud = self.useFixture(tlscloud.SharedCloud()).service
        options = cloud.options(**self.wrong(cloud))['glance']
        return {'glance': {
            'cafile': options['cafile'],
            'endpoint_override': f'https://{self.host}:'
                                 f'{cloud.haproxy.glance}'}}

    def test_gets_no_image(self) -> None:
        self.check_useless(self.words)
        self.check_useless('cannot connect to')


class TestKeystoneOfGlance(GlanceTestCase, mistrust.Mistrust):
    """The service cannot get a token of its own."""

    scenarios = mistrust.STRANGERS

    def options(self) -> dict[str, dict[str, object]]:
        cloud = self.useFixture(tlscloud.SharedCloud()).service
        return {'glance': cloud.options(**self.wrong(cloud))['glance']}

    def test_does_not_tell_where_glance_is(self) -> None:
        self.check_useless(self.words)
        self.check_useless('SSL exception connecting to')


class TestMemcached(inprocess.TroubleTestCase):
    """What `test_tls` finds encrypted, without the options for that."""

    def options(self) -> dict[str, dict[str, object]]:
        self.cloud = self.useFixture(tlscloud.SharedCloud()).service
        return {'keystone_authtoken': {
            'memcached_servers': self.cloud.cache.address}}

    def test_keeps_what_it_gets(self) -> None:
        token = self.identity.token('reader')
        answer = self.send('GET', '/v3/volumes', None,
                           {'X-Auth-Token': token.id})
        self.assertEqual(200, answer.status)
        kept = b''.join(tlscloud.cached(self.cloud.cache).values())
        for known in (token.project_id, token.user_id, 'reader'):
            self.assertIn(known.encode(), kept)
