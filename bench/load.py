# SPDX-License-Identifier: Apache-2.0
"""HTTP clients that cost next to nothing themselves.

Requests are bytes made beforehand; of an answer only the status and the
length are read. A connection is kept as long as the server keeps it. Even so
the threads share the machine with the services: of the results, CPU per
request is the one to compare.
"""

from collections.abc import Sequence
import dataclasses
import json
import socket
import statistics
import threading
import time
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """Of one run: its wall time, and each request's, in seconds."""

    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p95(self) -> float:
        ordered = sorted(self.latencies)
        return ordered[int(len(ordered) * 0.95)]


def request(method: str, path: str, token: str,
            body: Any = None) -> bytes:
    """The bytes of a request."""
    content = b'' if body is None else json.dumps(body).encode()
    head = [f'{method} {path} HTTP/1.1', 'Host: 127.0.0.1',
            f'X-Auth-Token: {token}', 'Accept: application/json']
    if content:
        head += ['Content-Type: application/json',
                 f'Content-Length: {len(content)}']
    return '\r\n'.join([*head, '', '']).encode() + content


def run(port: int, requests: Sequence[bytes], connections: int,
        wanted: int) -> Result:
    """Send all requests, each once, over so many connections.

    :param wanted: the status of every answer.
    :raises RuntimeError: an answer had another.
    """
    waiting = list(requests)
    clients = [_Client(port, waiting, wanted) for _ in range(connections)]
    began = time.monotonic()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    seconds = time.monotonic() - began
    for client in clients:
        if client.error is not None:
            raise RuntimeError(f'A request failed: {client.error}')
    return Result(seconds, [latency for client in clients
                            for latency in client.latencies])


class _Client(threading.Thread):

    def __init__(self, port: int, waiting: list[bytes], wanted: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._waiting = waiting
        self._wanted = b'%d' % wanted
        self._socket: socket.socket | None = None
        self.latencies: list[float] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while self._waiting:
                try:
                    message = self._waiting.pop()
                except IndexError:   # another thread was faster
                    return
                began = time.monotonic()
                self._ask(message)
                self.latencies.append(time.monotonic() - began)
        except Exception as error:
            self.error = error
            self._waiting.clear()
        finally:
            self._close()

    def _ask(self, message: bytes) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(
                ('127.0.0.1', self._port), timeout=60)
        self._socket.sendall(message)
        head, body = self._answer(self._socket)
        if head.split(b' ', 2)[1] != self._wanted:
            raise RuntimeError((head + b'\r\n\r\n' + body).decode())
        if b'\r\nconnection: close' in head.lower():
            self._close()

    @staticmethod
    def _answer(connection: socket.socket) -> tuple[bytes, bytes]:
        data = b''
        while b'\r\n\r\n' not in data:
            data += _receive(connection)
        head, _, body = data.partition(b'\r\n\r\n')
        length = int(head.lower().partition(b'content-length:')[2]
                     .partition(b'\r\n')[0])
        while len(body) < length:
            body += _receive(connection)
        return head, body

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError('the server closed the connection')
    return data
