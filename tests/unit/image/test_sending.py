# SPDX-License-Identifier: Apache-2.0
"""The sender against plain sockets, which take what the test lets them."""

from collections.abc import Callable
from concurrent import futures
import os
import pathlib
import random
import socket
import time

import fixtures

from tests import base
from volupload import exception
from volupload.image import sending
from volupload.transfer import FileRange

DATA = random.Random(1).randbytes(3_000_000)


class SenderCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        ours, self.other = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(self.other.close)
        self.ours = ours
        self.sender = sending.Sender(ours, 0.5)
        self.pool = futures.ThreadPoolExecutor()
        self.addCleanup(self.pool.shutdown)

    def arrives(self, *calls: Callable[[], None]) -> bytes:
        """Everything that the calls send."""
        taken = self.pool.submit(self.take)
        for call in calls:
            call()
        self.ours.shutdown(socket.SHUT_WR)
        return taken.result()

    def take(self) -> bytes:
        parts = []
        while part := self.other.recv(70_000):
            parts.append(part)
        return b''.join(parts)

    def chunks(self, framed: bytes) -> list[bytes]:
        """RFC 9112, section 7.1, up to the empty one."""
        found = []
        while framed != b'0\r\n\r\n':
            head, _, framed = framed.partition(b'\r\n')
            end = int(head, 16)
            self.assertEqual(b'\r\n', framed[end:end + 2])
            found.append(framed[:end])
            framed = framed[end + 2:]
        return found

    def send_pieces(self) -> None:
        dice = random.Random(2)
        rest = memoryview(DATA)
        while rest:
            length = dice.randint(0, dice.choice([100, 70_000, 300_000]))
            self.sender.send_chunk(rest[:length])
            rest = rest[length:]

    def file(self, data: bytes = DATA, flags: int = os.O_RDONLY) -> int:
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'volume')
        path.write_bytes(data)
        fd = os.open(path, flags)
        self.addCleanup(os.close, fd)
        return fd


class TestBytes(SenderCase):

    def test_what_is_sent_arrives(self) -> None:
        data = memoryview(DATA)
        self.assertEqual(DATA, self.arrives(
            lambda: self.sender.send(data[:1_000_000]),
            lambda: self.sender.send(data[1_000_000:1_000_001]),
            lambda: self.sender.send(data[1_000_001:])))

    def test_chunked_coding_frames_64_kib(self) -> None:
        data = memoryview(DATA)
        self.assertEqual(
            b'10000\r\n' + DATA[:65536] + b'\r\n'
            b'4\r\n' + DATA[65536:65540] + b'\r\n0\r\n\r\n',
            self.arrives(
                lambda: self.sender.send_chunk(data[:65539]),
                lambda: self.sender.send_chunk(data[65539:65540]),
                self.sender.end_chunks))

    def test_nothing_is_just_an_end(self) -> None:
        self.assertEqual(b'0\r\n\r\n', self.arrives(
            lambda: self.sender.send_chunk(memoryview(b'')),
            self.sender.end_chunks))

    def test_chunks_are_whole_however_the_data_comes(self) -> None:
        chunks = self.chunks(self.arrives(
            self.send_pieces, self.sender.end_chunks))
        self.assertEqual(DATA, b''.join(chunks))
        self.assertEqual([65536] * 45 + [len(DATA) % 65536],
                         list(map(len, chunks)))

    def test_a_slow_reader_gets_every_frame_once(self) -> None:
        self.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.assertEqual(DATA, b''.join(self.chunks(self.arrives(
            lambda: self.sender.send_chunk(memoryview(DATA)),
            self.sender.end_chunks))))

    def test_bytes_that_trickle_keep_it_going(self) -> None:
        self.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sent = self.pool.submit(self.sender.send, memoryview(DATA)[:200_000])
        began = time.monotonic()
        got = 0
        while got < 200_000:
            got += len(self.other.recv(20_000))
            time.sleep(0.15)
        sent.result()
        self.assertGreater(time.monotonic() - began, 1)


