# SPDX-License-Identifier: Apache-2.0

import concurrent.futures
import random
import sys
import zlib

import zstandard

from tests import base
from volupload import exception
from volupload.transfer import codecs

PHRASE = b'sphinx of black quartz, judge my vow; ' * 2000


def from_zstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


class TestZlib(base.TestCase):

    def test_every_level_is_raw_deflate_of_a_small_window(self) -> None:
        for level in (None, *range(1, 10)):
            codec = codecs.get('zlib', level, codecs.RAW_DEFLATE_12)
            packed = codec.compress(PHRASE)
            self.assertLess(len(packed), len(PHRASE) // 20)
            self.assertEqual(PHRASE, zlib.decompressobj(-12).decompress(
                packed))

    def test_nothing_is_looked_up_beyond_the_window(self) -> None:
        """What repeats after 6000 bytes is no repetition for 12 bits."""
        block = random.Random(1).randbytes(6000)
        near = codecs.get('zlib', 9, codecs.RAW_DEFLATE_12)
        far = codecs.get('zlib', 9, codecs.ZLIB_15)
        self.assertGreater(len(near.compress(block * 4)), 23000)
        self.assertLess(len(far.compress(block * 4)), 7000)

    def test_wrapper_is_that_of_rfc_1950(self) -> None:
        packed = codecs.get('zlib').compress(PHRASE)
        self.assertEqual(0x78, packed[0])
        self.assertEqual(0, int.from_bytes(packed[:2], 'big') % 31)
        self.assertEqual(PHRASE, zlib.decompress(packed))

    def test_takes_memory_as_it_is(self) -> None:
        packed = codecs.get('zlib').compress(memoryview(PHRASE)[5:500])
        self.assertEqual(PHRASE[5:500], zlib.decompress(packed))

    def test_stored_only_wraps(self) -> None:
        data = bytes(100)
        self.assertEqual(b'\x01\x64\x00\x9b\xff' + data,
                         codecs.stored(codecs.RAW_DEFLATE_12).compress(data))
        self.assertEqual(data, zlib.decompress(
            codecs.stored().compress(data)))

    def test_what_is_stored_is_not_copied(self) -> None:
        data = memoryview(random.Random(2).randbytes(65536))
        for wbits in (codecs.ZLIB_15, codecs.RAW_DEFLATE_12):
            codec = codecs.stored(wbits)
            pieces = codec.pieces(data)
            self.assertEqual(codec.compress(data), b''.join(pieces))
            # All but the last block, of a single byte.
            self.assertEqual([65535], [
                len(piece) for piece in pieces
                if isinstance(piece, memoryview) and piece.obj is data.obj])

    def test_stored_data_of_any_length(self) -> None:
        for length in (0, 1, 1024, 1025, 65535, 65536, 131070, 200_000):
            data = random.Random(length).randbytes(length)
            self.assertEqual(data, zlib.decompress(
                codecs.stored().compress(memoryview(data))))
            self.assertEqual(data, zlib.decompressobj(-15).decompress(
                codecs.stored(codecs.RAW_DEFLATE_12).compress(data)))

    def test_python_has_it_where_isal_is_missing(self) -> None:
        library = codecs.isal_zlib
        self.addCleanup(setattr, codecs, 'isal_zlib', library)
        codecs.isal_zlib = None
        for level in range(1, 10):
            self.assertEqual(
                zlib.compress(PHRASE, level, -12),
                codecs.get('zlib', level, -12).compress(PHRASE))

    def test_isal_is_used_where_it_is_there(self) -> None:
        self.assertIn('isal', sys.modules)
        self.assertNotEqual(zlib.compress(PHRASE, 1),
                            codecs.get('zlib', 1).compress(PHRASE))


class TestZstd(base.TestCase):

    def test_levels(self) -> None:
        for level in (None, 1, 3, 22):
            packed = codecs.get('zstd', level).compress(memoryview(PHRASE))
            self.assertLess(len(packed), 200)
            self.assertEqual(PHRASE, from_zstd(packed))

    def test_many_threads_share_a_codec(self) -> None:
        codec = codecs.get('zstd')
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            packed = list(pool.map(codec.compress, [
                bytes([number]) * 5000 + PHRASE for number in range(200)]))
        self.assertEqual(
            [bytes([number]) * 5000 + PHRASE for number in range(200)],
            list(map(from_zstd, packed)))

    def test_python_3_14_has_it(self) -> None:
        self.without('zstandard')
        self.put('compression', sys)
        self.put('compression.zstd', Library)
        self.assertEqual(b'3:abc', codecs.get('zstd', 3).compress(b'abc'))

    def test_says_what_is_missing(self) -> None:
        self.without('zstandard')
        self.without('compression')
        self.without('compression.zstd')
        error = self.assertRaises(exception.UnsupportedCompression,
                                  codecs.get, 'zstd')
        self.assertIn('zstd', str(error))
        self.assertIn("pip install 'volupload[zstd]'", str(error))

    def put(self, name: str, module: object) -> None:
        before = sys.modules.get(name)
        if before is None:
            self.addCleanup(sys.modules.pop, name, None)
        else:
            self.addCleanup(sys.modules.__setitem__, name, before)
        sys.modules[name] = module   # type: ignore[assignment]

    def without(self, name: str) -> None:
        self.put(name, None)


class Library:

    @staticmethod
    def compress(data: bytes, level: int) -> bytes:
        return b'%d:%s' % (level, data)


class TestNames(base.TestCase):

    def test_unknown_codec(self) -> None:
        error = self.assertRaises(exception.UnsupportedCompression,
                                  codecs.get, 'lzo')
        self.assertEqual('Compression lzo cannot be had: unknown', str(error))

    def test_levels_have_limits(self) -> None:
        for name, level in (('zlib', 0), ('zlib', 10), ('zlib', -1),
                            ('zstd', 0), ('zstd', 23)):
            error = self.assertRaises(exception.UnsupportedCompression,
                                      codecs.get, name, level)
            self.assertIn(f'not {level}', str(error))
