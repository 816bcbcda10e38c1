# SPDX-License-Identifier: Apache-2.0
"""Processes of two releases on one bus: an old API with a new manager, and
the other way round.
"""

from collections.abc import Iterator
import time
from typing import Any

import oslo_messaging

from tests.fixtures import doubles
from tests.functional import bus
from tests.unit.db import statements
from volupload import exception
from volupload import rpc
from volupload.context import RequestContext
from volupload.db import models
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume import rpcapi
from volupload.volume.api import API
from volupload.volume.manager import VolumeManager
from volupload.volume.status import VolumeStatus

SINCE_1_0 = [('create_volume', {'volume_id': 'v1'}),
             ('copy_volume_to_image', {'upload_id': 'u1'})]

# What an old manager says of a message that it does not know.
UNKNOWN = 'does not support RPC version 1.1'

# Seconds after which what was sent first would have come, too.
WAITED = 0.5


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


class NewManager(OldManager):
    """Of this release."""

    target = oslo_messaging.Target(version=rpcapi.VERSION)

    @oslo_messaging.expose
    def cancel_upload(self, context: RequestContext, upload_id: str) -> None:
        self.called.append(('cancel_upload', {'upload_id': upload_id}))


def send_all() -> None:
    """All that an API of this release has to say."""
    api, context = rpcapi.VolumeAPI(), RequestContext()
    # The old manager finds this wish when it is updated.
    api.cancel_upload(context, 'u0')
    api.create_volume(context, 'v1')
    api.copy_volume_to_image(context, statements.HOST, 'u1')


class TestOldApi(bus.BusTestCase):

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


class TestOldManager(bus.BusTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.old = OldManager()
        self.serve(self.old)

    def send_all(self) -> None:
        """As an API of this release, until the old manager has got it."""
        send_all()
        self.wait(lambda: len(self.old.called) == 2)
        self.assertCountEqual(SINCE_1_0, self.old.called)

    def test_it_does_what_it_knows_and_complains_of_the_rest(self) -> None:
        self.send_all()
        self.wait(lambda: UNKNOWN in self.logs.output)

    def test_it_hears_nothing_unknown_of_an_api_that_is_pinned(self) -> None:
        self.config(volume='1.0', group='upgrade_levels')
        self.send_all()
        time.sleep(WAITED)
        self.assertNotIn(UNKNOWN, self.logs.output)


class TestPin(bus.BusTestCase):
    """What a manager of this release hears."""

    def setUp(self) -> None:
        super().setUp()
        self.new = NewManager()
        self.serve(self.new)

    def test_without_a_pin_it_hears_all(self) -> None:
        for pinned in (None, '1.1'):
            self.new.called.clear()
            self.config(volume=pinned, group='upgrade_levels')
            send_all()
            self.wait(lambda: len(self.new.called) == 3)
            self.assertCountEqual(
                [('cancel_upload', {'upload_id': 'u0'}), *SINCE_1_0],
                self.new.called)

    def test_with_a_pin_it_hears_what_older_ones_know(self) -> None:
        self.config(volume='1.0', group='upgrade_levels')
        send_all()
        self.wait(lambda: len(self.new.called) == 2)
        time.sleep(WAITED)
        self.assertCountEqual(SINCE_1_0, self.new.called)

    def test_what_is_no_version_is_refused(self) -> None:
        for pinned in ('1.2', '2.0', '0.9', '1', 'caracal', 'auto'):
            self.config(volume=pinned, group='upgrade_levels')
            for refuse in (rpcapi.VolumeAPI, rpcapi.check_config):
                error = self.assertRaises(exception.ConfigError, refuse)
                self.assertEqual(
                    f'[upgrade_levels] volume: {pinned} is none of 1.0, 1.1, '
                    'which this release can send', str(error))


class TestPinnedApi(bus.BusTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.images = StandingImages()
        self.backend = doubles.MemoryBackend()
        self.manager = VolumeManager({statements.HOST: self.backend},
                                     self.images)
        self.addCleanup(self.manager.stop, 0)
        self.serve(self.manager)

    def test_an_upload_is_cancelled_by_the_next_look_at_its_row(self) -> None:
        self.config(volume='1.0', group='upgrade_levels')
        self.config(progress_interval=1, group='upload')
        upload = self.run_upload()
        API(self.images).cancel_upload(RequestContext(), upload)
        self.wait(lambda: uploads.get(upload.id).status == 'cancelled')

    def run_upload(self) -> models.Upload:
        volume = statements.make_volume(status=VolumeStatus.IN_USE)
        self.backend.volumes[volume.id] = bytes(3000)
        upload = statements.make_upload(volume)
        self.images.images[upload.image_id] = {
            'id': upload.image_id, 'status': 'queued'}
        self.manager.start()
        self.wait(lambda: uploads.get(upload.id).status == 'running')
        return uploads.get(upload.id)


class StandingImages(doubles.Images):
    """Takes no byte until the upload is broken off."""

    def __init__(self) -> None:
        super().__init__()
        self.broken_off = False
        self.meddle = self._stand   # type: ignore[method-assign]

    def _stand(self, chunks: Iterator[memoryview]) -> Iterator[memoryview]:
        while not self.broken_off:
            time.sleep(0.01)
        yield from chunks
