# SPDX-License-Identifier: Apache-2.0
"""Gets bytes into a socket, as fast as the other side takes them.

A socket that is full is waited for with poll: every byte that it takes starts
the stall timeout anew, and while it takes none, an answer of the other side
is noticed at once.

Chunked coding goes out as one vector of heads, data and tails. CPU seconds a
GiB in 1 MiB buffers to a socket on loopback (medians of five, one run): one
copy with its frame for each 64 KiB 0.66, a vector for each 64 KiB 0.60, one
vector for the buffer 0.28, and without any coding 0.28.
"""

import mmap
import os
import select
import socket
import ssl

from volupload import exception
from volupload.transfer import FileRange

# Glance reads 64 KiB at a time and copies larger chunks once more; uWSGI
# resets the connection on chunks over its limit of 1 MiB. After one chunk that
# is shorter Glance's reads and the chunks never meet again, and it copies
# every read twice: 512 MiB in whole chunks took it 2.52 CPU seconds, cut where
# the pieces of an image end 2.65 (medians of seven, one run; 3.0 and 3.1 s).
CHUNK_SIZE = 64 * 1024
_CHUNK_HEAD = b'%x\r\n' % CHUNK_SIZE
_CHUNK_TAIL = b'\r\n'

# Between two looks for an answer.
_STEP = 1024 * 1024

# What TLS encrypts at once (RFC 8446, section 5.1). With more at a time
# OpenSSL tells nothing of what went out before all of it has.
_TLS_RECORD = 16 * 1024

# The largest sector: reading with O_DIRECT begins and ends at its multiples.
_ALIGNMENT = 4096


_Vector = list[bytes | bytearray | memoryview]


class Answered(Exception):
    """The other side has answered, or hung up, before it got everything."""


class Sender:
    """One connection while bytes go out on it; ``close`` ends that.

    :param stall_timeout: seconds for which no byte may move. The socket has
        it, too, once this is closed.
    """

    def __init__(self, sock: socket.socket, stall_timeout: float) -> None:
        self._sock = sock
        self._timeout = stall_timeout
        self._tls = isinstance(sock, ssl.SSLSocket)
        # Over TLS what is readable need not be an answer.
        self._early = 0 if self._tls else select.POLLIN
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._left = bytearray()   # less than a chunk
        sock.setblocking(False)

    def close(self) -> None:
        self._sock.settimeout(self._timeout)

    def send(self, data: memoryview) -> None:
        """
        :raises Answered: on a socket without TLS only.
        :raises OSError: the connection is broken, or stands still.
        """
        self._check_answer()
        self._send([data])

    def send_chunk(self, data: memoryview) -> None:
        """The same in chunked coding (RFC 9112, section 7.1).

        What is less than a chunk waits for the next data or ``end_chunks``.
        """
        self._check_answer()
        first = CHUNK_SIZE - len(self._left)
        if len(data) < first:
            self._left += data
            return
        vector: _Vector = [_CHUNK_HEAD, self._left, data[:first],
                           _CHUNK_TAIL]
        end = len(data) - (len(data) - first) % CHUNK_SIZE
        for start in range(first, end, CHUNK_SIZE):
            vector += [_CHUNK_HEAD, data[start:start + CHUNK_SIZE],
                       _CHUNK_TAIL]
        self._send(vector)
        self._left = bytearray(data[end:])

    def end_chunks(self) -> None:
        """What waits, and the last chunk, which is empty."""
        self._check_answer()
        head = b'%x\r\n' % len(self._left)
        self._send([head, self._left, _CHUNK_TAIL, b'0\r\n\r\n']
                   if self._left else [b'0\r\n\r\n'])

    def send_file(self, chunk: FileRange) -> None:
        """Let the kernel copy from the file; not over TLS.

        Where sendfile cannot (a file system that knows no splice, a
        descriptor with O_DIRECT and a range that its sectors do not fit),
        and where it fails, the range is read: that tells an error of the
        file from one of the connection.

        :raises ShortRead, SourceError: the file ends before, or cannot be
            read; with the offset.
        """
        offset, end = chunk.offset, chunk.offset + chunk.length
        while offset < end:
            self._check_answer()
            step = min(_STEP, end - offset)
            try:
                count = os.sendfile(self._sock.fileno(), chunk.fd, offset,
                                    step)
            except BlockingIOError:
                self._wait(select.POLLOUT)
                continue
            except ConnectionError:
                raise
            except OSError:
                data = _read(chunk.fd, offset, step)
                count = len(data)
                self._send_vector([data])
            if not count:
                raise exception.ShortRead(
                    offset=offset, expected=end - offset, actual=0)
            offset += count

    def _check_answer(self) -> None:
        for _fd, event in self._poll.poll(0):
            if event & self._early:
                raise Answered()

    def _send(self, vector: _Vector) -> None:
        if self._tls:
            self._send_records(memoryview(b''.join(vector)))
        else:
            self._send_vector(vector)

    def _send_vector(self, vector: _Vector) -> None:
        vector.reverse()   # what is next stands at the end
        while vector:
            try:
                count = self._sock.sendmsg(reversed(vector))
            except BlockingIOError:
                self._wait(select.POLLOUT)
                continue
            while vector and count >= len(vector[-1]):
                count -= len(vector.pop())
            if count:
                vector[-1] = memoryview(vector[-1])[count:]

    def _send_records(self, data: memoryview) -> None:
        for start in range(0, len(data), _TLS_RECORD):
            record = data[start:start + _TLS_RECORD]
            while record:
                record = record[self._send_record(record):]

    def _send_record(self, record: memoryview) -> int:
        while True:
            try:
                return self._sock.send(record)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN)

    def _wait(self, event: int) -> None:
        """Until the socket takes bytes again, or gives some."""
        self._poll.modify(self._sock, event | self._early)
        try:
            ready = self._poll.poll(self._timeout * 1000)
        finally:
            self._poll.modify(self._sock, select.POLLIN)
        if not ready:
            raise TimeoutError(
                f'nothing moved for {self._timeout:g} seconds')
        if ready[0][1] & self._early:
            raise Answered()


def _read(fd: int, offset: int, length: int) -> memoryview:
    """At most ``length`` bytes, in a way that O_DIRECT allows, too."""
    skipped = offset % _ALIGNMENT
    span = -(-(skipped + length) // _ALIGNMENT) * _ALIGNMENT
    buffer = memoryview(mmap.mmap(-1, span))
    try:
        count = os.preadv(fd, [buffer], offset - skipped)
    except OSError as error:
        raise exception.SourceError(
            offset=offset, reason=error.strerror or str(error)) from error
    return buffer[:count][skipped:skipped + length]
