# SPDX-License-Identifier: Apache-2.0
"""Sends the bytes of one image over a connection of its own.

http.client writes the request and reads the answer; between them the chunks
go straight from the transfer's buffers to the socket. requests would do the
same work with twice the CPU.

Glance may answer before it has everything: the image was deleted, the quota
is used up. So before each chunk a look is taken whether an answer has come,
and when sending breaks the answer is looked for before the broken connection
is reported. Over TLS only the latter: what is readable there need not be an
answer.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import http.client
import select
import socket
import ssl
from urllib import parse

from volupload import exception
from volupload.image.answer import Answer

# Glance reads 64 KiB at a time and copies larger chunks once more; uWSGI
# resets the connection on chunks over its limit of 1 MiB.
CHUNK_SIZE = 64 * 1024

# Enough for any reason; what a wrong endpoint may say besides is left unread.
_MAX_ANSWER = 64 * 1024

# After a send that failed, the answer is there already or never comes.
_LATE_ANSWER = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """Where to, and how long one pause may be (seconds)."""

    url: str
    connect_timeout: float
    stall_timeout: float
    tls: ssl.SSLContext | None


def put(target: Target, headers: dict[str, str],
        chunks: Iterator[memoryview], image_size: int | None) -> Answer:
    """PUT the chunks and return the answer, which can be an error.

    :param image_size: the sum of the chunks; None: sent in chunked coding.
    :raises ImageServiceError: there is no answer. ``outcome_unknown`` is set:
        Glance may have got everything.
    :raises Exception: what ``chunks`` raises. The connection is closed then,
        before the end, by which Glance knows that the image is incomplete.
    """
    connection = _connect(target)
    with contextlib.closing(connection):
        _send_head(connection, target, headers, image_size)
        answer = _send_body(connection, chunks, chunked=image_size is None)
        return answer or _answer(connection)


def _connect(target: Target) -> http.client.HTTPConnection:
    url = parse.urlsplit(target.url)
    host = url.hostname or ''
    timeout = target.connect_timeout
    connection = (
        http.client.HTTPSConnection(host, url.port, timeout=timeout,
                                    context=target.tls)
        if target.tls else
        http.client.HTTPConnection(host, url.port, timeout=timeout))
    try:
        connection.connect()
    except OSError as error:
        connection.close()
        raise _lost(f'cannot connect to {target.url}', error,
                    unknown=False) from error
    connection.sock.settimeout(target.stall_timeout)
    return connection


def _send_head(connection: http.client.HTTPConnection, target: Target,
               headers: dict[str, str], image_size: int | None) -> None:
    try:
        connection.putrequest('PUT', parse.urlsplit(target.url).path,
                              skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if image_size is None:
            connection.putheader('Transfer-Encoding', 'chunked')
        else:
            connection.putheader('Content-Length', str(image_size))
            connection.putheader('x-openstack-image-size', str(image_size))
        connection.endheaders()
    except (OSError, ValueError) as error:
        raise _lost('sending failed', error, unknown=False) from error


def _send_body(connection: http.client.HTTPConnection,
               chunks: Iterator[memoryview], *,
               chunked: bool) -> Answer | None:
    """Send everything; an answer that comes before is returned."""
    send = _send_chunked if chunked else socket.socket.sendall
    early = _Early(connection.sock)
    for chunk in chunks:
        if early.is_there():
            return _answer(connection)
        try:
            send(connection.sock, chunk)
        except OSError as error:
            return _late_answer(connection, error)
    if chunked:
        try:
            connection.sock.sendall(b'0\r\n\r\n')
        except OSError as error:
            return _late_answer(connection, error)
    return None


def _send_chunked(sock: socket.socket, data: memoryview) -> None:
    for start in range(0, len(data), CHUNK_SIZE):
        part = data[start:start + CHUNK_SIZE]
        # One copy is cheaper than three calls with a packet each.
        sock.sendall(b''.join((b'%x\r\n' % len(part), part, b'\r\n')))


class _Early:
    """Sees, without waiting, whether something came on a plain socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._poll = select.poll()
        if not isinstance(sock, ssl.SSLSocket):
            self._poll.register(sock, select.POLLIN)

    def is_there(self) -> bool:
        return bool(self._poll.poll(0))


def _late_answer(connection: http.client.HTTPConnection,
                 cause: OSError) -> Answer:
    """Why the other side stopped reading, if it said so."""
    connection.sock.settimeout(_LATE_ANSWER)
    try:
        return _answer(connection)
    except exception.ImageServiceError:
        raise _lost('sending failed', cause) from cause


def _answer(connection: http.client.HTTPConnection) -> Answer:
    try:
        with connection.getresponse() as response:
            return Answer(response.status, dict(response.headers),
                          response.read(_MAX_ANSWER))
    except (OSError, http.client.HTTPException) as error:
        raise _lost('no answer', error) from error


def _lost(what: str, error: Exception, *,
          unknown: bool = True) -> exception.ImageServiceError:
    reason = str(error) or type(error).__name__
    lost = exception.ImageServiceError(reason=f'{what}: {reason}')
    lost.outcome_unknown = unknown
    return lost
