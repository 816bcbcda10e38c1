# SPDX-License-Identifier: Apache-2.0
"""A real Glance takes an image of every kind in.

It looks into what comes and refuses an image of another format than its
record says: require_image_format_match is on unless it is turned off. The
bytes go to it the way they go in production, by volupload.image.
"""

import functools
import json
from pathlib import Path
from typing import Any
import uuid

from keystoneauth1 import loading
from oslo_config import fixture as config_fixture
from oslo_context import context

from tests.fixtures import services
from tests.interop import base
from tests.interop import judges
from tests.interop import test_readers
from tests.interop import variants
from tests.interop import volumes
from volupload import conf
from volupload.conf import CONF
from volupload.image import glance
from volupload.transfer import pipeline

load_tests = base.load_tests


class TestGlance(base.TestCase):

    scenarios = variants.SCENARIOS
    variant: variants.Variant

    def setUp(self) -> None:
        super().setUp()
        identity = self.useFixture(services.Keystone()).service
        self.store = self.useFixture(services.Glance()).service.images
        self._configure()
        self.images = glance.ImageService()
        self.addCleanup(self.images.close)
        token = identity.token('demo')
        self.context = context.RequestContext(
            auth_token=token.id, project_id=token.project_id,
            overwrite=False)

    def _configure(self) -> None:
        made = self.useFixture(services.Configuration(
            transport_url='fake://')).configuration
        self.addCleanup(_forget_auth_options)
        self.useFixture(config_fixture.Config(CONF))
        conf.parse([], 'interop', [str(made.file)])

    def test_the_image_becomes_active_with_the_bytes_sent(self) -> None:
        self.check_stored(volumes.volume('ext4'))

    def test_a_partitioned_disk_is_taken_too(self) -> None:
        self.check_stored(test_readers.guest_disk('gpt'))

    def check_stored(self, volume: Path) -> None:
        image_id = str(uuid.uuid4())
        self.images.create_image(
            self.context, image_id, name=self.variant.name,
            disk_format=self.variant.disk_format, container_format='bare')
        self.addCleanup(self.images.delete_image, image_id)
        with base.open_volume(volume) as source:
            sent = pipeline.stream(
                source, self.variant.make, functools.partial(
                    self.images.upload_data, image_id))
        image = self.images.get_stored_image(image_id)
        self.assertEqual(
            ('active', sent.bytes_sent, 'sha512', sent.digest),
            tuple(image[name] for name in (
                'status', 'size', 'os_hash_algo', 'os_hash_value')))
        self.check_virtual_size(image, volume)
        judges.check_same(self.variant, self.store / image_id, volume)

    def check_virtual_size(self, image: dict[str, Any],
                           volume: Path) -> None:
        """Glance writes down what the inspector says."""
        self.assertEqual(volume.stat().st_size, image['virtual_size'],
                         json.dumps(image))


def _forget_auth_options() -> None:
    """Those of auth_type = password, which a file without it lacks."""
    CONF.reset()
    CONF.unregister_opts(loading.get_auth_plugin_conf_options('password'),
                         group='glance')
