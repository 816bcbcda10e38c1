# SPDX-License-Identifier: Apache-2.0
"""Sends the bytes of one image.

http.client writes the request and reads the answer; between them the chunks
go straight from the transfer's buffers to the socket.

Glance may answer before it has everything: its proxy is shutting down, the
quota is used up. So before each chunk a look is taken whether an answer has
come, and when sending breaks the answer is looked for before the broken
connection is reported. Over TLS only the latter: what is readable there need
not be an answer.
"""

from collections.abc import Iterator
import functools
import http.client
import socket
import ssl

from volupload import exception
from volupload.image import wire
from volupload.image.answer import Answer

# Glance reads 64 KiB at a time and copies larger chunks once more; uWSGI
# resets the connection on chunks over its limit of 1 MiB.
CHUNK_SIZE = 64 * 1024

# After a send that failed, the answer is there already or never comes.
_LATE_ANSWER = 2.0


def put(connection: http.client.HTTPConnection, path: str,
        headers: dict[str, str], chunks: Iterator[memoryview],
        image_size: int | None) -> Answer:
    """PUT the chunks and return the answer, which can be an error.

    The caller closes the connection. If ``chunks`` raises that is before the
    end, by which Glance knows that the image is incomplete.

    :param image_size: the sum of the chunks; None: sent in chunked coding.
    :raises ImageServiceError: there is no answer. ``outcome_unknown`` is set:
        Glance may have got everything.
    :raises Exception: what ``chunks`` raises.
    """
    _send_head(connection, path, headers, image_size)
    early = _send_body(connection, chunks, chunked=image_size is None)
    return early or wire.answer(connection)


def _send_head(connection: http.client.HTTPConnection, path: str,
               headers: dict[str, str], image_size: int | None) -> None:
    try:
        connection.putrequest('PUT', path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if image_size is None:
            connection.putheader('Transfer-Encoding', 'chunked')
        else:
            connection.putheader('Content-Length', str(image_size))
            connection.putheader('x-openstack-image-size', str(image_size))
        connection.endheaders()
    except (OSError, ValueError) as error:
        raise wire.lost('sending failed', error, unknown=False) from error


def _send_body(connection: http.client.HTTPConnection,
               chunks: Iterator[memoryview], *,
               chunked: bool) -> Answer | None:
    """Send everything; an answer that comes before is returned."""
    sock = connection.sock
    send = functools.partial(_send_chunked, sock) if chunked else sock.sendall
    plain = not isinstance(sock, ssl.SSLSocket)
    for chunk in chunks:
        if plain and wire.is_readable(connection):
            return wire.answer(connection)
        try:
            send(chunk)
        except OSError as error:
            return _late_answer(connection, error)
    try:
        sock.sendall(b'0\r\n\r\n' if chunked else b'')
    except OSError as error:
        return _late_answer(connection, error)
    return None


def _send_chunked(sock: socket.socket, data: memoryview) -> None:
    for start in range(0, len(data), CHUNK_SIZE):
        part = data[start:start + CHUNK_SIZE]
        # One copy is cheaper than three calls with a packet each.
        sock.sendall(b''.join((b'%x\r\n' % len(part), part, b'\r\n')))


def _late_answer(connection: http.client.HTTPConnection,
                 cause: OSError) -> Answer:
    """Why the other side stopped reading, if it said so."""
    connection.sock.settimeout(_LATE_ANSWER)
    try:
        return wire.answer(connection)
    except exception.ImageServiceError:
        raise wire.lost('sending failed', cause) from cause
