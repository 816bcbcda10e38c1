# SPDX-License-Identifier: Apache-2.0
"""HTTP to one Glance, on http.client and nothing more.

For the two requests that count: the one that a user waits for, and the one
that carries a volume. It takes a quarter of the CPU of the same request
through requests (0.2 and 0.9 ms, on a connection that is open), and it knows
for sure whether a request that failed can have reached Glance.
"""

import collections
import contextlib
import dataclasses
import http.client
import re
import select
import ssl
import time
from urllib import parse

from volupload import exception
from volupload.image.answer import Answer

# What a wrong endpoint may say beyond this is left unread. An image shows
# itself in 1 or 2 KiB, with all properties that Glance allows in far less.
_MAX_ANSWER = 1024 * 1024

# Web servers close a connection that was idle for 5 s or longer (Apache's
# default, the shortest of the usual ones); so it is not trusted that long.
_MAX_IDLE = 4.0

# Who is there accepts in milliseconds. Of one packet lost, the next attempts
# follow after 1 and after 3 s.
CONNECT_TIMEOUT = 5.0

_HUNG_UP = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)

_UNSENDABLE = re.compile(r'[\x00-\x20\x7f-\uffff]')


class Wire:
    """Connections to the server of ``url``; threads share it."""

    def __init__(self, url: str, tls: ssl.SSLContext | None,
                 timeout: float | None) -> None:
        """
        :param url: without a slash at the end.
        :param tls: for https; None: http.
        :param timeout: seconds between two packets; to connect no more than
            ``CONNECT_TIMEOUT``.
        :raises ValueError: it is no URL.
        """
        self.url = url
        parts = parse.urlsplit(url)
        if (parts.scheme not in ('http', 'https') or not parts.hostname
                or _UNSENDABLE.search(url)):
            raise ValueError(f'{url} is no URL of http or https')
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path
        self._tls = tls
        self._timeout = timeout
        # with the time since when
        self._idle: collections.deque[
            tuple[float, http.client.HTTPConnection]] = collections.deque()

    def request(self, method: str, path: str, headers: dict[str, str],
                body: bytes) -> Answer:
        """One request, on an open connection where there is one.

        If the server hangs up on that one at the same moment, the request is
        sent again on a new one, and the answer says that it is ``repeated``.

        :raises ImageServiceError: there is no answer; ``outcome_unknown``
            says whether the request may have got through all the same.
        """
        connection = self._take_idle()
        if connection is None:
            return self._ask(self.connect(), method, path, headers, body)
        try:
            return self._ask(connection, method, path, headers, body)
        except exception.ImageServiceError as error:
            if not isinstance(error.__cause__, _HUNG_UP):
                raise
        try:
            result = self._ask(self.connect(), method, path, headers, body)
        except exception.ImageServiceError as error:
            error.outcome_unknown = True
            raise
        return dataclasses.replace(result, repeated=True)

    def _ask(self, connection: http.client.HTTPConnection, method: str,
             path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send a request and read the answer; the connection is kept then."""
        try:
            connection.request(method, self.path(path), body, headers)
            result = answer(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise lost('sending failed', error) from error
            if isinstance(error, (ValueError, http.client.HTTPException)):
                # http.client refuses to send this at all
                raise lost('sending failed', error, unknown=False) from error
            raise
        if connection.sock:   # http.client closes it if the server does
            self._idle.append((time.monotonic(), connection))
        return result

    def connect(self) -> http.client.HTTPConnection:
        """A new connection, the caller's to close.

        :raises ImageServiceError: there is none.
        """
        timeout = connect_timeout(self._timeout)
        connection = (
            http.client.HTTPSConnection(self._host, self._port,
                                        timeout=timeout, context=self._tls)
            if self._tls else
            http.client.HTTPConnection(self._host, self._port,
                                       timeout=timeout))
        try:
            connection.connect()
            connection.sock.settimeout(self._timeout)
        except (OSError, ValueError) as error:
            connection.close()
            raise lost(f'cannot connect to {self.url}', error,
                       unknown=False) from error
        return connection

    @property
    def is_tls(self) -> bool:
        return self._tls is not None

    def path(self, path: str) -> str:
        """What to ask the server for; the URL may have a path of its own."""
        return self._path + path

    def close(self) -> None:
        """Close what is idle; requests under way are not touched."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop()[1].close()

    def _take_idle(self) -> http.client.HTTPConnection | None:
        """A connection on which the server has not hung up; most likely."""
        with contextlib.suppress(IndexError):
            while True:
                since, connection = self._idle.pop()
                if (time.monotonic() - since < _MAX_IDLE
                        and not is_readable(connection)):
                    return connection
                connection.close()
        return None


def connect_timeout(timeout: float | None) -> float:
    """Seconds to wait for a connection, if ``timeout`` is for an answer."""
    return min(CONNECT_TIMEOUT, timeout or CONNECT_TIMEOUT)


def is_readable(connection: http.client.HTTPConnection) -> bool:
    """Whether something has come, an answer or the end; does not wait."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def answer(connection: http.client.HTTPConnection) -> Answer:
    """Wait for the answer to what was sent.

    :raises ImageServiceError: there is none.
    """
    try:
        with connection.getresponse() as response:
            body = response.read(_MAX_ANSWER)
            if not response.isclosed():   # there is more, or it was cut off
                connection.close()
            return Answer(response.status, dict(response.headers), body)
    except (OSError, http.client.HTTPException) as error:
        raise lost('no answer', error) from error


def lost(what: str, error: Exception, *,
         unknown: bool = True) -> exception.ImageServiceError:
    """An error for a request without an answer."""
    reason = str(error) or type(error).__name__
    result = exception.ImageServiceError(reason=f'{what}: {reason}')
    result.outcome_unknown = unknown
    return result
