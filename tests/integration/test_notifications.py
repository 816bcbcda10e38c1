# SPDX-License-Identifier: Apache-2.0
"""What a listener on a real RabbitMQ hears of uploads."""

import queue
from typing import Any

import oslo_messaging

from tests import base
from tests.fixtures import database
from tests.fixtures import services
from tests.unit.db.statements import HOST
from tests.unit.db.statements import make_upload
from tests.unit.db.statements import make_volume
from volupload import rpc
from volupload.conf import CONF
from volupload.db import queue as upload_queue
from volupload.db import uploads
from volupload.volume import notifications


class Listener:
    """An endpoint of oslo.messaging; keeps what it hears."""

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()

    def info(self, context: Any, publisher: str, event: str,
             payload: dict[str, Any], metadata: Any) -> None:
        self.heard.put(('info', publisher, event, payload))

    def error(self, context: Any, publisher: str, event: str,
              payload: dict[str, Any], metadata: Any) -> None:
        self.heard.put(('error', publisher, event, payload))


class TestNotifications(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        broker = self.useFixture(services.RabbitMQ())
        self.addCleanup(rpc.cleanup)
        rpc.get_notifier('registers the options')
        rpc.cleanup()
        self.config(transport_url=broker.url)
        self.listener = Listener()
        transport = oslo_messaging.get_notification_transport(CONF)
        self.addCleanup(transport.cleanup)
        server = oslo_messaging.get_notification_listener(
            transport, [oslo_messaging.Target(topic='notifications')],
            [self.listener], executor='threading')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        make_upload(make_volume(), request_id='req-1')
        upload = upload_queue.claim_next([HOST], 'testhost:1:a')
        assert upload is not None
        self.upload = upload

    def notifier(self, *drivers: str) -> notifications.Notifier:
        self.config(driver=list(drivers),
                    group='oslo_messaging_notifications')
        return notifications.Notifier()

    def heard(self) -> tuple[Any, ...]:
        return self.listener.heard.get(timeout=20)

    def test_the_life_of_an_upload_is_told_in_order(self) -> None:
        notifier = self.notifier('messagingv2')
        notifier.start(self.upload)
        self.upload.bytes_sent = 5
        notifier.progress(self.upload)
        notifier.end(self.upload)
        notifier.error(self.upload, 'the disk is broken')
        told = [self.heard() for _ in range(4)]
        self.assertEqual(
            [('info', 'upload.start', 0), ('info', 'upload.progress', 5),
             ('info', 'upload.end', 5), ('error', 'upload.error', 5)],
            [(level, event, payload['bytes_sent'])
             for level, _, event, payload in told])
        self.assertEqual({'upload.testhost'}, {said[1] for said in told})
        facts = told[-1][3]
        row = uploads.get(self.upload.id)
        self.assertEqual(
            (row.id, row.volume_id, row.image_id, 'p1', 'req-1', 'raw', 1,
             'running', 'testhost:1:a', 'the disk is broken',
             row.created_at.isoformat()),
            tuple(facts[name] for name in (
                'upload_id', 'volume_id', 'image_id', 'tenant_id',
                'request_id', 'disk_format', 'size', 'status', 'worker',
                'reason', 'created_at')))

    def test_nothing_is_told_unless_it_is_asked_for(self) -> None:
        self.notifier().start(self.upload)
        self.notifier('messagingv2').end(self.upload)
        self.assertEqual('upload.end', self.heard()[2])
