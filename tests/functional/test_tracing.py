# SPDX-License-Identifier: Apache-2.0
"""Traces of real programs, as a collector gets them."""

import json
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any
import urllib.request

from tests import base
from tests.fixtures import collector
from tests.fixtures import glance
from tools.cloud import ports

ACTION = 'POST /volumes/{volume_id}/action os-volume_upload_image'
TRACE = '0af7651916cd43dd8448eb211c80319c'
CALLER = 'b7ad6b7169203331'


class TestTracing(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.collector = self.useFixture(collector.Collector())
        self.glance = self.useFixture(glance.FakeGlance())
        self.port = ports.free_port()

    def start(self, tracing: str = '') -> None:
        """API and manager in one process."""
        file = pathlib.Path(self.state_path, 'volupload.conf')
        file.write_text(
            f'[DEFAULT]\nstate_path = {self.state_path}\n'
            f'[api]\nauth_strategy = noauth\nbind_port = {self.port}\n'
            '[upload]\nsweep_interval = 60\nprogress_interval = 1\n'
            '[glance]\nauth_type = none\n'
            f'endpoint_override = {self.glance.url}\n'
            f'[oslo_middleware_tracing]\notlp_endpoint = {self.collector.url}'
            f'\n{tracing}')
        self.program = subprocess.Popen(
            [sys.executable, '-c', 'from volupload.cmd import standalone; '
             'standalone.main()', '--config-file', str(file)],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert self.program.stdout is not None
        self.addCleanup(self.program.stdout.close)
        self.addCleanup(self.program.wait)
        self.addCleanup(self.program.kill)
        self.wait(self.serves)

    def serves(self) -> bool:
        try:
            self.ask('/healthcheck', whole=True)
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """What was not sent yet is sent at the end."""
        self.program.send_signal(signal.SIGTERM)
        log, _ = self.program.communicate(timeout=30)
        self.assertEqual(0, self.program.returncode, log)

    def ask(self, path: str, body: object = None, *, whole: bool = False,
            **headers: str) -> Any:
        request = urllib.request.Request(
            f'http://127.0.0.1:{self.port}{"" if whole else "/v3/p"}{path}',
            json.dumps(body).encode() if body else None,
            {'Content-Type': 'application/json', **headers})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read() if whole else json.load(answer)

    def wait(self, done: Any) -> None:
        deadline = time.monotonic() + 30
        while not done():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def upload(self, **headers: str) -> dict[str, Any]:
        """The upload, when it has ended."""
        volume = self.ask('/volumes', {'volume': {'size': 1}})['volume']['id']
        self.wait(lambda: self.ask(
            f'/volumes/{volume}')['volume']['status'] == 'available')
        self.ask(f'/volumes/{volume}/action', {'os-volume_upload_image': {
            'image_name': 'i', 'disk_format': 'qcow2'}}, **headers)
        self.wait(lambda: self.ask('/uploads')['uploads'][0]['finished_at'])
        [upload] = self.ask('/uploads')['uploads']
        found: dict[str, Any] = upload
        return found

    def test_a_request_and_its_upload_are_one_trace(self) -> None:
        self.start('enabled = true\n')
        upload = self.upload(traceparent=f'00-{TRACE}-{CALLER}-01')
        self.stop()
        self.assertEqual('succeeded', upload['status'])
        spans = {span.name: span for span in self.collector.spans
                 if span.trace == TRACE}
        self.assertEqual(
            {ACTION: CALLER, 'create_image': ACTION,
             'volupload-volume.copy_volume_to_image': ACTION,
             'copy_volume_to_image receive':
                 'volupload-volume.copy_volume_to_image',
             'upload': 'copy_volume_to_image receive',
             'laying_out': 'upload', 'sending': 'upload',
             'verifying': 'upload'},
            {name: next((other.name for other in spans.values()
                         if other.id == span.parent), span.parent)
             for name, span in spans.items()})
        self.assert_values(spans, upload)
        self.assertEqual({'volupload-standalone'},
                         {span.service for span in spans.values()})
        self.assertEqual([('POST', spans['create_image'].id),
                          ('PUT', spans['upload'].id)], self.seen_by_glance())

    def assert_values(self, spans: dict[str, collector.Span],
                      upload: dict[str, Any]) -> None:
        work, request = spans['upload'].values, spans[ACTION].values
        self.assertEqual(
            (upload['id'], upload['volume_id'], upload['image_id'],
             'succeeded', '1'),
            tuple(work[f'volupload.{name}'] for name in (
                'upload', 'volume', 'image', 'status', 'attempt')))
        self.assertEqual(request['openstack.request_id'],
                         work['openstack.request_id'])
        self.assertEqual(('202', 'p'), (request['http.status_code'],
                                        request['openstack.project_id']))
        phases = sum(spans[name].seconds for name in (
            'laying_out', 'sending', 'verifying'))
        # The first one begins with the claim, a moment before the upload's.
        self.assertLess(phases, spans['upload'].seconds + 0.5)
        self.assertFalse(spans['upload'].failed)

    def seen_by_glance(self) -> list[tuple[str, str]]:
        """Method and span of the requests that came with the trace."""
        given = [(method, {name.lower(): value for name, value in
                           headers.items()}.get('traceparent', ''))
                 for method, _, headers in self.glance.requests]
        return [(method, trace.split('-')[2]) for method, trace in given
                if TRACE in trace and method in ('POST', 'PUT')]

    def test_an_upload_that_fails_says_so_in_its_trace(self) -> None:
        self.glance.fail('PUT', status=413, reason='Too large.')
        self.start('enabled = true\n')
        upload = self.upload()
        self.stop()
        self.assertEqual('failed', upload['status'])
        [work] = [span for span in self.collector.spans
                  if span.name == 'upload']
        self.assertTrue(work.failed)
        self.assertEqual('failed', work.values['volupload.status'])
        [request] = [span for span in self.collector.spans
                     if span.name == ACTION]
        self.assertEqual(request.trace, work.trace)

    def test_nothing_is_traced_unless_it_is_wanted(self) -> None:
        self.start()
        self.upload(traceparent=f'00-{TRACE}-{CALLER}-01')
        self.stop()
        self.assertEqual([], self.collector.spans)
        self.assertEqual([], self.seen_by_glance())
