# SPDX-License-Identifier: Apache-2.0
"""Layouts, sinks and a test case for what goes through the pipeline."""

from collections.abc import Callable
from collections.abc import Iterator
import threading
import time

from tests import base
from tests.fixtures.sources import MemorySource
from volupload.transfer import pipeline
from volupload.transfer import Segment
from volupload.transfer.formats import raw

SMALL = {'buffer_size': 4096, 'buffer_count': 3}


class Segments:
    """A layout of what is given, or of what a function yields."""

    def __init__(self, *segments: Segment, size: int | None = None,
                 before: Callable[[], None] | None = None,
                 lazy: Callable[[], Iterator[Segment]] | None = None) -> None:
        self.image_size = size
        self._segments = lazy or (lambda: iter(segments))
        self._before = before

    def segments(self) -> Iterator[Segment]:
        for segment in self._segments():
            if self._before:
                self._before()
            yield segment


class Collector:
    """A sink that keeps a copy of everything."""

    def __init__(self, slow: float = 0) -> None:
        self.data = bytearray()
        self.chunks: list[int] = []
        self.size: int | None = None
        self._slow = slow

    def __call__(self, chunks: Iterator[memoryview],
                 size: int | None) -> None:
        self.size = size
        for chunk in chunks:
            time.sleep(self._slow)
            self.data += chunk
            self.chunks.append(len(chunk))


class PipelineTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.assert_no_threads)
        self.sink = Collector()

    def assert_no_threads(self) -> None:
        self.assertEqual([], self.threads())

    def threads(self) -> list[str]:
        return [thread.name for thread in threading.enumerate()
                if thread.name.startswith('transfer-')]

    def send(self, source: MemorySource, layout=None, sink=None,
             **options) -> pipeline.Streamed:
        return pipeline.stream(
            source, (lambda guarded: layout) if layout else raw.Raw,
            sink or self.sink, **{**SMALL, **options})

    def fails(self, expected: type[Exception], *args, **options) -> Exception:
        """`expected` is raised, with all threads joined by then."""
        try:
            self.send(*args, **options)
        except expected as error:
            self.assert_no_threads()
            return error
        self.fail(f'no {expected.__name__} was raised')
