# SPDX-License-Identifier: Apache-2.0

import os

import fixtures

from tests import base
from volupload import exception
from volupload.transfer import Extent
from volupload.transfer import sources
from volupload.transfer.sources import block


class TestOpenPath(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir()).path
        self.path = os.path.join(self.folder, 'volume')
        with open(self.path, 'wb') as file:
            file.write(b'abcdefgh')

    def content(self, path: str, size: int | None = None) -> bytes:
        with sources.open_path(path, size) as source:
            buffer = bytearray(100)
            return bytes(buffer[:source.readinto(0, memoryview(buffer))])

    def refused(self, path: str, size: int | None = None) -> str:
        before = os.listdir('/proc/self/fd')
        error = self.assertRaises(exception.TransferError,
                                  sources.open_path, path, size)
        self.assertEqual(len(before), len(os.listdir('/proc/self/fd')))
        return str(error)

    def test_a_file_is_a_volume_of_its_size(self) -> None:
        self.assertEqual(b'abcdefgh', self.content(self.path))

    def test_a_volume_may_be_the_beginning_of_a_file(self) -> None:
        self.assertEqual(b'abcde', self.content(self.path, 5))

    def test_a_file_that_is_too_short_is_refused(self) -> None:
        self.assertIn('at byte 8 2 bytes were expected',
                      self.refused(self.path, 10))

    def test_a_symbolic_link_of_the_operator_is_followed(self) -> None:
        link = os.path.join(self.folder, 'link')
        os.symlink('volume', link)
        self.assertEqual(b'abcdefgh', self.content(link))

    def test_what_a_guest_wrote_is_not_looked_at(self) -> None:
        header = b'QFI\xfb\0\0\0\3' + bytes(64)
        with open(self.path, 'wb') as file:
            file.write(header)
        self.assertEqual(header, self.content(self.path))

    def test_what_is_missing_is_named(self) -> None:
        path = os.path.join(self.folder, 'gone')
        self.assertIn(f'{path}: No such file', self.refused(path))

    def test_anything_else_is_refused_and_nobody_waits(self) -> None:
        fifo = os.path.join(self.folder, 'fifo')
        os.mkfifo(fifo)
        for path in (fifo, self.folder, '/dev/zero'):
            self.assertIn(f'{path} is neither a file nor a block device',
                          self.refused(path))

    def test_reads_wait_again_after_the_look(self) -> None:
        with sources.open_path(self.path) as source:
            self.assertTrue(os.get_blocking(source._fd))


class TestBlockSource(base.TestCase):
    """With a file in a device's place; tests/interop has devices."""

    def open(self, size: int) -> block.BlockSource:
        fd = os.memfd_create('device')
        self.addCleanup(os.close, fd)
        os.ftruncate(fd, 1024)
        source = block.BlockSource(os.dup(fd), size)
        self.addCleanup(source.close)
        return source

    def test_all_of_it_is_data(self) -> None:
        self.assertEqual([Extent(0, 1000, False)],
                         list(self.open(1000).extents()))
        self.assertEqual([], list(self.open(0).extents()))

    def test_a_device_shorter_than_the_volume_is_refused(self) -> None:
        fd = os.memfd_create('device')
        os.ftruncate(fd, 1024)
        error = self.assertRaises(exception.ShortRead, block.BlockSource,
                                  fd, 1500)
        self.assertEqual((1024, 476), (error.offset, error.expected))
        os.close(fd)   # still the caller's
