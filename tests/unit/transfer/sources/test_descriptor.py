# SPDX-License-Identifier: Apache-2.0

import errno
import fcntl
import mmap
import os
import random
import tempfile
import threading

from hypothesis import given
from hypothesis import strategies

from tests import base
from tests.fixtures import cache
from volupload import exception
from volupload.transfer import guard
from volupload.transfer.sources import descriptor

KI = 1024
MI = KI * KI
PAGE = descriptor.ALIGNMENT
CONTENT = random.Random(1).randbytes(3 * MI + 700)


def aligned(length: int, skip: int = 0) -> memoryview:
    return memoryview(mmap.mmap(-1, skip + max(length, 1)))[
        skip:skip + length]


class TestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        # On a disk: what lies in /tmp may lie in memory, which is a cache.
        folder = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 'volume')
        self.write(CONTENT)

    def write(self, data: bytes) -> None:
        with open(self.path, 'wb') as file:
            file.write(data)

    def open(self, size: int = len(CONTENT)) -> descriptor.DescriptorSource:
        source = descriptor.DescriptorSource(
            os.open(self.path, os.O_RDONLY), size)
        self.addCleanup(source.close)
        return source

    def read_all(self, source: descriptor.DescriptorSource,
                 buffer: memoryview) -> bytes:
        found, offset = [], 0
        while count := source.readinto(offset, buffer):
            found.append(bytes(buffer[:count]))
            offset += count
        return b''.join(found)


class TestReading(TestCase):

    def test_gives_every_byte_for_any_alignment(self) -> None:
        for length in (PAGE, 64 * KI, MI, 4 * MI, MI + 1):
            for skip in (0, 1, 512, PAGE):
                self.assertEqual(CONTENT, self.read_all(
                    self.open(), aligned(length, skip)), (length, skip))

    @given(strategies.integers(0, len(CONTENT) + 10),
           strategies.integers(1, 2 * MI + 5), strategies.integers(0, 5000),
           strategies.integers(0, len(CONTENT)))
    def test_any_request_gives_bytes_of_the_volume_and_no_others(
            self, offset: int, length: int, skip: int, size: int) -> None:
        buffer = aligned(length, skip)
        with descriptor.DescriptorSource(
                os.open(self.path, os.O_RDONLY), size) as source:
            count = source.readinto(offset, buffer)
        self.assertEqual(CONTENT[:size][offset:offset + count],
                         bytes(buffer[:count]))
        self.assertEqual(bytes(length - count), bytes(buffer[count:]))
        self.assertEqual(offset < size, count > 0)

    def test_a_request_for_nothing_gives_nothing(self) -> None:
        self.assertEqual(0, self.open().readinto(0, memoryview(b'')))

    def test_an_aligned_request_is_read_at_once(self) -> None:
        self.assertEqual(3 * MI, self.open().readinto(0, aligned(4 * MI)))

    def test_what_was_written_a_moment_ago_is_read(self) -> None:
        source = self.open()
        with open(self.path, 'r+b') as file:
            file.seek(MI)
            file.write(b'new' * 5000)
        buffer = aligned(16 * KI)
        source.readinto(MI, buffer)
        self.assertEqual(b'new' * 5000, bytes(buffer[:15000]))


class TestPageCache(TestCase):

    def test_nothing_is_left_in_it(self) -> None:
        cache.drop(self.path)
        self.assertEqual(0, cache.resident(self.path))
        for skip in (0, 3):
            self.read_all(self.open(), aligned(MI, skip))
        self.assertEqual(0, cache.resident(self.path))

    def test_what_guests_have_in_it_remains(self) -> None:
        self.write(CONTENT)
        with open(self.path, 'rb') as file:
            os.fsync(file.fileno())
            file.read()
        before = cache.resident(self.path)
        self.assertGreater(before, len(CONTENT))
        self.read_all(self.open(), aligned(MI))
        self.assertEqual(before, cache.resident(self.path))

    def test_sendfile_is_not_offered_beside_it(self) -> None:
        self.assertIsNone(self.open().fileno())


