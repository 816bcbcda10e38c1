# SPDX-License-Identifier: Apache-2.0
"""Foresees what Glance would say about the content of a raw volume.

Glance looks into an image while it takes it in, and says what it thinks after
the last byte: a boot sector that is none of a partition table, two formats in
one, an encrypted disk of a kind it does not know. Of a raw image of many hours
that can be told from the first MiB, with the same inspectors, those of
oslo.utils, and by the same rules (``glance/location.py``, ``set_data``, of
Glance 33):

* it only looks where ``container_format`` is ``bare``;
* raw is what nothing else matches, and content of another format may be
  called raw all the same, as long as exactly one matches;
* the inspector that matched then checks what its format makes dangerous.

What cannot be told from what was read is left to Glance, and so is a volume
that cannot be read: nothing that Glance would take is refused here. What the
volume holds never decides as what it is sent.
"""

from collections.abc import Iterator
import types
from typing import Any

from volupload import exception
from volupload.transfer import guard
from volupload.transfer import Source

# Every inspector but two has seen enough of it then.
_FIRST = 1024 * 1024
# VHDX and VMDK can keep what counts further behind, or at the end. QEMU puts
# it before 4 MiB.
_MORE = 4 * 1024 * 1024
_TAIL = 64 * 1024

# What Glance gets at a time, and so its inspectors.
_PIECE = 64 * 1024


def check(source: Source) -> None:
    """Look at a volume that is to be a raw image.

    :raises ContentRefused: Glance would refuse it; with the reason.
    :raises SourceError, ShortRead: it cannot be read.
    """
    inspectors = _library()
    wrapper = inspectors.InspectWrapper(_pieces(source))
    fed = 0
    for piece in wrapper:
        fed += len(piece)
        if fed >= _FIRST and wrapper.formats is not None:
            break
    wrapper.close()
    try:
        inspector = wrapper.format
        if inspector.complete or source.size <= _MORE:
            inspector.safety_check()
    except inspectors.ImageFormatError as error:
        raise exception.ContentRefused(reason=str(error)) from error
    except inspectors.SafetyCheckFailed as error:
        raise exception.ContentRefused(
            reason=f'Image failed safety checks: {_words(error)}') from error


def _library() -> types.ModuleType:
    """Imported late: 7 MiB of memory, and only who uploads needs it."""
    from oslo_utils.imageutils import format_inspector
    return format_inspector


def _pieces(source: Source) -> Iterator[bytes]:
    """The beginning of the volume, as far as it is asked for, and its end."""
    first = min(source.size, _MORE)
    yield from _read(source, 0, first)
    yield from _read(source, max(first, source.size - _TAIL), source.size)


def _read(source: Source, start: int, end: int) -> Iterator[bytes]:
    for offset in range(start, end, _PIECE):
        buffer = bytearray(min(_PIECE, end - offset))
        guard.read_exactly(source, offset, memoryview(buffer))
        yield bytes(buffer)


def _words(error: Any) -> str:
    return ', '.join(f'{name}: {failure}'
                     for name, failure in error.failures.items())
