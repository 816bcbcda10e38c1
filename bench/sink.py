# SPDX-License-Identifier: Apache-2.0
"""An image service that throws the data away, for what the manager costs.

A real Glance takes in some 150 MB/s and keeps a processor busy with it; this
one takes in what the loopback can carry, so it shows how fast a manager could
be. It knows the requests that a manager makes and no more.
"""

from http import server
import json
import re
import threading
from types import TracebackType
from typing import Self

_BUFFER = 1024 * 1024
_IMAGE = re.compile(r'/v2/images/([^/]+)(?:/file)?$')


class Sink:
    """`with` starts it on a free port of loopback and ends it.

    :ivar url: of the image service.
    """

    def __init__(self) -> None:
        self._server = _Server(('127.0.0.1', 0), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f'http://127.0.0.1:{self._server.server_port}'

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        #: image id -> bytes that came
        self.sizes: dict[str, int] = {}


class _Handler(server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = 'HTTP/1.1'

    def do_PUT(self) -> None:
        length = self.headers['Content-Length']
        try:
            size = (self._discard_chunks() if length is None
                    else self._discard(int(length)))
        except EOFError:
            return
        self.server.sizes[self._image_id()] = size
        self.send_response(204)
        self.end_headers()

    def _discard_chunks(self) -> int:
        """A body of unknown length: RFC 9112, section 7.1."""
        size = 0
        while length := self._chunk_size():
            size += self._discard(length)
            self._discard(len(b'\r\n'))
        self._discard(len(b'\r\n'))
        return size

    def _chunk_size(self) -> int:
        if not (line := self.rfile.readline()):
            raise EOFError
        return int(line, 16)

    def _discard(self, length: int) -> int:
        """:raises EOFError: the sender is gone before."""
        buffer = bytearray(min(length, _BUFFER))
        left = length
        while left:
            count = self.rfile.readinto(memoryview(buffer)[:left])
            if not count:
                raise EOFError
            left -= count
        return length

    def do_GET(self) -> None:
        size = self.server.sizes.get(self._image_id())
        self._answer({'id': self._image_id(), 'size': size,
                      'status': 'queued' if size is None else 'active'})

    def _image_id(self) -> str:
        match = _IMAGE.match(self.path)
        return match[1] if match else ''

    def _answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass
