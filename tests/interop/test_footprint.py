# SPDX-License-Identifier: Apache-2.0
"""What uploads cost the machine: no disk, and little memory.

A manager of its own uploads four volumes of 4 GiB at once, each in another
format, to a server that throws the data away. The kernel tells what its
processes wrote, which files they had open, and how much memory they had.
"""

import contextlib
import os
from pathlib import Path
import random
import threading
import time
from typing import Self
import uuid

import fixtures
import sqlalchemy as sa

from bench import proc
from bench import sink
from tests.interop import base
from tests.interop import volumes
from tools.cloud import volupload
from volupload.db import models

FORMATS = ('qcow2', 'vmdk', 'vdi', 'vhdx')
SIZE_GB = 4
DATA = 512 * volumes.MIB   # of each volume, half of it compresses

MEMORY = 64 * volumes.MIB   # more resident bytes for each upload
# Bytes written: a log and a database. The least of the images is 250 MiB.
WRITTEN = 8 * volumes.MIB

_INTERVAL = 0.05


class TestFourUploads(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.useFixture(fixtures.TempDir()).path)
        nowhere = sink.Sink()
        nowhere.__enter__()
        self.addCleanup(nowhere.__exit__, None, None, None)
        self.configuration = volupload.Configuration(
            self.directory, None, transport_url='fake://', options={
                'glance': {'auth_type': 'none',
                           'endpoint_override': nowhere.url},
                'upload': {'max_concurrent': len(FORMATS)}})
        self.configuration.sync_database()
        self.engine = sa.create_engine(
            f'sqlite:///{self.directory}/volupload.db')
        self.addCleanup(self.engine.dispose)

    def test_they_write_nothing_and_take_little_memory(self) -> None:
        self.make_volumes()
        with volupload.Manager(self.configuration) as manager:
            pids = proc.family(manager.daemon.pid)
            self.wait_until_idle(pids)
            before = sum(map(written, pids))
            resident = max(proc.resident_bytes(pid)[0] for pid in pids)
            with proc.Peak(pids) as memory, Files(pids) as files:
                self.queue()
                self.wait_for_success()
            grown = memory.single - resident
            wrote = sum(map(written, pids)) - before
        self.assertEqual(set(), files.outside(self.directory))
        self.assertLess(wrote, WRITTEN)
        self.assertLess(grown, len(FORMATS) * MEMORY)

    def make_volumes(self) -> None:
        """One file, of which each volume is a name."""
        self.configuration.volumes.mkdir()
        self.ids = [str(uuid.uuid4()) for _ in FORMATS]
        first, *others = (self.configuration.volumes / each
                          for each in self.ids)
        half = random.Random(5).randbytes(2 * volumes.MIB)
        with first.open('wb') as volume:
            volume.truncate(SIZE_GB * volumes.GIB)
            for offset in range(0, SIZE_GB * volumes.GIB,
                                SIZE_GB * volumes.GIB * 2 * len(half) // DATA):
                volume.seek(offset)
                volume.write(half + volumes.pattern(0, len(half)))
        for other in others:
            os.link(first, other)
        with self.engine.begin() as writing:
            writing.execute(sa.insert(models.Volume), [
                {'id': each, 'project_id': 'demo', 'size_gb': SIZE_GB,
                 'status': 'uploading', 'host': 'demo@local'}
                for each in self.ids])

    def queue(self) -> None:
        with self.engine.begin() as writing:
            writing.execute(sa.insert(models.Upload), [
                {'id': str(uuid.uuid4()), 'volume_id': each,
                 'host': 'demo@local', 'project_id': 'demo',
                 'image_id': str(uuid.uuid4()), 'image_name': 'an image',
                 'disk_format': disk_format, 'container_format': 'bare',
                 'status': 'queued', 'previous_status': 'available'}
                for each, disk_format in zip(self.ids, FORMATS, strict=True)])

    def wait_until_idle(self, pids: list[int]) -> None:
        """The manager has read all its modules and waits."""
        used = -1.0
        while (now := proc.cpu_seconds(pids)) != used:
            used = now
            time.sleep(1)

    def wait_for_success(self) -> None:
        columns = models.Upload.status, models.Upload.reason
        while True:
            with self.engine.connect() as reading:
                found = {tuple(row) for row in reading.execute(
                    sa.select(*columns))}
            self.assertEqual(set(), {row for row in found if row[1]})
            if found == {('succeeded', None)}:
                return
            time.sleep(0.2)


class Files:
    """Regular files that processes have open for writing, now and then.

    `with` begins and ends. A file that was deleted at once is seen too.
    """

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.seen: set[str] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def outside(self, directory: Path) -> set[str]:
        """Those that are neither log nor database of a manager in there."""
        return {name for name in self.seen
                if not name.startswith((f'{directory}/volupload.db',
                                        f'{directory}/volupload-volume-'))}

    def _watch(self) -> None:
        while not self._over.wait(_INTERVAL):
            for pid in self._pids:
                for entry in Path(f'/proc/{pid}/fd').iterdir():
                    # It may be closed before it was looked at.
                    with contextlib.suppress(OSError):
                        self._look(entry)

    def _look(self, entry: Path) -> None:
        if entry.is_file() and os.lstat(entry).st_mode & 0o200:
            self.seen.add(os.readlink(entry))


def written(pid: int) -> int:
    """Bytes that the process made the kernel write to disks."""
    lines = Path(f'/proc/{pid}/io').read_text().splitlines()
    return int(dict(line.split(': ') for line in lines)['write_bytes'])
