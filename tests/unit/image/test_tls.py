# SPDX-License-Identifier: Apache-2.0

import os
import shutil
import ssl
import subprocess
import threading
import unittest

from tests.fixtures.glance import FakeGlance
from tests.unit.image import base
from volupload import exception


@unittest.skipUnless(shutil.which('openssl'), 'openssl makes the certificate')
class TestTls(base.ImageTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.certificate = os.path.join(self.state_path, 'cert.pem')
        key = os.path.join(self.state_path, 'key.pem')
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
             '-subj', '/CN=127.0.0.1', '-addext',
             'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out',
             self.certificate], check=True, capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(self.certificate, key)
        self.glance = self.useFixture(FakeGlance(keep_data=True, tls=server))
        self.set(endpoint_override=self.glance.url)

    def upload(self, size: int | None) -> None:
        self.create()
        self.images.upload_data(self.image_id,
                                iter([memoryview(bytes(300_000))] * 10), size)
        self.assertEqual(bytes(3_000_000), self.glance.data[self.image_id])

    def test_an_upload_with_a_certificate_of_our_own(self) -> None:
        self.set(cafile=self.certificate)
        self.upload(3_000_000)

    def test_a_chunked_upload_without_looking_at_certificates(self) -> None:
        self.set(insecure=True)
        self.upload(None)

    def test_a_certificate_of_nobody_is_refused(self) -> None:
        error = self.fails(exception.ImageServiceError, self.create)
        self.assertIn('certificate', str(error))
        self.assertFalse(error.outcome_unknown)
        self.assertEqual([], self.glance.requests)

    def test_an_abortion_breaks_it_off(self) -> None:
        self.set(cafile=self.certificate)
        self.create()
        self.glance.fail('PUT', hang=True, after=100_000)
        chunks = iter([memoryview(bytes(1024 * 1024))] * 10_000)
        timer = threading.Timer(0.3, self.images.abort)
        timer.start()
        self.addCleanup(timer.join)
        self.fails(exception.TransferCancelled, self.images.upload_data,
                   self.image_id, chunks, 10_000 * 1024 * 1024)

    def test_an_early_error_is_found_when_sending_breaks(self) -> None:
        self.set(cafile=self.certificate)
        self.create()
        self.glance.fail('PUT', status=413, reason='Too large.',
                         after=100_000)
        chunks = iter([memoryview(bytes(1024 * 1024))] * 10_000)
        error = self.fails(
            exception.ImageError, self.images.upload_data, self.image_id,
            chunks, 10_000 * 1024 * 1024)
        self.assertLess(1000, len(list(chunks)))
        self.assertIn(getattr(error, 'status', None), (413, None))
