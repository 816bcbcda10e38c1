# SPDX-License-Identifier: Apache-2.0
"""What every test has: a configuration of its own, captured logs, a limit."""

import logging
import warnings

import fixtures
import hypothesis
from oslo_config import fixture as config_fixture
import testtools

from volupload import conf
from volupload import service
from volupload.conf import CONF

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile(
    'volupload', deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile('volupload')

TIMEOUT = 60   # seconds; the slowest unit test needs about two


class TestCase(testtools.TestCase):
    """Base of all tests.

    `self.config(option=value, group='section')` sets an option for one test.
    """

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(TIMEOUT, gentle=True))
        self.useFixture(fixtures.WarningsFilter([
            {'action': 'error', 'module': r'volupload(\.|$)'}]))
        self.useFixture(fixtures.NestedTempfile())
        self.logs = self.useFixture(fixtures.FakeLogger(level=logging.INFO))
        service.register_library_options()
        self.config = self.useFixture(config_fixture.Config(CONF)).config
        conf.parse([], 'tests', [])
        self.state_path = self.useFixture(fixtures.TempDir()).path
        self.config(state_path=self.state_path, host='testhost')
        warnings.simplefilter('error', ResourceWarning)
