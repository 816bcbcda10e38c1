# SPDX-License-Identifier: Apache-2.0
"""What tests of images have in common: making one, by the real pipeline."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import tempfile
from typing import Any

import fixtures
import testscenarios
import testtools

from tests.interop import judges
from tests.interop import variants
from volupload.transfer import Chunk
from volupload.transfer import FileRange
from volupload.transfer import Layout
from volupload.transfer import pipeline
from volupload.transfer import Source
from volupload.transfer import sources

#: Minutes instead of seconds: everything that can be asked.
FULL = os.environ.get('VOLUPLOAD_INTEROP') == 'full'
TIMEOUT = 4 * 3600 if FULL else 300
# For each module, so that scenarios are tests that stestr can share out to
# its workers. Otherwise a class has all of them in one.
load_tests = testscenarios.load_tests_apply_scenarios
_LARGEST = 256 * 1024 * 1024   # a volume whose image is read for its sum


def open_volume(path: str | Path) -> contextlib.closing[Any]:
    """A file or a device, until the end of the `with`."""
    return contextlib.closing(sources.open_path(str(path)))


class SparseFile:
    """A sink: a file in which a chunk of zeros takes no room.

    :ivar ranges: how many chunks came by reference.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ranges = 0
        self._zeros = bytearray(4 * 1024 * 1024)

    def __call__(self, chunks: Iterator[Chunk],
                 image_size: int | None) -> None:
        with self.path.open('wb', buffering=0) as image:
            for chunk in chunks:
                if isinstance(chunk, FileRange):
                    self._copy(image.fileno(), chunk)
                elif self._zeros[:len(chunk)] == chunk:
                    image.seek(len(chunk), os.SEEK_CUR)
                else:
                    _write(image.fileno(), chunk)
            image.truncate()

    def _copy(self, image: int, chunk: FileRange) -> None:
        self.ranges += 1
        offset, end = chunk.offset, chunk.offset + chunk.length
        while offset < end:
            offset += os.sendfile(image, chunk.fd, offset, end - offset)


def _write(fd: int, chunk: memoryview) -> None:
    while chunk:
        chunk = chunk[os.write(fd, chunk):]


class TestCase(testscenarios.WithScenarios, testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(TIMEOUT, gentle=True))
        self.useFixture(fixtures.NestedTempfile())

    def convert(self, source: Source,
                make_layout: Callable[[Source], Layout],
                **options: Any) -> Path:
        """The image of a source, in a file that goes with the test.

        Length and checksum are what the pipeline says they are. Of a long
        volume there is no checksum: zeros would take longest.
        """
        if source.size > _LARGEST:
            options['hash_algorithm'] = None
        descriptor, name = tempfile.mkstemp()
        os.close(descriptor)
        sink = self.sink = SparseFile(Path(name))
        told = pipeline.stream(source, make_layout, sink, **options)
        self.assertEqual(sink.path.stat().st_size, told.bytes_sent)
        if told.digest:
            self.assertEqual(judges.digest(sink.path), told.digest)
        return sink.path

    def judge(self, variant: variants.Variant, source: Source,
              volume: Path, **options: Any) -> Path:
        """Make an image of a source, whose bytes are those of a file too."""
        image = self.convert(source, variant.make, **options)
        judges.everybody(variant, image, volume)
        return image
