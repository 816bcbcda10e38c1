# SPDX-License-Identifier: Apache-2.0
"""A Glance that has too little room: what it says is the upload's reason."""

from pathlib import Path

from tests.fixtures import services
from tests.integration import conformance
from tests.integration import glances
from tests.integration import upload
from tools.cloud import glance


class SmallGlance(upload.UploadTestCase):
    """The volume has a whole GiB, with data at both ends."""

    limit = ''

    def start_api(self) -> None:
        self.images = self.useFixture(services.Shared(
            f'glance-{self.limit.split()[0]}', self._build)).service
        standalone = self.useFixture(services.Standalone(options={
            'glance': {'endpoint_override': self.images.url}})).service
        self.configuration = standalone.configuration
        self.url = standalone.url
        self.log = standalone.daemon.log
        self.state = conformance.state_of(self.configuration.directory,
                                          self.images)

    def _build(self, directory: Path) -> glance.Glance:
        return glances.OtherGlance(
            directory, self.identity, extra=f'[DEFAULT]\n{self.limit}\n')

    def fails(self, disk_format: str, reason: str) -> None:
        volume_id = self.make_volume()
        self.fill(volume_id)
        failed = self.finish(self.post(volume_id, disk_format=disk_format))
        self.check_failed(volume_id, failed,
                          f'Glance refused the image data: 413 {reason}')
        self.check_gone(failed['image_id'])


class TestImageSizeCap(SmallGlance):

    limit = 'image_size_cap = 30000'

    def test_an_image_beyond_the_cap(self) -> None:
        for disk_format in ('raw', 'vdi', 'qcow2'):
            with self.subTest(disk_format=disk_format):
                self.fails(disk_format, 'The incoming image is too large')


class TestStorageQuota(SmallGlance):

    limit = 'user_storage_quota = 30000'

    def test_an_image_beyond_the_quota(self) -> None:
        for disk_format in ('raw', 'vdi', 'qcow2'):
            with self.subTest(disk_format=disk_format):
                self.fails(disk_format, 'Image exceeds the storage quota')
