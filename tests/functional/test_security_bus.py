# SPDX-License-Identifier: Apache-2.0
"""A stolen password of the broker, of doc/source/admin/security.rst.

Whoever has it can send any message to any manager.
"""

import logging
from typing import Any
import uuid

from oslo_context import context
import oslo_messaging

from tests.fixtures import doubles
from tests.functional import bus
from tests.unit.db import statements
from volupload import rpc
from volupload.db import models
from volupload.db import queue
from volupload.db import session
from volupload.db import uploads
from volupload.volume import rpcapi
from volupload.volume.manager import VolumeManager
from volupload.volume.status import FINISHED
from volupload.volume.status import UNFINISHED
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus

EVIL = '\r\nEVIL \x1b[2J'


class Told(logging.Handler):
    """What a line of the log says of who asked."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        current = context.get_current()
        self.said.append(str(current and current.get_logging_values()))


class TestBus(bus.BusTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.backend = doubles.MemoryBackend()
        self.images = doubles.Images()
        self.manager = VolumeManager({statements.HOST: self.backend},
                                     self.images)
        self.manager.start()
        self.addCleanup(self.manager.stop, 0)
        self.serve(self.manager)
        # Nothing of ours between what is forged and the bus.
        self.client = oslo_messaging.get_rpc_client(
            rpc.get_transport(), oslo_messaging.Target(
                topic=rpcapi.TOPIC, server=statements.HOST))

    def call(self, method: str, asking: dict[str, Any] | None = None,
             **arguments: Any) -> None:
        self.client.prepare(timeout=5).call(
            asking or {'is_admin': True, 'roles': ['admin']}, method,
            **arguments)

    def rows(self) -> list[dict[str, Any]]:
        with session.reader() as reading:
            return [{name: value for name, value in vars(row).items()
                     if name != '_sa_instance_state'}
                    for table in (models.Volume, models.Upload)
                    for row in reading.query(table).order_by(table.id)]

    def make_upload(self, status: UploadStatus, host: str) -> str:
        upload = statements.make_upload(
            statements.make_volume(host=host), queued=False)
        self.images.images[upload.image_id] = {'id': upload.image_id}
        if status != UploadStatus.CREATING:
            uploads.transition(upload.id, UploadStatus.CREATING,
                               UploadStatus.QUEUED)
        if status in (UploadStatus.RUNNING, UploadStatus.CANCELLING,
                      UploadStatus.SUCCEEDED):
            claimed = queue.claim_next([host], 'elsewhere:1:0')
            assert claimed is not None and claimed.id == upload.id
        if status == UploadStatus.CANCELLING:
            uploads.transition(upload.id, UploadStatus.RUNNING, status)
        elif status in FINISHED:
            uploads.settle(uploads.get(upload.id), status)
        return upload.id

    def test_messages_only_have_a_manager_look_into_the_database(
            self) -> None:
        """In whatever state things are; those that wait for it apart."""
        ids = ['../../etc/passwd', str(uuid.uuid4())]
        for status in set(VolumeStatus) - UNFINISHED:
            volume = statements.make_volume(status=status)
            self.backend.volumes[volume.id] = b'x'
            ids.append(volume.id)
        for status in UploadStatus:
            host = ('elsewhere@local' if status == UploadStatus.QUEUED
                    else statements.HOST)
            ids.append(self.make_upload(status, host))
        before = self.rows(), {**self.backend.volumes}, {**self.images.images}
        for one in ids:
            for method, name in (('delete_volume', 'volume_id'),
                                 ('create_volume', 'volume_id'),
                                 ('copy_volume_to_image', 'upload_id'),
                                 ('cancel_upload', 'upload_id')):
                self.call(method, **{name: one})
        for sweep in (self.manager.sweep_volumes, self.manager.sweep_uploads):
            sweep()
        self.assertEqual(before, (self.rows(), self.backend.volumes,
                                  self.images.images))

    def test_what_is_not_meant_for_it_cannot_be_called(self) -> None:
        for name in ('stop', 'start', '_abort', 'sweep_uploads', '__init__',
                     'target', 'reload', ''):
            self.assertRaises(oslo_messaging.NoSuchMethod, self.call, name)
        for version in ('2.0', '1.99'):
            self.assertRaises(
                oslo_messaging.UnsupportedVersion, self.client.prepare(
                    timeout=5, version=version).call, {},
                'cancel_upload', upload_id='x')

    def test_nonsense_ends_no_manager(self) -> None:
        for arguments in ({}, {'upload_id': 'x', 'more': 1},
                          {'upload_id': None, 'volume_id': 1}):
            self.assertRaises(TypeError, self.call, 'cancel_upload',
                              **arguments)
        for one in ({'a': [{}]}, ['x'] * 10_000, 'x' * 10_000_000, 2 ** 70,
                    None):
            self.call('cancel_upload', upload_id=one)
            self.call('copy_volume_to_image', upload_id=one)
        self.assertEqual([], self.rows())

    def test_who_is_said_to_ask_is_believed_nothing(self) -> None:
        told = Told()
        logger = logging.getLogger('oslo_messaging')
        logger.addHandler(told)
        self.addCleanup(logger.removeHandler, told)
        for asking in (
                {'request_id': EVIL, 'user': EVIL, 'project_id': EVIL},
                {'request_id': ['EVIL'], 'user': {'EVIL': 1}, 'roles': 5},
                {'user': 'EVIL' * 1000, 'overwrite': False, EVIL: EVIL},
                {'auth_token': 'EVIL', 'service_token': {'a': 'EVIL'}},
                {'resource_uuid': 'EVIL', 'user_name': 'EVIL',
                 'user_identity': 'EVIL', 'is_admin': 'EVIL'}):
            self.call('cancel_upload', asking, upload_id='x')
            # This one is logged, on behalf of whoever asked.
            self.assertRaises(TypeError, self.call, 'cancel_upload', asking)
        self.call('cancel_upload', {'request_id': 'req-good'}, upload_id='x')
        self.assertRaises(TypeError, self.call, 'cancel_upload',
                          {'request_id': 'req-good'})
        self.assertIn('req-good', ' '.join(told.said))
        self.assertNotIn('EVIL', ' '.join(told.said))
