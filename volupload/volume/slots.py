# SPDX-License-Identifier: Apache-2.0
"""The uploads that run in this process, a thread for each.

How many there may be is asked before each new one, so the limit can change
while they run: of too many the next ones simply are not begun.
"""

from collections.abc import Callable
import threading

from volupload.volume.watch import Watch


class Slots:

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[Watch, threading.Thread] = {}

    def run(self, watch: Watch, work: Callable[[Watch], None]) -> None:
        """Do the work in a thread; the slot is free when it has ended."""
        def occupy() -> None:
            try:
                work(watch)
            finally:
                with self._lock:
                    del self._threads[watch]
        thread = threading.Thread(
            target=occupy, name=f'upload-{watch.upload.id}', daemon=True)
        with self._lock:
            self._threads[watch] = thread
        try:
            thread.start()
        except BaseException:   # no more threads: its lease will expire
            with self._lock:
                del self._threads[watch]
            raise

    def taken(self) -> int:
        return len(self._threads)

    def watches(self) -> list[Watch]:
        with self._lock:
            return list(self._threads)

    def uploads(self) -> set[str]:
        """The ids of what is running."""
        return {watch.upload.id for watch in self.watches()}

    def join(self) -> None:
        """Wait until all have ended."""
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()
