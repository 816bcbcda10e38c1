# SPDX-License-Identifier: Apache-2.0
"""The header OpenStack-API-Version, in all the forms it comes in."""

from tests import base
from volupload import exception
from volupload.api import microversion


class TestMicroversion(base.TestCase):

    def test_headers_that_ask_for_a_version(self) -> None:
        for header, version in (
                (None, (3, 0)), ('', (3, 0)), (' ', (3, 0)), (',', (3, 0)),
                ('volume 3.0', (3, 0)), ('volume 3.1', (3, 1)),
                ('VOLUME Latest', (3, 71)), ('compute 2.1', (3, 0)),
                ('compute 2.1,volume 3.1', (3, 1)),
                ('volume 3.1, volume 9.9', (3, 1)),
                ('volumes 9.9', (3, 0))):
            self.assertEqual(version, microversion.parse(header), header)

    def test_versions_there_are_not(self) -> None:
        for version in ('3.72', '2.0', '4.0', '0.0', '999999999.0'):
            error = self.assertRaises(
                exception.VersionNotSupported, microversion.parse,
                f'volume {version}')
            self.assertIn('Minimum is 3.0 and maximum is 3.71', str(error))

    def test_headers_that_are_no_version(self) -> None:
        for header in ('volume', 'volume 3', 'volume 3.', 'volume .1',
                       'volume 3.1.0', 'volume 03.1', 'volume ３.1',
                       'volume 3.1 x', '3.1', f'volume {"9" * 5000}.0'):
            self.assertRaises(exception.InvalidVersion,
                              microversion.parse, header)
