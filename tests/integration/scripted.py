# SPDX-License-Identifier: Apache-2.0
"""A server that answers everything in one way: what trouble looks like."""

from collections.abc import Callable
from collections.abc import Mapping
import datetime
import http.server
from pathlib import Path
import ssl
import threading
from typing import Any
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
import fixtures


class _Handler(http.server.BaseHTTPRequestHandler):
    answer: ClassVar[Callable[[Any], None]]

    def _any(self) -> None:
        length = int(self.headers.get('Content-Length') or 0)
        self.rfile.read(length)
        type(self).answer(self)

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Server(fixtures.Fixture):
    """Listens on a port of loopback; `url` says where.

    :param answer: called with the handler of each request, to write what it
        likes; it may return without a word.
    """

    def __init__(self, answer: Callable[[Any], None],
                 tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self._answer = answer
        self._tls = tls

    def _setUp(self) -> None:
        handler = type('Handler', (_Handler,), {
            'answer': staticmethod(self._answer)})
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None   # type: ignore[method-assign]
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(
                server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever,
                                  kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        scheme = 'https' if self._tls else 'http'
        self.url = f'{scheme}://127.0.0.1:{server.server_address[1]}'


def answering(status: int, body: bytes = b'',
              headers: Mapping[str, str] | None = None
              ) -> Callable[[Any], None]:
    """Every request is answered with this."""
    def answer(handler: Any) -> None:
        handler.send_response(status)
        handler.send_header('Content-Length', str(len(body)))
        for name, value in (headers or {
                'Content-Type': 'application/json'}).items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != 'HEAD':
            handler.wfile.write(body)
    return answer


def hanging_up(handler: Any) -> None:
    """Every connection is closed without an answer."""
    handler.close_connection = True


def silent(handler: Any) -> None:
    """No answer, until the other side has had enough."""
    handler.rfile.read(1)
    handler.close_connection = True


def certificate(directory: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, '127.0.0.1')])
    now = datetime.datetime.now(datetime.UTC)
    signed = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
              .public_key(key.public_key()).serial_number(1)
              .not_valid_before(now - datetime.timedelta(days=1))
              .not_valid_after(now + datetime.timedelta(days=1))
              .sign(key, hashes.SHA256()))
    pem = directory / 'server.pem'
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM,
                          serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
