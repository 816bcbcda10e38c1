# SPDX-License-Identifier: Apache-2.0

import os
import tempfile

from tests import base
from volupload.transfer import Extent
from volupload.transfer.sources import file


class TestFileSource(base.TestCase):

    def open(self, data: bytes, size: int) -> file.FileSource:
        with tempfile.TemporaryFile() as content:
            content.write(data)
            content.flush()
            source = file.FileSource(os.dup(content.fileno()), size)
        self.addCleanup(source.close)
        return source

    def test_reads_from_an_offset(self) -> None:
        buffer = bytearray(3)
        count = self.open(b'abcdefgh', 8).readinto(2, memoryview(buffer))
        self.assertEqual((3, b'cde'), (count, bytes(buffer)))

    def test_a_read_at_the_end_is_short(self) -> None:
        buffer = bytearray(5)
        source = self.open(b'abcdefgh', 8)
        self.assertEqual(2, source.readinto(6, memoryview(buffer)))
        self.assertEqual(0, source.readinto(8, memoryview(buffer)))

    def test_extents_end_where_the_volume_ends(self) -> None:
        self.assertEqual([Extent(0, 5, False)],
                         list(self.open(b'abcdefgh', 5).extents()))

    def test_with_closes_it_and_closing_again_is_harmless(self) -> None:
        with self.open(b'abc', 3) as source:
            fd = source._fd
        source.close()
        self.assertRaises(OSError, os.fstat, fd)
