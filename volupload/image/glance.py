# SPDX-License-Identifier: Apache-2.0
"""The image service, the way the rest of volupload sees it.

`records` has the small requests; here the bytes of a volume are added: their
sending, its end before time, and the look at what Glance made of them.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import time
from typing import Any

from oslo_log import log as logging

from volupload import exception
from volupload.conf import CONF
from volupload.image import put
from volupload.image import records
from volupload.image.answer import Answer
from volupload.image.running import Running

LOG = logging.getLogger(__name__)

# Seconds that Glance may need to notice a connection that is gone.
_SAVING_TIME = 10.0

# Seconds that Glance may take to show what it has stored: its own replicas
# need less, and a restart of Glance, Keystone or a database fits in.
STORING_TIME = 60.0


class ImageService(records.ImageRecords):
    """One for a process and all its threads.

    It loads what it needs with the first request.
    """

    def __init__(self) -> None:
        super().__init__()
        self._running = Running()

    def upload_data(self, image_id: str, chunks: Iterator[memoryview],
                    image_size: int | None) -> None:
        """Send the data of a queued image; never begun again by itself.

        A look at the image comes first. It costs a request and finds, before
        the volume is read, that the image is gone, and it makes keystoneauth
        renew a token that Glance no longer takes: a PUT cannot be repeated.

        :param image_size: the bytes that ``chunks`` gives altogether, which
            Glance then compares; None: not known.
        :raises ImageNotFound: it is deleted or never was.
        :raises ImageDataRefused: with Glance's ``status`` and ``reason``.
        :raises ImageServiceError: the connection broke, or stood still for
            ``[glance] stall_timeout``. If its ``outcome_unknown`` is set
            Glance may have got everything.
        :raises TransferCancelled: `abort` was called. Glance may have got
            everything, as with ``outcome_unknown``.
        :raises Exception: what ``chunks`` raises, unchanged.
        """
        with self._running.abortable():
            status = self._settled_status(image_id)
            if status != 'queued':
                raise exception.ImageDataRefused(
                    status=409, reason=f'The image is {status}, not queued.')
            self._check_stored(self._put(image_id, chunks, image_size))

    def _put(self, image_id: str, chunks: Iterator[memoryview],
             image_size: int | None) -> Answer:
        headers = {'Content-Type': 'application/octet-stream',
                   **records.COMMON, **records.request_id(),
                   **self._session.auth_headers()}
        wire = self._session.wire()
        path = wire.path(f'/v2/images/{image_id}/file')
        with (contextlib.closing(wire.connect()) as connection,
              self._running.held(connection.sock)):
            connection.sock.settimeout(CONF.glance.stall_timeout)
            return put.put(connection, path, headers, chunks, image_size)

    def _check_stored(self, answer: Answer) -> None:
        if answer.status == 401:
            self._session.forget_token()
        if answer.status >= 400:
            raise exception.ImageDataRefused(
                status=answer.status, reason=answer.reason)
        if answer.status != 204:
            self._wrong(answer, unknown=True)

    def _settled_status(self, image_id: str) -> str:
        """The image's status.

        After an upload that broke off it is ``saving`` until Glance notices;
        that is waited for.
        """
        deadline = time.monotonic() + _SAVING_TIME
        while True:
            status = str(self.get_image(image_id).get('status'))
            if status != 'saving' or time.monotonic() > deadline:
                return status
            self._running.pause(_SAVING_TIME / 20)

    def get_stored_image(self, image_id: str) -> dict[str, Any]:
        """The image after its data was sent, when Glance is through with it.

        For as long as it is ``saving``, or as Glance or Keystone has a
        hiccup, it is asked for again, for about ``STORING_TIME``: a volume
        that took hours is not given up for a moment's trouble.

        :returns: the image; still ``saving`` if the time was not enough.
        :raises ImageNotFound: it is deleted; at once.
        :raises ImageServiceError: of the last time that Glance was asked.
        :raises TransferCancelled: `abort` was called while this waited.
        """
        for pause in _pauses():
            try:
                image = self.get_image(image_id)
                if image.get('status') != 'saving':
                    return image
            except exception.ImageServiceError as error:
                LOG.warning('Image %s cannot be compared with its volume yet:'
                            ' %s', image_id, error)
            self._running.pause(pause)
        return self.get_image(image_id)

    def abort(self) -> None:
        """Break off, from another thread, what the process must not wait for.

        Every running `upload_data` raises TransferCancelled at once, whatever
        its PUT waits for; so does every later one. For good: this is for the
        end of the process.
        """
        self._running.abort()


def _pauses(now: Callable[[], float] = time.monotonic) -> Iterator[float]:
    """Seconds to wait between two looks, until the time is over."""
    end = now() + STORING_TIME
    pause = 0.2
    while now() + pause < end:
        yield pause
        pause = min(pause * 1.5, 5)
