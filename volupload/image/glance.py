# SPDX-License-Identifier: Apache-2.0
"""The image service, the way the rest of volupload sees it.

`records` has the small requests; here the bytes of a volume are added: their
sending, its end before time, and the look at what Glance made of them.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import http.client
import time
from typing import Any

from oslo_log import log as logging

from volupload import exception
from volupload.conf import CONF
from volupload.image import put
from volupload.image import records
from volupload.image import running
from volupload.image.answer import Answer
from volupload.transfer import Chunk

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
        self._running = running.Running()

    @property
    def takes_files(self) -> bool:
        """Whether `upload_data` takes a `FileRange`: not over TLS.

        :raises ImageServiceError: nothing tells where Glance is.
        """
        return not self._session.wire().is_tls

    @contextlib.contextmanager
    def abortable(self, image_id: str) -> Iterator[None]:
        """All within is one thing for `abort`, and what it does in between.

        An `abort` that comes between two of its calls ends the second one.
        """
        with self._running.scope(image_id):
            yield

    def upload_data(self, image_id: str, chunks: Iterator[Chunk],
                    image_size: int | None) -> None:
        """Send the data of a queued image; never begun again by itself.

        A look at the image comes first. It costs a request and finds, before
        the volume is read, that the image is gone, and it makes keystoneauth
        renew a token that Glance no longer takes: a PUT cannot be repeated.

        When the connection breaks another look comes last, before anything
        is decided: an image that has become active was received, whatever
        became of the answer. That it is the right one the caller has to see,
        here as after every other sending.

        :param image_size: the bytes that ``chunks`` gives altogether, which
            Glance then compares; None: not known.
        :raises ImageNotFound: it is deleted or never was.
        :raises ImageAlreadyActive: it has its data.
        :raises ImageNotQueued: it takes none, after some time of waiting.
        :raises ImageDataRefused: with Glance's ``status`` and ``reason``.
        :raises ImageServiceError: the connection broke, or stood still for
            ``[glance] stall_timeout``, and the image is not active. If its
            ``outcome_unknown`` is set it may become so.
        :raises TransferCancelled: `abort` was called. Glance may have got
            everything, as with ``outcome_unknown``.
        :raises Exception: what ``chunks`` raises, unchanged.
        """
        with self._running.scope(image_id) as scope, scope.translated():
            status = self._settled_status(image_id, scope)
            if status == 'active':
                raise exception.ImageAlreadyActive(image_id=image_id)
            if status != 'queued':
                raise exception.ImageNotQueued(status=status)
            connection, path, headers = self._prepare(image_id, scope)
            try:
                with (contextlib.closing(connection),
                      scope.held(connection.sock)):
                    answer = put.put(connection, path, headers, chunks,
                                     image_size, CONF.glance.stall_timeout)
            except exception.ImageServiceError as error:
                self._look_after(image_id, scope, error)
                return
            self._check_stored(image_id, scope, answer)

    def _prepare(self, image_id: str, scope: running.Scope) -> tuple[
            http.client.HTTPConnection, str, dict[str, str]]:
        """A connection for the PUT, the path and the headers."""
        headers = {'Content-Type': 'application/octet-stream',
                   **records.COMMON, **records.request_id(),
                   **scope.apart(self._session.auth_headers)}
        wire = scope.apart(self._session.wire)
        connection = scope.apart(
            wire.connect, discard=lambda late: late.close())
        return connection, wire.path(f'/v2/images/{image_id}/file'), headers

    def _look_after(self, image_id: str, scope: running.Scope,
                    error: exception.ImageServiceError) -> None:
        """See what Glance made of data whose answer never came.

        :raises ImageServiceError: nothing; with both reasons in it.
        :raises ImageNotFound: it was deleted meanwhile.
        """
        scope.pause(0)
        # Of what was not sent to its end Glance need not finish anything.
        patience = STORING_TIME if error.outcome_unknown else _SAVING_TIME
        try:
            image = self._wait(image_id, scope, patience)
        except exception.ImageServiceError as second:
            raise _both(error, str(second)) from error
        if image.get('status') != 'active' or not error.outcome_unknown:
            raise _both(error, f"the image is {image.get('status')} after "
                               'that') from error
        LOG.warning('Image %s is active although its answer was lost: %s',
                    image_id, error)

    def _check_stored(self, image_id: str, scope: running.Scope,
                      answer: Answer) -> None:
        if answer.status == 401:
            self._session.forget_token()
        if answer.status in (404, 410):   # deleted meanwhile, or a refusal?
            with contextlib.suppress(exception.ImageServiceError):
                scope.apart(lambda: self.get_image(image_id))
        if answer.status >= 400:
            raise exception.ImageDataRefused(
                status=answer.status, reason=answer.reason)
        if answer.status != 204:
            self._wrong(answer, unknown=True)

    def _settled_status(self, image_id: str, scope: running.Scope) -> str:
        """The image's status before its data is sent.

        After an upload that broke off it is ``saving`` until Glance notices,
        or has stored the end of it; that is waited for.
        """
        status = str(scope.apart(
            lambda: self.get_image(image_id)).get('status'))
        if status == 'saving':
            status = str(self._wait(
                image_id, scope, STORING_TIME).get('status'))
        return status

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
        with self._running.scope(image_id) as scope, scope.translated():
            return self._wait(image_id, scope, STORING_TIME)

    def _wait(self, image_id: str, scope: running.Scope,
              patience: float) -> dict[str, Any]:
        """Ask for the image until it is no longer ``saving``."""
        for pause in _pauses(patience):
            try:
                image = scope.apart(lambda: self.get_image(image_id))
                if image.get('status') != 'saving':
                    return image
            except exception.ImageServiceError as error:
                LOG.warning('Image %s cannot be looked at yet: %s',
                            image_id, error)
            scope.pause(pause)
        return scope.apart(lambda: self.get_image(image_id))

    def abort(self, image_id: str | None = None) -> None:
        """Break off, from another thread, what waits for an image or for all.

        What runs for it, `upload_data` or `get_stored_image`, raises
        TransferCancelled within a moment, whatever it waits for; so does all
        that follows in the same `abortable`.

        :param image_id: None: every image, and for good: this is for the end
            of the process.
        """
        self._running.abort(image_id)


def _both(error: exception.ImageServiceError,
          words: str) -> exception.ImageServiceError:
    result = exception.ImageServiceError(f'{error}; {words}')
    result.outcome_unknown = error.outcome_unknown
    return result


def _pauses(patience: float,
            now: Callable[[], float] = time.monotonic) -> Iterator[float]:
    """Seconds to wait between two looks, until the time is over."""
    end = now() + patience
    pause = 0.2
    while now() + pause < end:
        yield pause
        pause = min(pause * 1.5, 5)
