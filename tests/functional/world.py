# SPDX-License-Identifier: Apache-2.0
"""A small cloud in which every request can be tried, and put back afterwards.

It has volumes and uploads in every state that makes a difference, types with
and without volumes, and a message. After each answer it is asked what
changed: of a request that is refused that has to be nothing. All tables are
compared, row by row, but only if the database says that somebody wrote; that
is what makes ten thousand comparisons cheap. After a request that was
accepted everything is put back, ids and times as well, so that each request
finds the same world.
"""

import copy
import sqlite3
from typing import Any
import uuid

import webob

from tests.functional import base
from tests.functional.base import PROJECT
from volupload.db import models
from volupload.db import session
from volupload.db import volume_types
from volupload.volume.status import ATTACHED

NOWHERE = 'ffffffff-ffff-4fff-bfff-ffffffffffff'
# The first three are what most requests are about; those that can be uploaded
# or attached are there twice, so that more is accepted.
_VOLUMES = ('available', 'in-use', 'error', 'available', 'in-use', 'attaching',
            'detaching', 'uploading', 'creating', 'maintenance', 'deleting',
            'awaiting-transfer')
_UPLOADS = ('failed', 'queued', 'running', 'creating', 'succeeded',
            'cancelled')
# 501 says that Cinder has it and this service has not.
_ANSWERS = {*range(500), 501}
ATTACHMENT = {
    'attachment_id': '5f1b1a1c-0000-4000-8000-000000000001',
    'server_id': '5f1b1a1c-0000-4000-8000-000000000002',
    'host_name': 'host', 'device': '/dev/vdb', 'mode': 'rw',
    'attached_at': '2026-01-01T00:00:00'}


class WorldTestCase(base.ApiTestCase):
    """
    :ivar known: by the name of a variable of paths, what it can be.
    """

    def setUp(self) -> None:
        super().setUp()
        self.known: dict[str, list[str]] = {
            'project': [PROJECT], 'alias': ['os-volume-actions'],
            'key': ['k'], **self._fill()}
        self._database = sqlite3.connect(str(session.engine().url.database))
        self.addCleanup(self._database.close)
        self._keep()

    def _fill(self) -> dict[str, list[str]]:
        types = [volume_types.create({
            'id': str(uuid.uuid4()), 'name': name, 'description': 'd',
            'extra_specs': {'k': 'v'}}).id for name in ('spare', 'used')]
        volumes = [self._make_volume(status, types[1]) for status in _VOLUMES]
        uploads = [self.make_upload(status, reason='no room').id
                   for status in _UPLOADS]
        with session.reader() as reading:
            found = [row.id for row in reading.query(models.Message)]
        return {'volume_id': volumes, 'upload_id': uploads,
                'type_id': types, 'message_id': found}

    def _make_volume(self, status: str, type_id: str) -> str:
        attached = status in ATTACHED
        return self.make_volume(
            status=status, name=f'{status} volume', metadata={'k': 'v'},
            image_metadata={'k': 'v'},
            volume_type_id=None if attached else type_id,
            attachment=ATTACHMENT if attached else None).id

    def _keep(self) -> None:
        self._copy = sqlite3.connect(':memory:')
        self.addCleanup(self._copy.close)
        self._database.backup(self._copy)
        self._images = copy.deepcopy(self.images.images)
        self._written = self._count_writers()
        self._before = self.state()

    def _count_writers(self) -> int:
        """Another number when another connection has changed anything."""
        [[count]] = self._database.execute('PRAGMA data_version')
        return int(count)

    def state(self) -> Any:
        """All that a request could leave behind."""
        tables = {
            table.name: sorted(
                self._database.execute(f'SELECT * FROM {table.name}'), key=str)
            for table in models.Base.metadata.sorted_tables}
        return tables, copy.deepcopy(self.images.images), list(
            self.manager.cast)

    def is_touched(self) -> bool:
        """Somebody wrote, if only the same again."""
        return (self._count_writers() != self._written
                or self.images.images != self._images
                or bool(self.manager.cast))

    def begin_anew(self) -> None:
        self._copy.backup(self._database)
        self.images.images.clear()
        self.images.images.update(copy.deepcopy(self._images))
        self.manager.cast.clear()
        self._written = self._count_writers()

    def check(self, answer: webob.Response) -> None:
        """What holds for every answer, however odd the request was."""
        self.assertIn(answer.status_int, _ANSWERS, answer.text)
        self.assertNotIn('Traceback', answer.text)
        if answer.status_int >= 400 and answer.body:
            [(_name, fault)] = answer.json.items()
            self.assertEqual(['message', 'code'], list(fault))
            self.assertEqual(answer.status_int, fault['code'])
        if not self.is_touched():
            return
        if answer.status_int >= 400:
            self.assertEqual(self._before, self.state())
        self.begin_anew()
