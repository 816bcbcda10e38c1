# SPDX-License-Identifier: Apache-2.0
"""What is told on the message bus about uploads, for whoever listens.

::

    upload.start      an attempt begins                              INFO
    upload.progress   with every sign of life, if notify_progress    INFO
    upload.end        it has succeeded or was cancelled              INFO
    upload.error      it has failed; `reason` says why               ERROR

Nothing is sent unless ``[oslo_messaging_notifications] driver`` is set. What
becomes of an upload stands in the database before it is told, and what cannot
be told is logged: a listener that has to know everything asks the API too.
"""

from collections.abc import Callable
import datetime
import functools
import logging
from typing import Any

from volupload import rpc
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import models
from volupload.volume.announcer import Announcer

LOG = logging.getLogger(__name__)

# Of the row; `tenant_id` is what Cinder's listeners look for.
_FIELDS = ('status', 'phase', 'volume_id', 'image_id', 'image_name',
           'disk_format', 'container_format', 'image_size', 'bytes_read',
           'bytes_sent', 'rate', 'attempt', 'host', 'worker', 'user_id',
           'request_id', 'reason', 'created_at', 'started_at', 'finished_at')


class Notifier:
    """One for a process; it connects with its first message."""

    def __init__(self) -> None:
        self._announcer = Announcer('notifications are lost')
        self._told_by = functools.cache(
            lambda: rpc.get_notifier(f'upload.{CONF.host}'))

    def start(self, upload: models.Upload) -> None:
        self._tell('info', 'upload.start', upload)

    def progress(self, upload: models.Upload) -> None:
        self._tell('info', 'upload.progress', upload)

    def end(self, upload: models.Upload) -> None:
        self._tell('info', 'upload.end', upload)

    def error(self, upload: models.Upload, reason: str) -> None:
        self._tell('error', 'upload.error', upload, reason=reason)

    def _tell(self, priority: str, event: str, upload: models.Upload,
              **more: str) -> None:
        """No upload is given up because nobody can be told of it."""
        try:
            self._put(priority, event, upload, more)
        except Exception:
            LOG.exception('%s of upload %s cannot be told', event, upload.id)

    def _put(self, priority: str, event: str, upload: models.Upload,
             more: dict[str, str]) -> None:
        notifier = self._told_by()
        if not notifier.is_enabled():
            return
        # The row goes on changing while the message waits.
        facts = {**payload(upload), **more}
        context = RequestContext(
            overwrite=False, request_id=upload.request_id,
            user_id=upload.user_id, project_id=upload.project_id)
        self._announcer.put(functools.partial(
            _send, getattr(notifier, priority), context, event, facts))


def payload(upload: models.Upload) -> dict[str, Any]:
    """The facts of an upload; sizes in bytes but `size`, which is GiB."""
    facts: dict[str, Any] = {
        'upload_id': upload.id, 'tenant_id': upload.project_id,
        'size': upload.size_gb}
    for name in _FIELDS:
        value = getattr(upload, name)
        if isinstance(value, datetime.datetime):
            value = value.isoformat()
        facts[name] = value
    return facts


def _send(tell: Callable[..., None], context: RequestContext, event: str,
          facts: dict[str, Any]) -> None:
    try:
        tell(context, event, facts)
    except Exception as error:   # whatever the driver's library raises
        LOG.warning('%s of upload %s was not sent: %s', event,
                    facts['upload_id'], error)
