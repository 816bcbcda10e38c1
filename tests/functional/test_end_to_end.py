# SPDX-License-Identifier: Apache-2.0
"""From the request over the bus to the bytes in Glance, and each way to fail.

API and volume manager are the real ones, in one process; the bus is
``fake://``, volumes are files, and Glance is a small one over HTTP.
"""

import hashlib
import pathlib
import time
from typing import Any

from tests.fixtures.glance import FakeGlance
from tests.functional import base
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload.api import app
from volupload.db import models
from volupload.db import session
from volupload.db import uploads
from volupload.db import volumes
from volupload.transfer import formats
from volupload.volume.service import VolumeService
from volupload.volume.status import VolumeStatus

GIB = 2 ** 30
# Across the borders of blocks, at the start and at the very end.
DATA = ((0, b'first'), (65535, b'across'), (GIB // 2, b'x' * 5_000_000),
        (GIB - 4, b'last'))


class TestEndToEnd(base.ApiTestCase):

    def setUp(self) -> None:
        self.glance = FakeGlance()
        super().setUp()
        self.volumes = pathlib.Path(self.state_path, 'volumes')
        self.volumes.mkdir()
        # Only what comes over the bus makes the manager work in time.
        self.config(sweep_interval=3600, group='upload')
        service = VolumeService()
        service.start()
        self.addCleanup(service.stop, graceful=False)

    def configure(self) -> None:
        super().configure()
        self.useFixture(self.glance)
        self.point_at(self.glance.url)

    def point_at(self, url: str) -> None:
        self.config(auth_type='none', endpoint_override=url, group='glance')

    def load(self) -> None:
        self.app = app.load()

    def create(self) -> str:
        """A volume made through the API, with data in its file."""
        answer = self.ask('POST', f'/v3/{PROJECT}/volumes',
                          {'volume': {'size': 1}})
        volume_id: str = answer.json['volume']['id']
        self.wait_for(volume_id, 'available')
        with (self.volumes / volume_id).open('r+b') as file:
            for offset, data in DATA:
                file.seek(offset)
                file.write(data)
        return volume_id

    def wait_for(self, volume_id: str, status: str) -> dict[str, Any]:
        deadline = time.monotonic() + 50
        while True:
            answer = self.ask('GET', f'/v3/{PROJECT}/volumes/{volume_id}')
            shown: dict[str, Any] = answer.json['volume']
            if shown['status'] == status:
                return shown
            self.assertLess(time.monotonic(), deadline, shown['status'])
            time.sleep(0.02)

    def last_upload(self) -> models.Upload:
        with session.reader() as reading:
            [upload] = reading.query(models.Upload).all()
        return uploads.get(upload.id)

    def assertNothingRemains(self, volume_id: str, *words: str) -> None:
        """The upload has failed, with a reason, and the volume is free."""
        self.wait_for(volume_id, 'available')
        self.assertEqual({}, self.glance.images)
        upload = self.last_upload()
        self.assertEqual('failed', upload.status)
        for word in words:
            self.assertIn(word, upload.reason)

    def test_bytes_of_the_volume_become_the_image(self) -> None:
        volume_id = self.create()
        answer = self.upload(
            volume_id, {'image_name': 'img', 'protected': True},
            OpenStack_API_Version='volume 3.1')
        self.assertEqual(202, answer.status_int, answer.text)
        self.wait_for(volume_id, 'available')
        [image] = self.glance.images.values()
        self.assertEqual(answer.json[UPLOAD]['image_id'], image['id'])
        self.assertEqual(
            ('active', 'img', GIB, PROJECT, 'private', True),
            (image['status'], image['name'], image['size'], image['owner'],
             image['visibility'], image['protected']))
        with (self.volumes / volume_id).open('rb') as file:
            digest = hashlib.file_digest(file, 'sha512').hexdigest()
        self.assertEqual(digest, image['os_hash_value'])

    def test_every_format_is_an_image_of_its_own_kind(self) -> None:
        volume_id = self.create()
        sizes: dict[str, int] = {}
        for disk_format in formats.FORMATS:
            answer = self.upload(volume_id, {
                'image_name': 'img', 'disk_format': disk_format})
            self.assertEqual(202, answer.status_int, answer.text)
            self.wait_for(volume_id, 'available')
            image = self.glance.images[answer.json[UPLOAD]['image_id']]
            self.assertEqual(('active', disk_format),
                             (image['status'], image['disk_format']))
            sizes[disk_format] = image['size']
            sent = [headers for method, path, headers in self.glance.requests
                    if method == 'PUT' and image['id'] in path]
            # What compresses goes out before its length is known.
            self.assertEqual(disk_format in ('qcow2', 'vmdk'),
                             'Transfer-Encoding' in sent[0])
        self.assertEqual(GIB, sizes['raw'])
        self.assertLess(max(sizes['qcow2'], sizes['vmdk']), 1_000_000)
        for disk_format in ('vdi', 'vhd', 'vhdx'):
            self.assertLess(sizes[disk_format], 30_000_000)

    def test_a_volume_in_use_is_marked(self) -> None:
        volume_id = self.create()
        volumes.transition(volume_id, {VolumeStatus.AVAILABLE},
                           VolumeStatus.IN_USE)
        answer = self.upload(volume_id, {'image_name': 'i', 'force': True})
        self.wait_for(volume_id, 'in-use')
        image = self.glance.images[answer.json[UPLOAD]['image_id']]
        self.assertEqual('true', image['volupload_source_in_use'])

    def test_an_answer_of_glance_that_is_lost_does_not_matter(self) -> None:
        volume_id = self.create()
        self.glance.fail('PUT', done=True, reset=True, times=1)
        self.assertEqual(202, self.upload(volume_id).status_int)
        self.wait_for(volume_id, 'available')
        self.assertEqual('succeeded', self.last_upload().status)

    def test_what_breaks_in_the_middle_fails_with_both_reasons(self) -> None:
        self.config(max_attempts=1, group='upload')
        volume_id = self.create()
        self.glance.fail('PUT', reset=True, after=1_000_000)
        self.assertEqual(202, self.upload(volume_id).status_int)
        self.assertNothingRemains(volume_id, 'sending failed',
                                  'the image is queued after that')

    def test_data_that_is_refused_leaves_no_image(self) -> None:
        volume_id = self.create()
        self.glance.fail('PUT', status=413, reason='Too much data.')
        self.assertEqual(202, self.upload(volume_id).status_int)
        self.assertNothingRemains(volume_id, 'Too much data.')

    def test_iso_is_accepted_on_v2_and_leaves_no_image(self) -> None:
        volume_id = self.create()
        answer = self.upload(
            volume_id, {'image_name': 'x', 'disk_format': 'iso'}, api='v2')
        self.assertEqual(202, answer.status_int, answer.text)
        self.assertNothingRemains(volume_id, 'iso')

    def test_refusal_of_the_record_is_passed_on(self) -> None:
        volume_id = self.create()
        for status, name in ((400, 'badRequest'), (403, 'forbidden'),
                             (409, 'conflictingRequest'), (413, 'overLimit')):
            self.glance.fail('POST', status=status, reason='Quota is used up')
            self.assertFault(self.upload(volume_id), status, name,
                             'Quota is used up')
            self.wait_for(volume_id, 'available')

    def test_glance_that_cannot_be_asked_is_our_fault(self) -> None:
        volume_id = self.create()
        for failure in ({'status': 500}, {'status': 503}, {'status': 404},
                        {'status': 401}, {'status': 200, 'body': b'<html>'},
                        {'status': 201, 'body': b'<html>'}, {'reset': True}):
            self.glance.fail('POST', **failure)
            self.assertOurFault(volume_id)

    def test_glance_that_is_not_there_is_our_fault(self) -> None:
        volume_id = self.create()
        self.glance.stop()
        self.assertOurFault(volume_id)

    def test_wrong_endpoint_is_our_fault(self) -> None:
        volume_id = self.create()
        for url in ('http://glance.invalid', f'{self.glance.url}/elsewhere',
                    self.glance.url.replace('http:', 'https:')):
            self.point_at(url)
            self.load()
            self.assertOurFault(volume_id)

    def test_an_endpoint_that_is_no_url_ends_the_api_at_its_start(
            self) -> None:
        self.point_at('nonsense')
        error = self.assertRaises(SystemExit, self.load)
        self.assertIn('[glance] endpoint_override: nonsense', str(error))

    def assertOurFault(self, volume_id: str) -> None:
        answer = self.upload(volume_id)
        self.assertFault(answer, 500, 'computeFault', 'The server has either')
        shown = self.wait_for(volume_id, 'available')
        self.assertEqual('available', shown['status'])
        self.assertEqual({}, self.glance.images)
        self.glance.heal()
