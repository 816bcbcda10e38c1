# SPDX-License-Identifier: Apache-2.0
"""Sends the bytes of one image.

http.client writes the request and reads the answer; between them the chunks
go straight from the transfer's buffers, or from the volume's file, to the
socket: `sending` does that.

Glance may answer before it has everything: its proxy is shutting down, the
quota is used up. So a look is taken whether an answer has come, before each
chunk and while the socket is full, and when sending breaks the answer is
looked for before the broken connection is reported. Over TLS only the latter:
what is readable there need not be an answer.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import http.client

from volupload import exception
from volupload.image import sending
from volupload.image import wire
from volupload.image.answer import Answer
from volupload.transfer import Chunk
from volupload.transfer import FileRange

# After a send that failed, the answer is there already or never comes.
_LATE_ANSWER = 2.0

_Ending = Callable[[http.client.HTTPConnection], Answer]


def put(connection: http.client.HTTPConnection, path: str,
        headers: dict[str, str], chunks: Iterator[Chunk],
        image_size: int | None, stall_timeout: float) -> Answer:
    """PUT the chunks and return the answer, which can be an error.

    The caller closes the connection. If ``chunks`` raises that is before the
    end, by which Glance knows that the image is incomplete.

    :param chunks: without any `FileRange` if the connection is TLS or the
        size is not known.
    :param image_size: the sum of the chunks; None: sent in chunked coding.
    :param stall_timeout: seconds for which nothing may move, and which the
        answer may take.
    :raises ImageServiceError: there is no answer. ``outcome_unknown`` is set
        if Glance may have got everything.
    :raises SourceError, ShortRead: a `FileRange` cannot be read.
    :raises Exception: what ``chunks`` raises.
    """
    connection.sock.settimeout(stall_timeout)
    _send_head(connection, path, headers, image_size)
    sender = sending.Sender(connection.sock, stall_timeout)
    with contextlib.closing(sender):
        early = _send_body(sender, chunks, chunked=image_size is None)
    return early(connection) if early else wire.answer(connection)


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


def _send_body(sender: sending.Sender, chunks: Iterator[Chunk], *,
               chunked: bool) -> _Ending | None:
    """Send everything; else tell how the answer is to be found."""
    for chunk in chunks:
        try:
            _send(sender, chunk, chunked=chunked)
        except sending.Answered:
            return _early_answer
        except OSError as error:
            return functools.partial(_late_answer, cause=error)
    if chunked:
        try:
            sender.end_chunks()
        except (sending.Answered, OSError) as error:
            return functools.partial(_late_answer, cause=error)
    return None


def _send(sender: sending.Sender, chunk: Chunk, *, chunked: bool) -> None:
    if isinstance(chunk, FileRange):
        sender.send_file(chunk)
    elif chunked:
        sender.send_chunk(chunk)
    else:
        sender.send(chunk)


def _early_answer(connection: http.client.HTTPConnection) -> Answer:
    """Of a server that has not got everything, whether it knows or not."""
    try:
        return wire.answer(connection)
    except exception.ImageServiceError as error:
        cause = error.__cause__
        raise wire.lost('sending failed', cause if isinstance(
            cause, Exception) else error, unknown=False) from cause


def _late_answer(connection: http.client.HTTPConnection,
                 cause: Exception) -> Answer:
    """Why the other side stopped reading, if it said so."""
    connection.sock.settimeout(_LATE_ANSWER)
    try:
        return wire.answer(connection)
    except exception.ImageServiceError:
        raise wire.lost('sending failed', cause, unknown=False) from cause
