# SPDX-License-Identifier: Apache-2.0
"""What all services of the little cloud have in common."""

import abc
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.cloud import process


class Service(abc.ABC):
    """One service in a directory of its own: a context manager.

    It can be stopped and started again, on the same port and with its data:
    that is how a test takes it down for a while.
    """

    #: The running program; set by each service's __init__.
    daemon: process.Daemon

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self._prepared = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    @abc.abstractmethod
    def prepare(self) -> None:
        """Before the first start: write configuration, make databases."""

    def settle(self) -> None:  # noqa: B027 - most have nothing to do
        """After the first start: what can be done only while it runs."""

    def start(self) -> None:
        """Start and wait until ready; harmless when it runs.

        :raises ServiceFailed: names the log
        :raises NotInstalled: names what to install
        """
        first = not self._prepared
        if first:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.prepare()
        self.daemon.start()
        self._prepared = True
        if first:
            self.settle()

    def stop(self) -> None:
        """End it; harmless when it is stopped."""
        self.daemon.stop()
