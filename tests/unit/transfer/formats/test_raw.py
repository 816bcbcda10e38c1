# SPDX-License-Identifier: Apache-2.0

from tests import base
from tests.fixtures.sources import MemorySource
from volupload.transfer import Copy
from volupload.transfer import Extent
from volupload.transfer import Zeros
from volupload.transfer.formats import FORMATS
from volupload.transfer.formats import raw

KI = 1024


class TestRaw(base.TestCase):

    def test_is_found_by_its_name(self) -> None:
        self.assertIs(raw.make, FORMATS['raw'])

    def test_the_image_has_the_size_of_the_volume(self) -> None:
        self.assertEqual(7, raw.Raw(MemorySource(bytes(7))).image_size)

    def test_data_is_copied_and_holes_are_zeros(self) -> None:
        source = MemorySource(bytes(512 * KI), [
            Extent(0, 128 * KI, False), Extent(128 * KI, 256 * KI, True),
            Extent(384 * KI, 128 * KI, False)])
        self.assertEqual(
            [Copy(0, 128 * KI), Zeros(256 * KI), Copy(384 * KI, 128 * KI)],
            list(raw.Raw(source).segments()))

    def test_short_holes_are_read(self) -> None:
        source = MemorySource(bytes(12 * KI), [
            Extent(0, 4 * KI, False), Extent(4 * KI, 4 * KI, True),
            Extent(8 * KI, 4 * KI, False)])
        self.assertEqual([Copy(0, 12 * KI)],
                         list(raw.Raw(source).segments()))

    def test_an_empty_volume_has_no_segments(self) -> None:
        self.assertEqual([], list(raw.Raw(MemorySource(b'')).segments()))
