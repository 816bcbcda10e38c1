# SPDX-License-Identifier: Apache-2.0
"""What an operator does with uploads, managers and messages.

Everything goes by the database, and ``reset`` by Glance: no manager and no
API needs to run. Errors are raised as they are; `manage` prints them.
"""

from collections.abc import Iterator
import contextlib
import datetime
import os
import socket

from volupload import exception
from volupload.cmd.operations import output
from volupload.conf import CONF
from volupload.db import messages
from volupload.db import models
from volupload.db import queue
from volupload.db import services
from volupload.db import session
from volupload.db import uploads
from volupload.image import glance
from volupload.volume import catalogue
from volupload.volume.status import FINISHED
from volupload.volume.status import LEASED
from volupload.volume.status import UploadStatus

_LISTED = ('id', 'status', 'phase', 'project_id', 'volume_id', 'image_id',
           'bytes_sent', 'attempt', 'worker', 'created_at', 'reason')
_SHOWN = tuple(column.name for column in models.Upload.__table__.columns)
_PURGED_AT_ONCE = 1000


def upload_list() -> None:
    """Show uploads, the newest first."""
    command = CONF.command
    filters = {'status': [command.status] if command.status
               else sorted(set(UploadStatus) - FINISHED)}
    if command.all:
        filters = {}
    found = uploads.get_all(command.project, filters=filters,
                            limit=command.limit)
    output.show([vars(upload) for upload in found], _LISTED, command.json)


def upload_show() -> None:
    """Show everything that is known of an upload."""
    upload = uploads.get(CONF.command.id)
    row = {name: getattr(upload, name) for name in _SHOWN}
    if CONF.command.json:
        output.show([row], _SHOWN, as_json=True)
    else:
        output.show([{'field': name, 'value': value}
                     for name, value in row.items()],
                    ('field', 'value'), as_json=False)


def upload_reset() -> None:
    """End an upload as failed: image deleted, volume given back.

    A manager that is running it notices within seconds, and stops.
    """
    upload = uploads.get(CONF.command.id)
    if upload.status in FINISHED:
        raise SystemExit(f'{CONF.prog}: upload {upload.id} is {upload.status} '
                         'already')
    taken = upload.status not in LEASED or queue.take_over(upload, _name())
    if taken:
        images = glance.ImageService()
        with contextlib.suppress(exception.ImageNotFound):
            if upload.protected:
                images.update_image(upload.image_id, protected=False)
        images.delete_image(upload.image_id)
    if not taken or not uploads.settle(
            upload, UploadStatus.FAILED, CONF.command.reason):
        raise SystemExit(f'{CONF.prog}: upload {upload.id} has changed '
                         'meanwhile, look at it again')
    print(f'Upload {upload.id} is failed, image {upload.image_id} deleted, '
          f'volume {upload.volume_id} {upload.previous_status}.')


def db_purge() -> None:
    """Remove what nobody needs any more: a command for cron.

    Uploads that are finished, managers that have not lived, for so many days;
    and messages that have expired.
    """
    upload_purge()
    message_purge()
    print(f'Services removed: {services.purge(_days_ago(CONF.command.days))}')


def upload_purge() -> None:
    """Remove finished uploads from the database."""
    before = _days_ago(CONF.command.days)
    total = 0
    # A few at a time, so that no statement keeps others waiting for long.
    while removed := uploads.purge(before, _PURGED_AT_ONCE):
        total += removed
    print(f'Uploads removed: {total} (finished before '
          f'{before:%Y-%m-%d %H:%M} UTC)')


def service_list() -> None:
    """Show the volume managers and whether they live."""
    rows = [{'binary': program.binary, 'host': program.host,
             'state': 'up' if program.is_up else 'down',
             'updated_at': program.seen_at}
            for program in catalogue.programs()]
    output.show(rows, ('binary', 'host', 'state', 'updated_at'),
                CONF.command.json)


def message_purge() -> None:
    """Remove messages to users that have expired."""
    print(f'Messages removed: {messages.purge()}')


@contextlib.contextmanager
def told_in_a_line() -> Iterator[None]:
    """:raises SystemExit: in place of an error that was foreseen."""
    try:
        yield
    except exception.VoluploadError as error:
        raise SystemExit(f'{CONF.prog}: {error}') from None
    except session.TROUBLE as error:
        # An empty database, most often; the text has the statement in it.
        words = str(error).splitlines()[0]
        raise SystemExit(
            f'{CONF.prog}: the database cannot be used: {words}') from None


def _days_ago(days: int) -> datetime.datetime:
    return models.utcnow() - datetime.timedelta(days=days)


def _name() -> str:
    return f'{socket.gethostname()}:{os.getpid()}:manage'
