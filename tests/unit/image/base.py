# SPDX-License-Identifier: Apache-2.0
"""An ImageService of ours against a small Glance on loopback."""

from collections.abc import Callable
from typing import Any
import uuid

from keystoneauth1 import loading
from oslo_context import context

from tests import base
from tests.fixtures.glance import FakeGlance
from volupload.conf import CONF
from volupload.image import glance


class ImageTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.glance = self.useFixture(FakeGlance(keep_data=True))
        self.default_timeout = CONF.glance.timeout
        self.set(auth_type='none', endpoint_override=self.glance.url,
                 connect_retry_delay=0.01, timeout=5)
        self.images = glance.ImageService()
        self.addCleanup(lambda: self.images.close())
        self.context = context.RequestContext(
            auth_token='users-token', project_id='project',
            global_request_id=f'req-{uuid.uuid4()}', overwrite=False)
        self.image_id = str(uuid.uuid4())

    def register_plugin(self, auth_type: str) -> None:
        """So that its options can be set before it is loaded."""
        CONF.register_opts(
            loading.get_auth_plugin_conf_options(auth_type), group='glance')

    def forget_plugin(self, auth_type: str) -> None:
        """Its required options would be missing in every later test."""
        CONF.reset()
        CONF.unregister_opts(
            loading.get_auth_plugin_conf_options(auth_type), group='glance')

    def set(self, **options: Any) -> None:
        self.config(group='glance', **options)

    def create(self, **values: Any) -> dict[str, Any]:
        values = {'name': 'name', 'disk_format': 'raw',
                  'container_format': 'bare', **values}
        return self.images.create_image(self.context, self.image_id,
                                        **values)

    def fails(self, error: type[Exception], call: Callable[..., Any],
              *args: Any, **kwargs: Any) -> Any:
        return self.assertRaises(error, call, *args, **kwargs)