class TestEnds(SenderCase):

    def stalls(self) -> None:
        self.sender.send(memoryview(DATA))

    def test_a_stall_is_given_up(self) -> None:
        error = self.assertRaises(TimeoutError, self.stalls)
        self.assertEqual('nothing moved for 0.5 seconds', str(error))

    def test_an_answer_is_seen_before_sending(self) -> None:
        self.other.send(b'HTTP/1.1 413')
        self.assertRaises(sending.Answered, self.sender.send, memoryview(b''))
        self.assertRaises(sending.Answered, self.sender.send_chunk,
                          memoryview(b'1'))

    def test_an_answer_is_seen_while_nothing_moves(self) -> None:
        self.sender._timeout = 30
        stalled = self.pool.submit(self.stalls)
        time.sleep(0.1)
        self.other.send(b'HTTP/1.1 413')
        self.assertRaises(sending.Answered, stalled.result, 5)

    def test_a_connection_that_is_shut_down_is_noticed(self) -> None:
        self.sender._timeout = 30
        stalled = self.pool.submit(self.stalls)
        time.sleep(0.1)
        self.ours.shutdown(socket.SHUT_RDWR)
        self.assertIsInstance(stalled.exception(5),
                              (OSError, sending.Answered))

    def test_the_socket_has_the_timeout_again_in_the_end(self) -> None:
        self.sender.close()
        self.assertEqual(0.5, self.ours.gettimeout())


class TestFile(SenderCase):

    def test_a_range_of_the_file_arrives(self) -> None:
        fd = self.file()
        self.assertEqual(DATA[5:2_500_000] + DATA[-1:], self.arrives(
            lambda: self.sender.send_file(FileRange(fd, 5, 2_499_995)),
            lambda: self.sender.send_file(FileRange(fd, len(DATA) - 1, 1))))

    def test_a_file_that_shrank_is_never_padded(self) -> None:
        fd = self.file(DATA[:100_000])
        taken = self.pool.submit(self.take)
        error = self.assertRaises(
            exception.ShortRead, self.sender.send_file,
            FileRange(fd, 50_000, 60_000))
        self.ours.shutdown(socket.SHUT_WR)
        self.assertEqual(
            (100_000, 10_000, 0),
            (error.offset, error.expected, error.actual))
        self.assertEqual(DATA[50_000:100_000], taken.result())

    def test_what_o_direct_cannot_align_is_read(self) -> None:
        fd = self.file(flags=os.O_RDONLY | os.O_DIRECT)
        ranges = [FileRange(fd, 1000, 2_000_000),
                  FileRange(fd, len(DATA) - 7, 7)]
        self.assertEqual(DATA[1000:2_001_000] + DATA[-7:], self.arrives(
            *[lambda one=one: self.sender.send_file(one) for one in ranges]))

    def test_a_file_of_o_direct_that_shrank_is_told(self) -> None:
        fd = self.file(DATA[:10_000], os.O_RDONLY | os.O_DIRECT)
        taken = self.pool.submit(self.take)
        error = self.assertRaises(exception.ShortRead, self.sender.send_file,
                                  FileRange(fd, 9000, 2000))
        self.ours.shutdown(socket.SHUT_WR)
        self.assertEqual(10_000, error.offset)
        self.assertEqual(DATA[9000:10_000], taken.result())

    def test_a_file_without_splice_is_read(self) -> None:
        # What procfs makes up when it is read.
        fd = os.open('/proc/version', os.O_RDONLY)
        self.addCleanup(os.close, fd)
        expected = pathlib.Path('/proc/version').read_bytes()
        self.assertEqual(expected, self.arrives(
            lambda: self.sender.send_file(FileRange(fd, 0, len(expected)))))

    def test_a_file_that_cannot_be_read_is_the_files_error(self) -> None:
        fd = os.open('/proc/self/mem', os.O_RDONLY)   # EIO at 0
        self.addCleanup(os.close, fd)
        error = self.assertRaises(exception.SourceError,
                                  self.sender.send_file, FileRange(fd, 0, 9))
        self.assertEqual((0, 'Input/output error'),
                         (error.offset, error.reason))

    def test_a_broken_connection_is_none_of_the_files(self) -> None:
        fd = self.file()
        self.other.close()
        error = self.assertRaises(
            (OSError, sending.Answered), self.sender.send_file,
            FileRange(fd, 0, len(DATA)))
        self.assertNotIsInstance(error, exception.VoluploadError)
