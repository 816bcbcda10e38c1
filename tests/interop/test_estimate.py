# SPDX-License-Identifier: Apache-2.0
"""Compressed qcow2 whose estimates are wrong, as far as they can be.

The tables stand behind the data that fits the estimate. Whatever does not
fit goes behind them; what fits too easily is followed by zeros.
"""

import testscenarios

from tests.interop import base
from tests.interop import judges
from tests.interop import variants
from tests.interop import volumes
from volupload.transfer import blocks
from volupload.transfer import Layout
from volupload.transfer import Source
from volupload.transfer.formats import qcow2_compressed
from volupload.transfer.formats import qcow2_tables

load_tests = base.load_tests

ESTIMATES = {'nothing': 0, 'a-byte': 1, 'half-a-cluster': 32 * volumes.KIB,
             'much-too-little': 300_000, 'a-little': 5_000_000,
             'much-too-much': 300 * volumes.MIB}
_VOLUMES = ('ext4', 'random', 'odd-size', 'alternating', 'beyond-4-gib')


class TestWrongEstimate(base.TestCase):

    scenarios = testscenarios.multiply_scenarios(
        [(variant.name, {'variant': variant})
         for variant in (variants.QCOW2_ZLIB, variants.QCOW2_ZSTD)],
        [(kind, {'kind': kind}) for kind in _VOLUMES])
    variant: variants.Variant
    kind: str

    def test_the_image_is_right_all_the_same(self) -> None:
        for first in ESTIMATES.values():
            self.check(first, None)

    def test_so_it_is_when_the_second_one_is_wrong(self) -> None:
        for second in ESTIMATES.values():
            self.check(300_000, second)

    def check(self, first: int, second: int | None) -> None:
        volume = volumes.volume(self.kind)

        def make_layout(source: Source) -> Layout:
            return qcow2_compressed.Compressed(
                source, blocks.BlockMap.from_extents(
                    source.extents(), source.size,
                    qcow2_tables.CLUSTER_SIZE),
                qcow2_compressed.Packer(self.variant.codec, None),
                first, second)

        with base.open_volume(volume) as source:
            image = self.convert(source, make_layout)
        judges.everybody(self.variant, image, volume)
        image.unlink()
