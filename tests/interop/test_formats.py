# SPDX-License-Identifier: Apache-2.0
"""Every kind of image, of every kind of volume, from a file and from devices.

A block device does not tell where its holes are, so every byte of it is read
to find the zeros; that of 3 TiB takes half an hour for each kind of image. In
place of them stand 5 GiB. Just so, raw of 3 TiB is 3 TiB of zeros to send; in
place of the pipeline its layout is followed step by step, and a hole is one
step. qemu finds the holes of VMDK a grain at a time and reads those of VHDX,
which takes it minutes: of their 3 TiB 2.5 GiB are compared, around the data
and within a hole. The gigabytes of nothing are read through one size of
sectors; the other one shows where volumes end. All of it is done with
VOLUPLOAD_INTEROP=full in the environment.
"""

from pathlib import Path
import tempfile

import testscenarios

from tests.fixtures import loop
from tests.fixtures import render
from tests.interop import base
from tests.interop import judges
from tests.interop import variants
from tests.interop import volumes
from volupload import exception
from volupload.transfer import sources

load_tests = base.load_tests

# Volumes that a device does not have, or not in this time.
NOT_ON_DEVICES = {512: {'no-bytes'}, 4096: {'no-bytes'}}
if not base.FULL:
    NOT_ON_DEVICES[512] |= {'3-tib'}
    NOT_ON_DEVICES[4096] |= {'3-tib', 'beyond-4-gib', 'empty'}
LEFT_OUT = {('vhd', '3-tib')}   # beyond the format's 2040 GiB
if not base.FULL:
    LEFT_OUT.add(('raw', '3-tib'))


def _volumes_of(place: str) -> list[tuple[str, dict[str, object]]]:
    unit = {'file': 1, 'sector-512': 512, 'sector-4096': 4096}[place]
    return [(f'{place},{kind}', {'kind': kind, 'unit': unit})
            for kind in volumes.KINDS
            if kind not in NOT_ON_DEVICES.get(unit, ())]


class TestImages(base.TestCase):

    variant: variants.Variant
    kind: str
    unit: int

    scenarios = [
        case for case in testscenarios.multiply_scenarios(
            [*_volumes_of('file'), *_volumes_of('sector-512'),
             *_volumes_of('sector-4096')], variants.SCENARIOS)
        if (case[1]['variant'].name, case[1]['kind']) not in LEFT_OUT]

    def test_all_judges_agree_that_it_is_the_volume(self) -> None:
        volume = volumes.volume(self.kind, self.unit)
        path = str(volume)
        if self.unit > 1:
            path = self.useFixture(loop.Loop(str(volume), self.unit)).path
        with base.open_volume(path) as source:
            image = self.convert(source, self.variant.make)
        judges.everybody(self.variant, image, volume, self.parts())

    def parts(self) -> list[judges.Part]:
        if (base.FULL or self.kind != '3-tib'
                or self.variant.name not in ('vmdk', 'vhdx')):
            return []
        length = volumes.GIB // 2
        return [(min(max(0, offset - length // 2),
                     3 * volumes.TIB - length), length)
                for offset in (*volumes.FAR_OFFSETS, 3 * volumes.TIB // 2)]


class TestLimits(base.TestCase):

    def test_raw_of_3_tib_keeps_its_holes(self) -> None:
        volume = volumes.volume('3-tib')
        with (tempfile.NamedTemporaryFile() as image,
              base.open_volume(volume) as source):
            render.render_file(source, variants.RAW.make(source), image.name)
            judges.everybody(variants.RAW, Path(image.name), volume)

    def test_a_vhd_beyond_2040_gib_is_refused_at_once(self) -> None:
        with base.open_volume(volumes.volume('3-tib')) as source:
            error = self.assertRaises(
                exception.TransferError, self.convert, source,
                variants.VHD.make)
        self.assertIn('2040 GiB', str(error))


class TestCompression(base.TestCase):
    """That the compressed variants of the other tests are compressed."""

    scenarios = [
        (variant.name, {'variant': variant, 'clusters': clusters})
        for variant, clusters in (
            (variants.QCOW2, False), (variants.QCOW2_ZLIB, True),
            (variants.QCOW2_ZSTD, True))]

    variant: variants.Variant
    clusters: bool

    def test_clusters_are_compressed_by_what_the_header_says(self) -> None:
        with base.open_volume(volumes.volume('ext4')) as source:
            image = self.convert(source, self.variant.make)
        told = judges.qemu_info(self.variant, image)
        self.assertEqual(
            'zstd' if self.variant.codec == 'zstd' else 'zlib',
            told['format-specific']['data']['compression-type'])
        self.assertEqual(self.clusters, judges.compressed_clusters(image) > 0)


class TestByReference(base.TestCase):
    """Data that goes from file to file within the kernel."""

    scenarios = [(variant.name, {'variant': variant}) for variant in (
        variants.RAW, variants.QCOW2, variants.VDI, variants.VHD,
        variants.VHDX)]

    variant: variants.Variant

    def test_it_is_the_same_image(self) -> None:
        volume = volumes.volume('ext4')
        # Where reads are direct there is nothing to send by reference.
        with sources.open_path(volume, direct=False) as source:
            self.judge(self.variant, source, volume, by_reference=True,
                       hash_algorithm=None)
        self.assertGreater(self.sink.ranges, 0)
