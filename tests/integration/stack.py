# SPDX-License-Identifier: Apache-2.0
"""The processes of one volupload, started together and kept for many tests."""

from concurrent import futures
import itertools
from pathlib import Path

from tools.cloud import process
from tools.cloud import service
from tools.cloud import volupload


class Stack(service.Service):
    """API, managers and what stands before them, on one configuration.

    What a test has ended is started again by the next test.

    :param stages: what can start at once; one stage after the other
    """

    def __init__(self, configuration: volupload.Configuration,
                 *stages: list[service.Service]) -> None:
        super().__init__(configuration.directory)
        self.configuration = configuration
        self._stages = stages

    @property
    def daemon(self) -> process.Daemon:   # type: ignore[override]
        """The first of them; its log is shown when a test fails."""
        return self._stages[0][0].daemon

    def prepare(self) -> None:
        self.configuration.sync_database()

    def start(self) -> None:
        if not self._prepared:
            self.prepare()
            self._prepared = True
        for stage in self._stages:
            with futures.ThreadPoolExecutor(len(stage)) as pool:
                list(pool.map(lambda part: part.start(), stage))

    def stop(self) -> None:
        # One by one: when the process ends no thread can begin any more.
        for part in itertools.chain(*reversed(self._stages)):
            if hasattr(part, 'daemon'):
                part.stop()


class Log:
    """What is written into a log from now on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = file.stat().st_size if file.exists() else 0

    def read(self) -> bytes:
        if not self._file.exists():
            return b''
        return self._file.read_bytes()[self._start:]
