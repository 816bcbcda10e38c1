# SPDX-License-Identifier: Apache-2.0

import os
import tempfile

from tests import base
from tests.fixtures import cache
from volupload.transfer import Extent
from volupload.transfer import extents
from volupload.transfer.sources import file

MI = 1024 * 1024


class TestFileSource(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(dir='/var/tmp')   # on a disk
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 'volume')
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT)
        self.addCleanup(os.close, self.fd)

    def open(self, size: int) -> file.FileSource:
        source = file.FileSource(os.open(self.path, os.O_RDONLY), size)
        self.addCleanup(source.close)
        return source

    def told(self, size: int) -> list[Extent]:
        return list(extents.merge(self.open(size).extents()))

    def read(self, offset: int, length: int) -> bytes:
        buffer = bytearray(length)
        source = self.open(os.fstat(self.fd).st_size)
        return bytes(buffer[:source.readinto(offset, memoryview(buffer))])

    def test_extents_end_where_the_volume_ends(self) -> None:
        os.write(self.fd, b'abcdefgh')
        self.assertEqual([Extent(0, 5, False)], self.told(5))

    def test_holes_are_told_before_anything_is_on_the_disk(self) -> None:
        os.ftruncate(self.fd, 3 * MI)
        os.pwrite(self.fd, b'x' * MI, MI)
        self.assertEqual([Extent(0, MI, True), Extent(MI, MI, False),
                          Extent(2 * MI, MI, True)], self.told(3 * MI))

    def test_a_hole_that_is_written_to_turns_into_data(self) -> None:
        os.ftruncate(self.fd, 4 * MI)
        self.assertEqual([Extent(0, 4 * MI, True)], self.told(4 * MI))
        os.pwrite(self.fd, b'x', 2 * MI + 5)
        data = [extent for extent in self.told(4 * MI) if not extent.zero]
        self.assertEqual(1, len(data))
        self.assertTrue(data[0].start <= 2 * MI + 5 < data[0].end)

    def test_what_was_allocated_and_not_written_reads_as_zeros(self) -> None:
        """ext4 and XFS call it a hole, others data; both are right."""
        os.posix_fallocate(self.fd, 0, 2 * MI)
        self.assertEqual(2 * MI, self.told(2 * MI)[-1].end)
        self.assertEqual(bytes(2 * MI)[:MI], self.read(0, MI))

    def test_what_was_written_of_it_is_data_on_the_disk_and_before(
            self) -> None:
        os.posix_fallocate(self.fd, 0, 4 * MI)
        os.pwrite(self.fd, b'x' * MI, 2 * MI)
        for written in (lambda: None, lambda: cache.drop(self.path)):
            written()
            zeros = [byte for extent in self.told(4 * MI) if extent.zero
                     for byte in (extent.start, extent.end - 1)]
            self.assertFalse([byte for byte in zeros
                              if 2 * MI <= byte < 3 * MI])
            self.assertEqual(b'x' * MI, self.read(2 * MI, MI))

    def test_a_source_closed_meanwhile_tells_no_more(self) -> None:
        os.ftruncate(self.fd, 3 * MI)
        os.pwrite(self.fd, b'x' * MI, MI)
        source = self.open(3 * MI)
        walk = source.extents()
        next(walk)
        source.close()
        self.assertRaises(OSError, next, walk)
