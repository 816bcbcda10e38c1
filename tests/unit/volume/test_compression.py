# SPDX-License-Identifier: Apache-2.0

import importlib
import sys

import fixtures

from tests import base
from volupload import exception
from volupload.db import models
from volupload.transfer import Compression
from volupload.volume import compression


class TestCompression(base.TestCase):

    def of(self, **specs: str) -> Compression:
        return compression.of_type(models.VolumeType(
            id='1', name='fast', extra_specs={
                f'volupload:{key}': value for key, value in specs.items()}))

    def configure(self, codec: str, level: int | None = None) -> None:
        self.config(group='upload', compression=codec,
                    compression_level=level)

    def without_zstd(self) -> None:
        for name in ('zstandard', 'compression.zstd'):
            self.addCleanup(sys.modules.pop, name, None)
        self.useFixture(fixtures.MonkeyPatch('importlib.import_module',
                                             self._import))

    def _import(self, name: str) -> object:
        if name in ('zstandard', 'compression.zstd'):
            raise ImportError(name)
        return importlib.__import__(name)

    def test_a_sample_decides_unless_told_otherwise(self) -> None:
        self.assertEqual(Compression('auto', None),
                         compression.of_type(None))
        self.assertEqual(Compression('auto', None), self.of(other='zlib'))

    def test_the_configuration_is_for_every_type_that_says_nothing(
            self) -> None:
        self.configure('zlib', 6)
        self.assertEqual(Compression('zlib', 6), compression.of_type(None))
        self.assertEqual(Compression('zlib', 6), self.of())

    def test_a_type_says_it_better(self) -> None:
        self.configure('zlib', 6)
        for specs, expected in (
                ({'compression': 'none'}, Compression('none')),
                ({'compression': 'zstd'}, Compression('zstd')),
                ({'compression': 'zstd', 'compression_level': '19'},
                 Compression('zstd', 19)),
                ({'compression_level': '9'}, Compression('zlib', 9)),
                ({'compression': 'auto', 'compression_level': '3'},
                 Compression('auto', 3))):
            self.assertEqual(expected, self.of(**specs))

    def test_a_type_that_cannot_be_had_is_told_with_its_spec(self) -> None:
        for specs, key in (
                ({'compression': 'lzma'}, 'compression'),
                ({'compression': ''}, 'compression'),
                ({'compression_level': 'fast'}, 'compression_level'),
                ({'compression_level': '10'}, 'compression_level'),
                ({'compression': 'zstd', 'compression_level': '23'},
                 'compression_level')):
            error = self.assertRaises(exception.InvalidExtraSpec, self.of,
                                      **specs)
            self.assertTrue(str(error).startswith(
                f'Extra spec volupload:{key} = {specs[key]} of volume type '
                'fast: '), str(error))

    def test_zstd_that_is_not_installed_is_told_at_the_start(self) -> None:
        self.without_zstd()
        compression.check_config()
        self.configure('zstd')
        error = self.assertRaises(exception.ConfigError,
                                  compression.check_config)
        self.assertTrue(str(error).startswith('[upload] compression: '))
        self.assertIn('zstandard', str(error))
        error = self.assertRaises(exception.InvalidExtraSpec, self.of,
                                  compression='zstd')
        self.assertIn('zstandard', str(error))

    def test_a_level_that_the_codec_does_not_have_is_told_at_the_start(
            self) -> None:
        for codec in ('auto', 'zlib'):
            self.configure(codec, 10)
            error = self.assertRaises(exception.ConfigError,
                                      compression.check_config)
            self.assertTrue(
                str(error).startswith('[upload] compression_level: '))
        self.configure('none', 22)
        compression.check_config()
