# SPDX-License-Identifier: Apache-2.0
"""Compressors, as formats need them: one call for each piece.

``get`` makes a codec from a name and a level. Any number of threads may use
one codec at once, and all let go of Python's lock while they work::

    zlib    RFC 1951 or, in its wrapper, RFC 1950; level 1 to 9, 1 if not told
    zstd    RFC 8878; level 1 to 22, 1 if not told

zlib is ISA-L's (the package isal) where that can be imported: it is six to
ten times as fast and packs as well. What it makes of the same bytes may
differ from one call to the next, so nobody may compress twice and expect the
same length. Its levels are its own, and ours stand for them so::

    level      1        2 to 5   6 to 9
    ISA-L's    1        2        3
    MB/s       480/805  472/853  274/423
    ratio      0.446    0.445    0.440

(Clusters of 64 KiB of /usr/lib, window of 4 KiB, on one and two threads. In
the same run zlib itself: level 1 49/87, 0.439; level 6 32/65, 0.414. zstd:
level 1 465/756, 0.417; level 3 335/622, 0.403.) ISA-L's level 0 stands for
none of ours: 443/801, 0.528 is no faster and half as good again.

zstd is the package zstandard, or Python's own from 3.14 on.
"""

from collections.abc import Callable
from collections.abc import Sequence
import importlib
import struct
import threading
from typing import Protocol
import zlib

from volupload import exception

try:
    from isal import isal_zlib
except ImportError:   # no wheel for this platform
    isal_zlib = None   # type: ignore[assignment]

# Sizes of the window as RFC 1950 and zlib's manual count them; negative: raw
# deflate without the wrapper. 12 bits is all that QEMU looks back in qcow2.
RAW_DEFLATE_12 = -12
ZLIB_15 = 15

FASTEST = 1
_ZLIB_LEVELS = range(1, 10)
_ZSTD_LEVELS = range(1, 23)
_ISAL_LEVELS = {1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 3, 7: 3, 8: 3, 9: 3}


class Codec(Protocol):

    def compress(self, data: bytes | memoryview) -> bytes:
        """One finished stream; incompressible data makes it longer."""

    def pieces(self, data: bytes | memoryview) -> Sequence[bytes | memoryview]:
        """The same in pieces, which can be parts of ``data`` itself."""
        return (self.compress(data),)


class _Isal(Codec):

    def __init__(self, level: int, wbits: int) -> None:
        self._level = _ISAL_LEVELS[level]
        self._wbits = wbits

    def compress(self, data: bytes | memoryview) -> bytes:
        return isal_zlib.compress(data, self._level, self._wbits)


class _Zlib(Codec):

    def __init__(self, level: int, wbits: int) -> None:
        self._level = level
        self._wbits = wbits

    def compress(self, data: bytes | memoryview) -> bytes:
        return zlib.compress(data, self._level, self._wbits)


class _Stored(Codec):
    """RFC 1951 section 3.2.4, in the wrapper of RFC 1950 if it is asked for.

    64 KiB take 8 us, of which ISA-L's checksum has 4. zlib's level 0 takes
    145 in the same run: it moves everything through its window. In pieces
    nothing is moved at all.
    """

    # CMF: deflate, window of 32 KiB; FLG: fastest, and the pair's check bits.
    _HEAD = b'\x78\x01'
    _BLOCK = struct.Struct('<BHH')   # BFINAL and BTYPE 0, LEN, NLEN
    _MAX = 0xffff
    # Each piece costs whoever puts them together 1 us. Of a grain of 64 KiB
    # the last byte is a block of its own.
    _SMALL = 1024

    def __init__(self, wrapper: bool) -> None:
        self._wrapper = wrapper
        self._checksum = (isal_zlib or zlib).adler32

    def compress(self, data: bytes | memoryview) -> bytes:
        return b''.join(self.pieces(data))

    def pieces(self, data: bytes | memoryview) -> Sequence[bytes | memoryview]:
        pieces: list[bytes | memoryview] = []
        small = self._HEAD if self._wrapper else b''
        for start in range(0, len(data) or 1, self._MAX):
            block = data[start:start + self._MAX]
            length = len(block)
            small += self._BLOCK.pack(start + length == len(data), length,
                                      length ^ self._MAX)
            if length > self._SMALL:
                pieces += small, block
                small = b''
            else:
                small += block
        if self._wrapper:
            small += self._checksum(data).to_bytes(4, 'big')
        return [*pieces, small]


class _Zstd(Codec, threading.local):
    """A compressor is for one thread: each gets its own at its first call."""

    def __init__(self, make: Callable[[int], Callable[..., bytes]],
                 level: int) -> None:
        self._compress = make(level)

    def compress(self, data: bytes | memoryview) -> bytes:
        return self._compress(data)


def get(name: str, level: int | None = None,
        wbits: int = ZLIB_15) -> Codec:
    """The codec ``zlib`` or ``zstd``.

    :param wbits: ``RAW_DEFLATE_12`` or ``ZLIB_15``, of zlib only.
    :raises UnsupportedCompression: there is no such codec or level, or what
        it needs is not installed.
    """
    if name == 'zlib':
        return _deflate(_checked(name, level, _ZLIB_LEVELS), wbits)
    if name == 'zstd':
        return _Zstd(_find_zstd(), _checked(name, level, _ZSTD_LEVELS))
    raise exception.UnsupportedCompression(codec=name, reason='unknown')


def stored(wbits: int = ZLIB_15) -> Codec:
    """Deflate that only wraps: for data that does not become smaller."""
    return _Stored(wrapper=wbits > 0)


def _deflate(level: int, wbits: int) -> Codec:
    return (_Isal if isal_zlib else _Zlib)(level, wbits)


def _checked(name: str, level: int | None, levels: range) -> int:
    if level is None:
        return FASTEST
    if level not in levels:
        raise exception.UnsupportedCompression(
            codec=name, reason=f'its levels are {levels[0]} to {levels[-1]}, '
                               f'not {level}')
    return level


def _find_zstd() -> Callable[[int], Callable[..., bytes]]:
    try:
        library = importlib.import_module('zstandard')
        return lambda level: library.ZstdCompressor(level=level).compress
    except ImportError:
        pass
    try:
        own = importlib.import_module('compression.zstd')
    except ImportError:
        raise exception.UnsupportedCompression(
            codec='zstd', reason='it needs Python 3.14 or the package '
            "zstandard (pip install 'volupload[zstd]')") from None
    return lambda level: lambda data: own.compress(data, level)
