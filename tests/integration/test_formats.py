# SPDX-License-Identifier: Apache-2.0
"""Every disk format through the whole service, judged by QEMU."""

import json
from pathlib import Path
import subprocess

import fixtures
import testscenarios

from tests.integration import calls
from tests.integration import upload
from volupload.transfer import formats

# What qemu-img calls them.
QEMU = {'raw': 'raw', 'qcow2': 'qcow2', 'vmdk': 'vmdk', 'vdi': 'vdi',
        'vhd': 'vpc', 'vhdx': 'vhdx'}
SIZE = 600   # small GiB: 37.5 MiB
GUEST = b'a line of text, as guests have many of them\n' * 5000


class FormatTestCase(upload.UploadTestCase):

    def make_filled(self) -> str:
        volume_id = self.make_volume(size=SIZE)
        self.fill(volume_id)
        self.write(volume_id, {
            offset * 2 ** 20 + 777: GUEST for offset in (1, 2, 3, 10, 30)})
        return volume_id

    def check_image(self, volume_id: str, image_id: str,
                    disk_format: str) -> Path:
        """QEMU reads the volume out of the image; its file."""
        path = Path(self.useFixture(fixtures.TempDir()).path, 'image')
        path.write_bytes(self.download(image_id))
        volume = self.file_of(volume_id)
        compared = subprocess.run(
            ['qemu-img', 'compare', '-f', QEMU[disk_format], '-F', 'raw',
             path, volume], capture_output=True, text=True)
        self.assertEqual((0, 'Images are identical.\n'),
                         (compared.returncode, compared.stdout), compared)
        self.assertEqual(volume.stat().st_size,
                         self.info(path, disk_format)['virtual-size'])
        return path

    def info(self, path: Path, disk_format: str) -> dict[str, object]:
        told = subprocess.run(
            ['qemu-img', 'info', '--output=json', '-f', QEMU[disk_format],
             path], capture_output=True, check=True)
        result: dict[str, object] = json.loads(told.stdout)
        return result


class TestFormats(FormatTestCase):

    disk_format: str

    scenarios = testscenarios.multiply_scenarios(
        calls.scenarios(calls.V2, calls.V3_1),
        [(name, {'disk_format': name}) for name in formats.FORMATS])

    def test_the_image_is_the_volume(self) -> None:
        volume_id = self.make_filled()
        done = self.succeed(self.post(
            volume_id, disk_format=self.disk_format))
        image = self.state.image(done['image_id'])
        self.assertEqual(
            ('active', self.disk_format, 'bare', done['image_size']),
            (image['status'], image['disk_format'],
             image['container_format'], image['size']))
        self.check_image(volume_id, done['image_id'], self.disk_format)
        self.assertEqual('available', self.state.volumes.status(volume_id))

    def test_an_empty_volume(self) -> None:
        volume_id = self.make_volume(size=SIZE)
        done = self.succeed(self.post(
            volume_id, disk_format=self.disk_format))
        self.check_image(volume_id, done['image_id'], self.disk_format)


class TestContainers(FormatTestCase):
    """Glance judges pairs of formats, and takes every one."""

    disk_format: str
    container_format: str

    scenarios = testscenarios.multiply_scenarios(
        [(name, {'disk_format': name}) for name in ('raw', 'qcow2', 'vhd')],
        [(name, {'container_format': name})
         for name in ('ovf', 'ami', 'aki', 'ari')])

    def test_the_bytes_are_the_same_in_every_container(self) -> None:
        volume_id = self.make_filled()
        done = self.succeed(self.post(
            volume_id, disk_format=self.disk_format,
            container_format=self.container_format))
        self.assertEqual(self.container_format, self.state.image(
            done['image_id'])['container_format'])
        self.check_image(volume_id, done['image_id'], self.disk_format)


class TestCompression(FormatTestCase):

    def upload(self, **specs: str) -> Path:
        volume_id = self.make_filled()
        if specs:
            made = self.state.volumes.make_type(extra_specs=json.dumps({
                f'volupload:{key}': value for key, value in specs.items()}))
            self.state.volumes.execute(
                'UPDATE volumes SET volume_type_id = :type WHERE id = :id',
                type=made['id'], id=volume_id)
        done = self.succeed(self.post(volume_id, disk_format='qcow2'))
        return self.check_image(volume_id, done['image_id'], 'qcow2')

    def test_qcow2_is_compressed_by_default(self) -> None:
        compressed, plain = self.upload(), self.upload(compression='none')
        self.assertLess(compressed.stat().st_size,
                        plain.stat().st_size * 2 / 3)

    def test_a_volume_type_chooses_codec_and_level(self) -> None:
        for codec, level in (('zlib', '9'), ('zstd', '3')):
            path = self.upload(compression=codec, compression_level=level)
            told = self.info(path, 'qcow2')['format-specific']
            assert isinstance(told, dict)
            self.assertEqual(codec, told['data']['compression-type'])

    def test_a_volume_type_that_asks_for_nonsense_is_told(self) -> None:
        volume_id = self.make_volume()
        made = self.state.volumes.make_type(extra_specs=json.dumps(
            {'volupload:compression': 'lzma'}))
        self.state.volumes.execute(
            'UPDATE volumes SET volume_type_id = :type WHERE id = :id',
            type=made['id'], id=volume_id)
        failed = self.finish(self.post(volume_id, disk_format='qcow2'))
        self.check_failed(volume_id, failed,
                          'Extra spec volupload:compression = lzma of volume')
        self.check_gone(failed['image_id'])


class TestRefusal(upload.UploadTestCase):

    def test_what_glance_would_refuse_is_refused_before_the_first_byte(
            self) -> None:
        volume_id = self.make_volume(size=SIZE)
        self.write(volume_id, {510: b'\x55\xaa'})
        failed = self.finish(self.post(volume_id))
        self.check_failed(
            volume_id, failed, 'Image failed safety checks: mbr: GPT MBR has '
                               'no partitions defined')
        self.check_gone(failed['image_id'])
        self.assertNotIn(f"/v2/images/{failed['image_id']}/file",
                         self.images.daemon.log.read_text())

    def test_in_another_container_glance_looks_at_nothing(self) -> None:
        volume_id = self.make_volume(size=SIZE)
        self.write(volume_id, {510: b'\x55\xaa'})
        done = self.succeed(self.post(volume_id, container_format='ovf'))
        self.check_bytes(volume_id, done)

    def test_such_a_volume_goes_as_qcow2_all_the_same(self) -> None:
        volume_id = self.make_volume(size=SIZE)
        self.write(volume_id, {510: b'\x55\xaa'})
        self.succeed(self.post(volume_id, disk_format='qcow2'))


class TestInUse(upload.UploadTestCase):

    scenarios = calls.scenarios(calls.V2, calls.V3_1)

    def test_the_image_says_that_its_source_was_in_use(self) -> None:
        for status, expected in (('in-use', ['true']), ('available', [])):
            volume_id = self.make_volume()
            self.state.volumes.set_status(volume_id, status)
            done = self.succeed(self.post(volume_id, force=True))
            said = self.state.images.rows(
                "SELECT value FROM image_properties WHERE image_id = :id AND "
                "name = 'volupload_source_in_use'", id=done['image_id'])
            self.assertEqual(expected, [row['value'] for row in said])
