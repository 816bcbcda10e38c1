# SPDX-License-Identifier: Apache-2.0
"""An upload to its end: the bytes in Glance are those of the volume."""

import struct

from tests.integration import calls
from tests.integration import small
from tests.integration import upload

QCOW2 = struct.pack('>4sIQIIQIIQQIIQ', b'QFI\xfb', 2, 0, 0, 16, 65536, 0, 1,
                    3 * 65536, 65536, 1, 0, 0)


class TestBytes(upload.UploadTestCase):

    scenarios = calls.scenarios(calls.V2, calls.V3_1)

    def test_the_image_is_the_volume_byte_by_byte(self) -> None:
        volume_id = self.make_volume(size=7)
        self.fill(volume_id)
        self.check_bytes(volume_id, self.succeed(self.post(volume_id)))
        self.assertEqual('available', self.state.volumes.status(volume_id))

    def test_a_volume_that_was_never_written_is_zeros(self) -> None:
        volume_id = self.make_volume(size=3)
        done = self.succeed(self.post(volume_id))
        self.assertEqual(bytes(3 * small.SMALL_GIB),
                         self.download(done['image_id']))

    def test_holes_and_data_keep_their_places(self) -> None:
        volume_id = self.make_volume(size=512)   # 32 MiB
        self.fill(volume_id)
        self.write(volume_id, {offset: b'x' for offset in (
            2 ** 20 - 1, 3 * 2 ** 20, 5 * 2 ** 20 + 4095, 9 * 2 ** 20)})
        self.check_bytes(volume_id, self.succeed(self.post(volume_id)))

    def test_an_attached_volume_is_in_use_again(self) -> None:
        volume_id = self.make_volume(size=2)
        self.fill(volume_id)
        self.state.volumes.set_status(volume_id, 'in-use')
        done = self.succeed(self.post(volume_id, force=True))
        self.check_bytes(volume_id, done)
        self.assertEqual('in-use', self.state.volumes.status(volume_id))

    def test_what_the_volume_holds_is_not_interpreted(self) -> None:
        volume_id = self.make_volume(size=4)
        self.write(volume_id, {0: QCOW2})
        self.check_bytes(volume_id, self.succeed(self.post(volume_id)))

    def test_one_volume_becomes_several_images(self) -> None:
        volume_id = self.make_volume()
        images = set()
        for letter in (b'a', b'b', b'c'):
            self.write(volume_id, {100: letter * 100})
            done = self.succeed(self.post(volume_id))
            self.check_bytes(volume_id, done)
            images.add(done['image_id'])
        self.assertEqual(3, len(images))

    def test_metadata_is_written_while_the_upload_runs(self) -> None:
        volume_id = self.make_volume(size=upload.LONG)
        answer = self.post(volume_id)
        changed = self.call(
            'PUT', f'/v3/{self.demo.project_id}/volumes/{volume_id}',
            body=b'{"volume": {"metadata": {"packer": "was here"}}}')
        self.assertEqual((200, 'uploading'), (
            changed.status, changed.json['volume']['status']))
        self.succeed(answer)


class TestProtected(upload.UploadTestCase):

    face = calls.V3_1

    def test_a_protected_image_is_protected_in_the_end(self) -> None:
        for wanted in (True, 'True', False):
            volume_id = self.make_volume()
            answer = self.post(volume_id, protected=wanted)
            done = self.succeed(answer)
            expected = wanted is not False
            self.assertEqual(expected, answer.json[calls.ACTION]['protected'])
            image = self.state.image(done['image_id'])
            self.assertEqual(expected, bool(image['protected']))
            self.check_bytes(volume_id, done)

    def test_what_fails_leaves_no_protected_image(self) -> None:
        volume_id = self.make_volume()
        self.file_of(volume_id).unlink()
        failed = self.finish(self.post(volume_id, protected=True))
        self.check_failed(volume_id, failed, 'cannot open volume')
        self.check_gone(failed['image_id'])