class TestWithoutDirectReads(TestCase):

    def test_who_wants_sendfile_can_have_it(self) -> None:
        source = descriptor.DescriptorSource(
            os.open(self.path, os.O_RDONLY), len(CONTENT), direct=False)
        self.addCleanup(source.close)
        self.assertEqual(CONTENT, self.read_all(source, aligned(MI)))
        target = os.memfd_create('target')
        self.addCleanup(os.close, target)
        self.assertEqual(700, os.sendfile(target, source.fileno(), 3 * MI,
                                          MI))
        self.assertEqual(CONTENT[3 * MI:], os.pread(target, MI, 0))

    def test_a_file_system_that_refuses_them_is_read_in_the_usual_way(
            self) -> None:
        # procfs has none.
        fd = os.open('/proc/self/limits', os.O_RDONLY)
        with open('/proc/self/limits', 'rb') as file:
            expected = file.read()
        source = descriptor.DescriptorSource(fd, len(expected))
        self.addCleanup(source.close)
        self.assertEqual(expected, self.read_all(source, aligned(PAGE)))
        self.assertEqual(fd, source.fileno())

    def test_one_that_refuses_the_first_read_too(self) -> None:
        source = _Refusing(os.open(self.path, os.O_RDONLY), len(CONTENT))
        self.addCleanup(source.close)
        self.assertEqual(CONTENT, self.read_all(source, aligned(MI)))
        self.assertEqual(1, source.refused)
        flags = fcntl.fcntl(source.fileno(), fcntl.F_GETFL)
        self.assertFalse(flags & os.O_DIRECT)

    def test_memory_that_is_a_file_is_read(self) -> None:
        fd = os.memfd_create('volume')
        os.write(fd, CONTENT)
        source = descriptor.DescriptorSource(fd, len(CONTENT))
        self.addCleanup(source.close)
        self.assertEqual(CONTENT, self.read_all(source, aligned(MI)))


class TestFailing(TestCase):

    def test_a_volume_cut_short_ends_where_it_was_cut(self) -> None:
        source = self.open()
        self.assertEqual(MI, source.readinto(0, aligned(MI)))
        os.truncate(self.path, MI + 5000)
        error = self.assertRaises(
            exception.ShortRead, guard.read_exactly, source, MI,
            aligned(MI))
        self.assertEqual(MI + 5000, error.offset)

    def test_a_volume_that_grew_is_read_to_its_size(self) -> None:
        source = self.open()
        with open(self.path, 'ab') as file:
            file.write(b'more' * PAGE)
        self.assertEqual(CONTENT, self.read_all(source, aligned(MI)))

    def test_other_errors_go_up(self) -> None:
        source = descriptor.DescriptorSource(os.open('/', os.O_RDONLY), MI)
        self.addCleanup(source.close)
        error = self.assertRaises(OSError, source.readinto, 0, aligned(MI))
        self.assertEqual(errno.EISDIR, error.errno)


class TestClose(TestCase):

    def test_with_closes_it_and_closing_again_is_harmless(self) -> None:
        with self.open() as source:
            fd = source._fd
        source.close()
        self.assertRaises(OSError, os.fstat, fd)

    def test_a_read_after_it_fails(self) -> None:
        source = self.open()
        source.close()
        error = self.assertRaises(OSError, source.readinto, 0, aligned(MI))
        self.assertEqual(errno.EBADF, error.errno)

    def test_waits_for_nobody_and_leaves_the_number_to_a_hanging_read(
            self) -> None:
        """A pipe hangs as a dead file server does: until something comes."""
        source = _Hanging()
        reading = threading.Thread(target=source.read, daemon=True)
        reading.start()
        self.addCleanup(reading.join, 10)
        self.assertTrue(source.inside.wait(10))
        fd = source._fd
        source.close()
        os.fstat(fd)   # still the volume's
        source.wake()
        reading.join(10)
        self.assertEqual(b'late', source.found)
        self.assertRaises(OSError, os.fstat, fd)


class _Refusing(descriptor.DescriptorSource):
    """On a file system that takes O_DIRECT but cannot do it."""

    refused = 0

    def _read_direct(self, fd: int, offset: int, buffer: memoryview) -> int:
        self.refused += 1
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


class _Hanging(descriptor.DescriptorSource):
    """A pipe's reading end; a read waits for ``wake``."""

    def __init__(self) -> None:
        fd, self._writer = os.pipe()
        os.set_blocking(fd, True)
        self.inside = threading.Event()
        self.found = b''
        super().__init__(fd, 4)

    def read(self) -> None:
        buffer = aligned(4)
        self.readinto(0, buffer)
        self.found = bytes(buffer)

    def wake(self) -> None:
        os.write(self._writer, b'late')
        os.close(self._writer)

    def _read_direct(self, fd: int, offset: int, buffer: memoryview) -> int:
        self.inside.set()
        return os.readv(fd, [buffer])
