# SPDX-License-Identifier: Apache-2.0
"""Processes of two releases on one bus: an old API with a new manager, and
the other way round.
"""

from collections.abc import Callable
import time
from typing import Any

import oslo_messaging

from tests import base
from tests.fixtures import database
from tests.fixtures import doubles
from tests.unit.db import statements
from volupload import exception
from volupload import rpc
from volupload.context import RequestContext
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume import rpcapi
from volupload.volume.manager import VolumeManager
from volupload.volume.status import VolumeStatus


class OldManager:
    """The endpoint of version 1.0: it knows no cancel_upload."""

    target = oslo_messaging.Target(version='1.0')

    def __init__(self) -> None:
        self.called: list[tuple[str, dict[str, Any]]] = []

    @oslo_messaging.expose
    def create_volume(self, context: RequestContext, volume_id: str) -> None:
        self.called.append(('create_volume', {'volume_id': volume_id}))

    @oslo_messaging.expose
    def copy_volume_to_image(self, context: RequestContext,
                             upload_id: str) -> None:
        self.called.append(('copy_volume_to_image', {'upload_id': upload_id}))


class BusTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        rpc.set_default_url('fake://')
        self.addCleanup(rpc.cleanup)
        # Only what comes over the bus makes a manager work in time.
        self.config(sweep_interval=3600, group='upload')

    def serve(self, endpoint: object) -> None:
        server = rpc.get_server(oslo_messaging.Target(
            topic=rpcapi.TOPIC, server=statements.HOST), [endpoint])
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

    def wait(self, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not done():
            self.assertLess(time.monotonic(), deadline, self.logs.output)
            time.sleep(0.02)


class TestOldApi(BusTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.images = doubles.Images()
        self.backend = doubles.MemoryBackend()
        manager = VolumeManager({statements.HOST: self.backend}, self.images)
        manager.start()
        self.addCleanup(manager.stop, 0)
        self.serve(manager)
        self.client = rpc.get_client(oslo_messaging.Target(
            topic=rpcapi.TOPIC, version='1.0')).prepare(
                server=statements.HOST)

    def cast(self, method: str, **arguments: str) -> None:
        self.client.cast(RequestContext(), method, **arguments)

    def test_what_it_asks_for_is_done(self) -> None:
        volume = statements.make_volume(status=VolumeStatus.CREATING)
        self.cast('create_volume', volume_id=volume.id)
        self.wait(lambda: volumes.get(volume.id).status == 'available')
        volume = volumes.get(volume.id)
        upload = statements.make_upload(volume)
        self.images.images[upload.image_id] = {
            'id': upload.image_id, 'status': 'queued'}
        self.cast('copy_volume_to_image', upload_id=upload.id)
        self.wait(lambda: uploads.get(upload.id).status == 'succeeded')
        volumes.transition(volume.id, [VolumeStatus.AVAILABLE],
                           VolumeStatus.DELETING)
        self.cast('delete_volume', volume_id=volume.id)
        self.wait(lambda: volume.id not in self.backend.volumes)
        self.wait(lambda: self.is_gone(volume.id))

    def is_gone(self, volume_id: str) -> bool:
        try:
            volumes.get(volume_id)
        except exception.VolumeNotFound:
            return True
        return False


class TestOldManager(BusTestCase):

    def test_it_is_told_what_it_knows(self) -> None:
        manager = OldManager()
        self.serve(manager)
        api, context = rpcapi.VolumeAPI(), RequestContext()
        # It does not know this one, and finds the wish when it is updated.
        api.cancel_upload(context, 'u0')
        api.create_volume(context, 'v1')
        api.copy_volume_to_image(context, statements.HOST, 'u1')
        self.wait(lambda: len(manager.called) == 2)
        self.assertCountEqual([
            ('create_volume', {'volume_id': 'v1'}),
            ('copy_volume_to_image', {'upload_id': 'u1'})], manager.called)
