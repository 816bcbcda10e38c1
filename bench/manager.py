# SPDX-License-Identifier: Apache-2.0
"""Measures a manager that uploads volumes: memory, CPU for each GiB, time.

It starts Keystone, Glance with MariaDB, and a volupload-volume, writes down
volumes and queued uploads in its database, and waits until all of them have
succeeded. The volumes are sparse files, a part of which is data that does not
compress; the whole of them is sent, for the format is raw.

Each line of the table is one run of a manager of its own. `MiB` is the most
memory that its processes, the worker and its master, were seen to have
together; `worker MiB` is that of the larger one by itself. Much of it is
shared, so the two do not add up (that is PSS and RSS). `CPU s/GiB` is what
they used from the moment that all uploads were running, for each GiB sent.
There is a run with the checksum (verify_checksum) and one without.

With --sink the data goes to a server that throws it away, which needs
neither Keystone, nor Glance, nor the room on the disk.
"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import os
from pathlib import Path
import tempfile
import time
from typing import Any
import uuid

import sqlalchemy as sa

from bench import proc
from bench import reference
from bench import sink
from bench import table
from tools.cloud import glance
from tools.cloud import http
from tools.cloud import keystone
from tools.cloud import mariadb
from tools.cloud import process
from tools.cloud import volupload
from volupload.db import models

_GIB = 2 ** 30
_BLOCK = 2 ** 20
_PATIENCE = 60   # seconds for each GiB; whoever needs longer is stuck
_STRETCH = 64    # blocks from one stretch of data to the next


class Images:
    """Where the data goes, and how an image record is made there."""

    def __init__(self, identity: keystone.Keystone | None,
                 url: str) -> None:
        self.identity = identity
        self._url = f'{url}/v2/images'
        self._token = identity.token('demo') if identity else None
        self.project_id = self._token.project_id if self._token else 'demo'
        self.options: dict[str, object] = {} if identity else {
            'auth_type': 'none', 'endpoint_override': url}

    def create(self, image_id: str) -> None:
        self._ask('POST', '', {'id': image_id, 'name': 'an image',
                               'disk_format': 'raw',
                               'container_format': 'bare'})

    def delete(self, image_id: str) -> None:
        self._ask('DELETE', f'/{image_id}', None)

    def _ask(self, method: str, path: str, body: Any) -> None:
        if self._token is None:
            return
        answer = http.request(method, f'{self._url}{path}', json_body=body,
                              token=self._token.id)
        if answer.status >= 300:
            raise SystemExit(f'Glance answered {answer.status}: '
                             f'{answer.body.decode()}')


class Run:
    """One manager, from its start to its last upload."""

    def __init__(self, directory: Path, images: Images,
                 options: argparse.Namespace, checksum: bool) -> None:
        self._options = options
        self._images = images
        self._configuration = volupload.Configuration(
            directory, images.identity, transport_url='fake://', options={
                'glance': images.options,
                'upload': {'verify_checksum': checksum,
                           'max_concurrent': options.volumes}})
        self._configuration.sync_database()
        self._engine = sa.create_engine(
            f'sqlite:///{directory}/volupload.db')

    def measure(self) -> tuple[float, ...]:
        """MiB together, MiB of the worker, CPU s for each GiB, seconds."""
        make_files(self._configuration.volumes, self._volumes(),
                   self._options.size, self._options.data)
        manager = volupload.Manager(self._configuration)
        with manager:
            time.sleep(5)   # it has to be at rest before it is watched
            pids = proc.family(manager.daemon.pid)
            self._queue()
            self._wait('running', 'succeeded')
            with proc.Peak(pids) as memory:
                before, began = proc.cpu_seconds(pids), time.monotonic()
                self._wait('succeeded')
                seconds = time.monotonic() - began
                used = proc.cpu_seconds(pids) - before
        self._clean()
        sent = self._options.volumes * self._options.size
        return (memory.together / 2 ** 20, memory.single / 2 ** 20,
                used / sent, seconds)

    def _volumes(self) -> list[str]:
        ids = [str(uuid.uuid4()) for _ in range(self._options.volumes)]
        with self._engine.begin() as writing:
            writing.execute(sa.insert(models.Volume), [
                {'id': each, 'project_id': self._images.project_id,
                 'size_gb': self._options.size, 'status': 'uploading',
                 'host': 'demo@local'} for each in ids])
        return ids

    def _queue(self) -> None:
        with self._engine.connect() as reading:
            volumes = list(reading.scalars(sa.select(models.Volume.id)))
        rows = [{'id': str(uuid.uuid4()), 'volume_id': each,
                 'host': 'demo@local', 'project_id': self._images.project_id,
                 'image_id': str(uuid.uuid4()), 'image_name': 'an image',
                 'disk_format': 'raw', 'container_format': 'bare',
                 'status': 'queued', 'previous_status': 'available'}
                for each in volumes]
        for row in rows:
            self._images.create(row['image_id'])
        with self._engine.begin() as writing:
            writing.execute(sa.insert(models.Upload), rows)

    def _wait(self, *statuses: str) -> None:
        """Until each upload has one of these."""
        volumes, size = self._options.volumes, self._options.size
        deadline = time.monotonic() + volumes * size * _PATIENCE
        while time.monotonic() < deadline:
            with self._engine.connect() as reading:
                found = reading.execute(sa.select(
                    models.Upload.status, models.Upload.reason)).all()
            for status, reason in found:
                if status == 'failed':
                    raise SystemExit(f'An upload failed: {reason}')
            if {row[0] for row in found} <= set(statuses):
                return
            time.sleep(0.2)
        raise SystemExit('The uploads did not end in time')

    def _clean(self) -> None:
        with self._engine.connect() as reading:
            for image_id in reading.scalars(sa.select(
                    models.Upload.image_id)):
                self._images.delete(image_id)
        self._engine.dispose()
        for path in self._configuration.volumes.iterdir():
            path.unlink()


def make_files(directory: Path, names: Sequence[str], size: int,
               data: int) -> None:
    """Sparse files of `size` GiB, `data` percent of each in stretches."""
    directory.mkdir(exist_ok=True)
    for name in names:
        with (directory / name).open('wb') as volume:
            volume.truncate(size * _GIB)
            for block in range(size * _GIB // _BLOCK):
                if block % _STRETCH * 100 < data * _STRETCH:
                    volume.seek(block * _BLOCK)
                    volume.write(os.urandom(_BLOCK))


@contextlib.contextmanager
def _images(directory: Path, discard: bool) -> Iterator[Images]:
    if discard:
        with sink.Sink() as nowhere:
            yield Images(None, nowhere.url)
        return
    # With SQLite Glance fails one of two requests that write at once.
    with (keystone.Keystone(directory / 'keystone') as identity,
          mariadb.MariaDB(directory / 'mariadb') as database,
          glance.Glance(directory / 'glance', identity,
                        connection=database.database('glance')) as service):
        yield Images(identity, service.url)


def main(arguments: Sequence[str] | None = None) -> None:
    options = make_parser().parse_args(arguments)
    process.exit_on_signals()
    rows = []
    pace = reference.Pace()
    with tempfile.TemporaryDirectory(prefix='volupload-bench-',
                                     dir=options.directory) as name:
        directory = Path(name)
        with _images(directory, options.sink) as images:
            for checksum in (True, False):
                run = Run(directory / f'manager-{checksum}', images, options,
                          checksum)
                pace.take()
                rows.append([checksum, *run.measure()])
    sent = options.volumes * options.size
    table.show(
        f'{options.volumes} volumes of {options.size} GiB at once, '
        f'{options.data} % data, to '
        f'{"a sink" if options.sink else "Glance"}',
        ['checksum', 'MiB', 'worker MiB', 'CPU s/GiB', 'seconds', 'MiB/s',
         'GiB'],
        [[*row, sent * 1024 / row[-1], sent] for row in rows])
    print(pace)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bench.manager', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--volumes', type=int, default=4,
                        help='how many, all uploaded at once (4)')
    parser.add_argument('--size', type=int, default=4,
                        help='of each volume, in GiB (4)')
    parser.add_argument('--data', type=int, default=25, metavar='PERCENT',
                        help='of each volume; the rest are holes (25)')
    parser.add_argument('--sink', action='store_true',
                        help='throw the data away instead')
    parser.add_argument('--directory', metavar='DIR',
                        help='where there is room for the volumes and, '
                             'without --sink, for as many images')
    return parser


if __name__ == '__main__':
    main()
