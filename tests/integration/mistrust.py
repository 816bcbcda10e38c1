# SPDX-License-Identifier: Apache-2.0
"""What tests of servers that nobody should believe have in common.

Each has a good certificate: of a CA that volupload was not told of, or of
another host than the one that was looked for. What is said then is what
doc/source/admin/tls.rst has operators look for.
"""

from pathlib import Path
from typing import Any

import fixtures
from oslo_config import fixture as config_fixture
import testtools

from tests.fixtures import pages
from tests.integration import tls
from tests.integration import tlscloud
from volupload import conf
from volupload import service
from volupload.conf import CONF

PAGE = ' '.join((pages.ROOT / f'{tls.PAGE}.rst').read_text().split())
ISSUER = 'certificate verify failed: unable to get local issuer certificate'
ADDRESS = 'certificate verify failed: IP address mismatch'
# Whose certificates are believed, where one looks, and what is said.
STRANGERS: list[tuple[str, dict[str, Any]]] = [
    ('of another CA', {'believed': 'stranger', 'host': tls.HERE,
                       'words': ISSUER}),
    ('of another host', {'believed': 'authority', 'host': tls.ELSEWHERE,
                         'words': ADDRESS})]


def check_told(test: testtools.TestCase, words: str, log: str) -> None:
    """The log has words that the page tells of, and no secret."""
    test.assertIn(words, PAGE)
    test.assertIn(words, log)
    test.assertNotIn(tls.PASSWORD, log)


class Mistrust:
    """What the scenarios of STRANGERS are about."""

    believed: str
    host: str
    words: str

    def wrong(self, cloud: tlscloud.Cloud) -> dict[str, Any]:
        """Arguments for the cloud's options."""
        return {'authority': getattr(cloud, self.believed),
                'host': self.host}


class Configured(fixtures.Fixture):
    """CONF, read from files or from none, for one test."""

    def __init__(self, *files: Path) -> None:
        super().__init__()
        self._files = [str(file) for file in files]

    def _setUp(self) -> None:
        self.useFixture(config_fixture.Config(CONF))
        service.register_library_options()
        conf.parse([], 'tests', self._files)
