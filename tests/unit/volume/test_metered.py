# SPDX-License-Identifier: Apache-2.0

from tests import base
from tests.fixtures import doubles
from volupload.volume.metered import Metered


class TestMetered(base.TestCase):

    def test_it_tells_what_was_read_altogether(self) -> None:
        told: list[int] = []
        source = Metered(doubles.MemorySource(bytes(10), lambda: None),
                         told.append)
        buffer = memoryview(bytearray(6))
        self.assertEqual([6, 4, 0], [
            source.readinto(offset, buffer) for offset in (0, 6, 10)])
        self.assertEqual([6, 10, 10], told)

    def test_all_else_is_the_sources_own(self) -> None:
        inner = doubles.MemorySource(bytes(10), lambda: None, file=7)
        source = Metered(inner, lambda count: None)
        self.assertEqual((10, 7, list(inner.extents())), (
            source.size, source.fileno(), list(source.extents())))
