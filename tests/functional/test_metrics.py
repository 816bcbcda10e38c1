# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads: of the API, and of a manager."""

import datetime
import time
from typing import Any
from urllib import request

from prometheus_client import parser

from tests.fixtures import doubles
from tests.functional import base
from tests.functional.base import PROJECT
from tests.unit.db import statements
from tools.cloud import ports
from volupload import metrics
from volupload.conf import CONF
from volupload.db import models
from volupload.db import queue
from volupload.volume.manager import VolumeManager

ELSEWHERE = 'elsewhere@local'
TWO_HOURS = datetime.timedelta(hours=2)


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Name and labels -> value, as Prometheus' own library reads it."""
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples}


def value(text: str, name: str, **labels: str) -> float:
    return samples(text).get((name, frozenset(labels.items())), 0.0)


class TestApi(base.ApiTestCase):

    def read(self) -> str:
        answer = self.ask('GET', '/metrics')
        self.assertEqual(200, answer.status_int)
        self.assertEqual(metrics.CONTENT_TYPE,
                         answer.headers['Content-Type'])
        return answer.text

    def count(self, text: str, method: str, route: str, status: str) -> float:
        return value(text, 'volupload_api_requests_total', method=method,
                     route=route, status=status)

    def requests(self) -> dict[Any, float]:
        return {key: count for key, count in samples(
            metrics.text().decode()).items()
            if key[0].startswith('volupload_api_')}

    def test_it_is_not_there_unless_it_is_wanted(self) -> None:
        self.assertFault(self.ask('GET', '/metrics'), 404, 'itemNotFound')

    def test_requests_are_counted_by_route_and_status(self) -> None:
        self.config(api_enabled=True, group='metrics')
        volume = self.make_volume()
        before = self.read()
        volumes = f'/v3/{PROJECT}/volumes'
        for method, path, body in (
                ('GET', f'{volumes}/{volume.id}', None),
                ('GET', f'{volumes}/none', None),
                ('GET', f'{volumes}/other', None),
                ('GET', '/v3/x/y/z', None), ('BREW', volumes, None),
                ('POST', f'{volumes}/{volume.id}/action',
                 {'os-volume_upload_image': {'image_name': 'i'}}),
                ('POST', f'{volumes}/{volume.id}/action', {'no': None})):
            self.ask(method, path, body)
        after = self.read()
        action = '/volumes/{volume_id}/action'
        for key, expected in (
                (('GET', '/volumes/{volume_id}', '200'), 1),
                (('GET', '/volumes/{volume_id}', '404'), 2),
                (('GET', 'none', '404'), 1), (('OTHER', 'none', '404'), 1),
                (('POST', f'{action} os-volume_upload_image', '202'), 1),
                (('POST', action, '400'), 1)):
            self.assertEqual(expected, self.count(after, *key)
                             - self.count(before, *key), key)
        took = value(after, 'volupload_api_request_seconds_sum', method='GET',
                     route='/volumes/{volume_id}')
        self.assertLess(0, took)
        self.assertNotIn(volume.id, after)

    def test_nothing_is_counted_unless_it_is_wanted(self) -> None:
        before = self.requests()
        self.ask('GET', f'/v3/{PROJECT}/volumes')
        self.assertEqual(before, self.requests())


class TestManager(base.ApiTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.port = ports.free_port()
        self.config(manager_port=self.port, group='metrics')
        self.backend = doubles.MemoryBackend()
        self.config(sweep_interval=1, group='upload')

    def start(self) -> None:
        manager = VolumeManager({statements.HOST: self.backend}, self.images)
        manager.start()
        self.addCleanup(manager.stop, 0)

    def read(self) -> str:
        url = f'http://127.0.0.1:{self.port}/metrics'
        with request.urlopen(url) as answer:
            return str(answer.read().decode())

    def make(self, data: bytes | None, **values: Any) -> models.Upload:
        volume = statements.make_volume(status='in-use')
        if data is not None:
            self.backend.volumes[volume.id] = data
        upload = statements.make_upload(volume, **values)
        self.images.images[upload.image_id] = {  # type: ignore[attr-defined]
            'id': upload.image_id, 'status': 'queued'}
        return upload

    def elsewhere(self, **values: Any) -> None:
        """An upload that this manager has nothing to do with."""
        volume = statements.make_volume(host=ELSEWHERE)
        statements.make_upload(volume, **values)

    def wait(self, name: str, expected: float, **labels: str) -> str:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            text = self.read()
            if value(text, name, **labels) == expected:
                return text
            time.sleep(0.1)
        raise self.failureException(f'{name}{labels} never was {expected}')

    def test_the_ends_of_uploads_are_counted_with_their_bytes(self) -> None:
        self.start()
        before = self.read()

        def of(text: str, name: str, **labels: str) -> float:
            return value(text, name, **labels) - value(before, name, **labels)
        self.make(b'x' * 5000)
        self.make(None)
        ended = 'volupload_uploads_total'
        text = self.wait(
            ended, 1 + value(before, ended, status='succeeded', cause=''),
            status='succeeded', cause='')
        text = self.wait(
            ended, 1 + value(before, ended, status='failed',
                             cause='BackendError'),
            status='failed', cause='BackendError')
        sent = of(text, 'volupload_upload_bytes_total', direction='sent')
        self.assertEqual(5000, sent)
        for phase in ('sending', 'verifying'):
            self.assertEqual(1, of(
                text, 'volupload_upload_phase_seconds_count', phase=phase))
        self.assertEqual(1, of(
            text, 'volupload_upload_seconds_count', disk_format='raw'))

    def test_the_queue_is_told_as_it_is(self) -> None:
        self.elsewhere(created_at=models.precise_now() - TWO_HOURS)
        self.elsewhere()
        self.start()
        text = self.read()
        self.assertEqual((2, 0), tuple(
            value(text, 'volupload_queue_uploads', status=status)
            for status in ('queued', 'running')))
        oldest = value(text, 'volupload_queue_oldest_seconds',
                       status='queued')
        self.assertLess(abs(oldest - 7200), 60)
        self.assertEqual(0, value(text, 'volupload_uploads_running'))

    def test_what_a_dead_manager_had_is_counted(self) -> None:
        self.elsewhere()
        # No process has so high a number.
        dead = f'{CONF.host}:{2 ** 22 + 1}:x'
        self.assertIsNotNone(queue.claim_next([ELSEWHERE], dead))
        name = 'volupload_upload_leases_expired_total'
        before = value(metrics.text().decode(), name)
        self.start()
        self.wait(name, before + 1)

    def test_a_port_that_is_taken_is_told_and_done_without(self) -> None:
        self.start()
        self.start()
        self.assertIn(f'There are no metrics at 127.0.0.1:{self.port}',
                      self.logs.output)
