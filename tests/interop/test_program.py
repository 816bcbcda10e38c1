# SPDX-License-Identifier: Apache-2.0
"""``python -m volupload.transfer`` makes the same images."""

import os
from pathlib import Path
import subprocess
import sys
import tempfile

from tests.fixtures import loop
from tests.interop import base
from tests.interop import judges
from tests.interop import variants
from tests.interop import volumes

load_tests = base.load_tests


class TestProgram(base.TestCase):

    scenarios = variants.SCENARIOS
    variant: variants.Variant

    def setUp(self) -> None:
        super().setUp()
        self.volume = volumes.volume('ext4')
        self.image = Path(tempfile.mkdtemp()) / 'image'

    def run_program(self, source: str | Path, output: str | Path) -> bytes:
        """:returns: its standard output"""
        done = subprocess.run(
            [sys.executable, '-m', 'volupload.transfer', source, '--format',
             self.variant.disk_format, f'--compress={self.variant.codec}',
             '-o', output], check=False, capture_output=True)
        self.assertEqual(0, done.returncode, done.stderr.decode())
        return done.stdout

    def test_an_image_in_a_file(self) -> None:
        self.run_program(self.volume, self.image)
        judges.everybody(self.variant, self.image, self.volume)

    def test_a_volume_that_looks_like_an_image_is_copied_as_it_is(
            self) -> None:
        """Nobody looks what the guest has written: no format is probed."""
        secret = self.image.with_name('of-the-host')
        secret.write_bytes(b'of the host ' * 1000)
        volume = self.image.with_name('volume')
        judges.run('qemu-img', 'create', '-f', 'qcow2', '-F', 'raw',
                   '-b', secret, volume)
        os.truncate(volume, 2 ** 20)
        self.assertIn(str(secret).encode(), volume.read_bytes())
        self.run_program(volume, self.image)
        judges.check_same(self.variant, self.image, volume)
        self.assertNotIn(b'of the host of', self.image.read_bytes())

    def test_an_image_of_a_device_through_a_pipe(self) -> None:
        device = self.useFixture(loop.Loop(str(self.volume), 4096)).path
        self.image.write_bytes(self.run_program(device, '-'))
        judges.everybody(self.variant, self.image, self.volume)
