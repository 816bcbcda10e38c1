# SPDX-License-Identifier: Apache-2.0
"""The calling side of the volume manager's RPC interface.

Every message is a cast and only a wake-up: what there is to do stands in the
database, where a manager finds it without the message too. A bus that is
down is therefore logged, not raised.

Nothing is tried again, since every retry is a request that waits: measured
with a RabbitMQ that is down, one retry takes 2 to 3 s and none takes 1 ms. A
connection that broke unnoticed meanwhile is replaced all the same.

Version 1.0: create_volume, delete_volume, copy_volume_to_image.
"""

import logging

import oslo_messaging

from volupload import rpc
from volupload.context import RequestContext

LOG = logging.getLogger(__name__)

TOPIC = 'volupload-volume'
VERSION = '1.0'


class VolumeAPI:
    """Mirrors `volupload.volume.manager.VolumeManager`."""

    def __init__(self) -> None:
        self._client = rpc.get_client(
            oslo_messaging.Target(topic=TOPIC, version=VERSION))

    def create_volume(self, context: RequestContext, volume_id: str) -> None:
        self._cast(context, None, 'create_volume', volume_id=volume_id)

    def delete_volume(self, context: RequestContext, host: str,
                      volume_id: str) -> None:
        self._cast(context, host, 'delete_volume', volume_id=volume_id)

    def copy_volume_to_image(self, context: RequestContext, host: str,
                             upload_id: str) -> None:
        self._cast(context, host, 'copy_volume_to_image',
                   upload_id=upload_id)

    def _cast(self, context: RequestContext, host: str | None, method: str,
              **arguments: str) -> None:
        """Tell the manager of `host`, or any one manager for None."""
        try:
            self._client.prepare(server=host, retry=0).cast(
                context, method, **arguments)
        except Exception as error:
            # Whatever it is (oslo.messaging lets errors of its drivers'
            # libraries through), the row stands and is enough.
            LOG.warning('%s %s was not announced, a manager will find it '
                        'by itself: %s', method, arguments, error)
