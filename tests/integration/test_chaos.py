# SPDX-License-Identifier: Apache-2.0
"""A short run of `bench.chaos`, and whether it would notice what it looks for.
"""

from pathlib import Path
import subprocess

import fixtures

from bench import chaos
from bench import chaos_checks
from bench import chaos_world
from tests.integration import base

UPLOADS, PROJECTS, MANAGERS, SECONDS, SEED = 40, 5, 3, 45, 4


class TestChaos(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.useFixture(fixtures.TempDir()).path)

    def test_nothing_is_lost_stuck_or_wrong(self) -> None:
        with chaos_world.running(self.directory, MANAGERS) as world:
            outcome = chaos.run(world, uploads=UPLOADS, projects=PROJECTS,
                                seconds=SECONDS, seed=SEED)
            wrong = {name: ids for name, ids in
                     outcome.findings.wrong.items() if ids}
            self.assertEqual({}, wrong)
            self.assertEqual(UPLOADS, len({
                upload.volume_id for upload in outcome.findings.uploads}))
            self.assertGreater(
                sum(len(seconds) for villain in outcome.villains
                    for seconds in villain.begun.values()), 5)

    def test_an_image_of_other_bytes_would_be_noticed(self) -> None:
        volume = self.directory / 'volume'
        volume.write_bytes(b'guest' * 65536)
        for disk_format in ('raw', 'qcow2', 'vmdk'):
            image = self.directory / f'image.{disk_format}'
            subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O',
                            disk_format, volume, image], check=True)
            self.assertTrue(chaos_checks.is_same(volume, image, disk_format))
        volume.write_bytes(b'guest' * 65535 + b'guesd')
        for disk_format in ('raw', 'qcow2', 'vmdk'):
            self.assertFalse(chaos_checks.is_same(
                volume, self.directory / f'image.{disk_format}',
                disk_format))
