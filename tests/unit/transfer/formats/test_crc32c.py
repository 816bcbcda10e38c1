# SPDX-License-Identifier: Apache-2.0

from tests import base
from volupload.transfer.formats.crc32c import crc32c


class TestCrc32c(base.TestCase):
    """RFC 3720, B.4; the first one is the usual check value."""

    def test_known_sums(self) -> None:
        self.assertEqual(0xE3069283, crc32c(b'123456789'))
        self.assertEqual(0x8A9136AA, crc32c(bytes(32)))
        self.assertEqual(0x62A8AB43, crc32c(b'\xff' * 32))
        self.assertEqual(0x46DD794E, crc32c(bytes(range(32))))
        self.assertEqual(0x113FDB5C, crc32c(bytes(range(31, -1, -1))))

    def test_of_nothing_it_is_zero(self) -> None:
        self.assertEqual(0, crc32c(b''))
