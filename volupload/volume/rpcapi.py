# SPDX-License-Identifier: Apache-2.0
"""The calling side of the volume manager's RPC interface.

Every message is a cast and only a wake-up: what there is to do stands in the
database, where a manager finds it without the message too. A bus that is
down is therefore logged, not raised.

Messages are sent by a thread of their own, see `announcer`.

Version 1.0: create_volume, delete_volume, copy_volume_to_image.
Version 1.1: cancel_upload, to every manager: any of them may run it. A manager
of 1.0 does not know it, and finds the wish when it is updated.

[upgrade_levels] volume names the highest version that is sent.
"""

import contextvars
import functools
import logging

import oslo_messaging

from volupload import exception
from volupload import rpc
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.volume.announcer import Announcer

LOG = logging.getLogger(__name__)

TOPIC = 'volupload-volume'
VERSIONS = ('1.0', '1.1')   # all that a manager of this release takes
VERSION = VERSIONS[-1]

# The others are sent as of 1.0, which the managers of that time take too.
_SINCE = {'cancel_upload': '1.1'}
_FANOUT = frozenset({'cancel_upload'})


def check_config() -> None:
    """:raises ConfigError: [upgrade_levels] volume is no version."""
    _pinned()


def _pinned() -> str:
    pinned: str = CONF.upgrade_levels.volume or VERSION
    if pinned not in VERSIONS:
        raise exception.ConfigError(
            section='upgrade_levels', option='volume',
            reason=f'{pinned} is none of {", ".join(VERSIONS)}, which this '
                   'release can send')
    return pinned


class VolumeAPI:
    """Mirrors `volupload.volume.manager.VolumeManager`."""

    def __init__(self) -> None:
        """:raises ConfigError: [upgrade_levels] volume is no version."""
        self._client = rpc.get_client(
            oslo_messaging.Target(topic=TOPIC, version='1.0'), _pinned())
        self._announcer = Announcer(
            'managers will find their work by themselves')

    def create_volume(self, context: RequestContext, volume_id: str) -> None:
        self._cast(context, None, 'create_volume', volume_id=volume_id)

    def delete_volume(self, context: RequestContext, host: str,
                      volume_id: str) -> None:
        self._cast(context, host, 'delete_volume', volume_id=volume_id)

    def copy_volume_to_image(self, context: RequestContext, host: str,
                             upload_id: str) -> None:
        self._cast(context, host, 'copy_volume_to_image',
                   upload_id=upload_id)

    def cancel_upload(self, context: RequestContext, upload_id: str) -> None:
        """Have the manager that runs it look now, and not in two seconds."""
        self._cast(context, None, 'cancel_upload', upload_id=upload_id)

    def _cast(self, context: RequestContext, host: str | None, method: str,
              **arguments: str) -> None:
        """Tell the manager of `host`, or any one manager for None."""
        if not self._client.can_send_version(_SINCE.get(method, '1.0')):
            LOG.debug('%s is newer than [upgrade_levels] volume', method)
            return
        # What is being traced here goes along to the announcer's thread.
        self._announcer.put(functools.partial(
            contextvars.copy_context().run, self._send, context, host, method,
            arguments))

    def _send(self, context: RequestContext, host: str | None, method: str,
              arguments: dict[str, str]) -> None:
        try:
            self._client.prepare(
                server=host, retry=0, fanout=method in _FANOUT,
                version=_SINCE.get(method, '1.0'),
            ).cast(context, method, **arguments)
        except Exception as error:
            # Whatever it is (oslo.messaging lets errors of its drivers'
            # libraries through), the row stands and is enough.
            LOG.warning('%s %s was not announced, a manager will find it '
                        'by itself: %s', method, arguments, error)
