# SPDX-License-Identifier: Apache-2.0
"""Takes in the request's body, up to ``[api] max_request_body_size``.

The body is read here, whoever the client is and however it is sent: with a
length or in chunks. Nothing behind has to care, and no answer goes out while
half of the body is still on its way, which some servers turn into a
connection reset that hides the answer.
"""

from collections.abc import Iterable
import io
import sys
from typing import Any

from volupload import exception
from volupload.api import faults
from volupload.api.middleware import Filter
from volupload.api.types import Environ
from volupload.api.types import StartResponse
from volupload.conf import CONF

# How much of a body that is too long is thrown away before the answer. Who
# sends more has to live with the reset.
_DISCARD = 1024 * 1024
_BLOCK = 64 * 1024

# Of a length; int() takes no more than some thousands.
_DIGITS = 18


class SizeLimit(Filter):

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        try:
            self._take_in(environ)
        except exception.Invalid as error:
            return faults.respond(error, environ, start_response)
        except exception.RequestTooLarge as error:
            return faults.respond(error, environ, start_response)
        return self.app(environ, start_response)

    def _take_in(self, environ: Environ) -> None:
        length = _length(environ)
        if length == 0:
            return
        limit: int = CONF.api.max_request_body_size
        try:
            body = _read(environ['wsgi.input'], length, limit)
        except OSError:   # the client went away
            raise exception.MalformedRequestBody() from None
        environ['wsgi.input'] = io.BytesIO(body)
        environ['CONTENT_LENGTH'] = str(len(body))


def _length(environ: Environ) -> int | None:
    """Of the body; None when only its end will tell."""
    given = environ.get('CONTENT_LENGTH')
    if given:
        if not (given.isascii() and given.isdigit()):
            raise exception.MalformedRequestBody()
        return int(given) if len(given) <= _DIGITS else sys.maxsize
    chunked = (environ.get('HTTP_TRANSFER_ENCODING')
               or environ.get('wsgi.input_terminated'))
    return None if chunked else 0


def _read(stream: Any, length: int | None, limit: int) -> bytes:
    wanted = limit + 1 if length is None else length
    if wanted > limit and length is not None:
        _discard(stream, min(length, limit + _DISCARD))
        raise exception.RequestTooLarge(limit=limit)
    body = b''
    while len(body) < wanted:
        block = stream.read(min(wanted - len(body), _BLOCK))
        if not block:
            break
        body += block
    if len(body) > limit:
        _discard(stream, _DISCARD)
        raise exception.RequestTooLarge(limit=limit)
    return body


def _discard(stream: Any, length: int) -> None:
    while length > 0:
        block = stream.read(min(length, _BLOCK))
        if not block:
            return
        length -= len(block)


filter_factory = SizeLimit.factory
