# SPDX-License-Identifier: Apache-2.0
"""With use_json a line of the log says whom it is about, in fields."""

import io
import json
import logging
import time
from typing import Any

from oslo_log import formatters

from tests.fixtures import doubles
from tests.functional import base
from tests.functional.base import PROJECT
from volupload.db import models
from volupload.db import uploads
from volupload.volume.manager import VolumeManager

HOST = 'testhost@local'
TOKEN = f'alice:{PROJECT}'


class TestJsonLogs(base.ApiTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.config(sweep_interval=1, progress_interval=1, group='upload')
        self.written = io.StringIO()
        handler = logging.StreamHandler(self.written)
        handler.setFormatter(formatters.JSONFormatter())
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)
        self.backend = doubles.MemoryBackend()
        manager = VolumeManager({HOST: self.backend}, self.images)
        manager.start()
        self.addCleanup(manager.stop, 0)

    def run_upload(self) -> tuple[str, models.Upload]:
        """The id of the request, and the upload when it has ended."""
        volume = self.make_volume()
        self.backend.volumes[volume.id] = b'x' * 3000
        answer = self.upload(volume, token=TOKEN)
        self.assertEqual(202, answer.status_int)
        [upload] = uploads.get_all(PROJECT)
        deadline = time.monotonic() + 30
        while uploads.get(upload.id).finished_at is None:
            self.assertLess(time.monotonic(), deadline, self.logs.output)
            time.sleep(0.05)
        return (answer.headers['X-Openstack-Request-Id'],
                uploads.get(upload.id))

    def lines(self) -> list[dict[str, Any]]:
        """All of them: each is one JSON object, on one line."""
        return [json.loads(line)
                for line in self.written.getvalue().splitlines()]

    def about(self, upload: models.Upload, words: str) -> dict[str, Any]:
        """The context of the line about the upload with these words."""
        [found] = [line for line in self.lines()
                   if upload.id in line['message']
                   and words in line['message']]
        context: dict[str, Any] = found['context']
        return {key: context.get(key) for key in (
            'request_id', 'project_id', 'user', 'resource_uuid')}

    def test_lines_of_api_and_manager_name_request_and_upload(self) -> None:
        request_id, upload = self.run_upload()
        self.assertEqual('succeeded', upload.status)
        expected = {'request_id': request_id, 'project_id': PROJECT,
                    'user': 'alice', 'resource_uuid': upload.id}
        for words in ('is queued', 'begins, attempt 1', 'is succeeded'):
            self.assertEqual(expected, self.about(upload, words), words)
        [request] = [line for line in self.lines()
                     if '/action" 202' in line['message']]
        self.assertEqual(expected, {
            key: request['context'][key] for key in expected})

    def test_a_traceback_is_a_field_and_no_more_lines(self) -> None:
        def fail() -> None:
            raise RuntimeError('two\nlines')
        self.backend.on_read = fail
        request_id, upload = self.run_upload()
        self.assertEqual('failed', upload.status)
        [line] = [line for line in self.lines() if line['traceback']]
        self.assertIn('RuntimeError: two', line['traceback'])
        self.assertEqual((request_id, upload.id), (
            line['context']['request_id'], line['context']['resource_uuid']))
        self.assertEqual(upload.id, self.about(
            upload, 'failed after')['resource_uuid'])

    def test_no_line_has_a_token(self) -> None:
        self.run_upload()
        for line in self.lines():
            self.assertIsNone(line['context'].get('auth_token'))
        self.assertNotIn(TOKEN, self.written.getvalue())
