# SPDX-License-Identifier: Apache-2.0
"""The cloud of `bench.chaos`: real services on loopback, small volumes.

One MariaDB has the data of Glance and of volupload, so that its outage hits
both. Three managers share one backend. A GiB is 64 KiB in their process (see
tests.integration.small), and they may send 2 MiB a second each, so that an
upload takes seconds and there is something to break off.

volupload runs with ``auth_strategy = noauth``: a project is what a client
says. Towards Glance it is a service with an account in a real Keystone.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
from pathlib import Path
import random
from typing import Any
import uuid

import sqlalchemy as sa
from sqlalchemy import pool

from tests.integration import hasty
from tests.integration import small
from tools.cloud import glance
from tools.cloud import http
from tools.cloud import keystone
from tools.cloud import mariadb
from tools.cloud import memcached
from tools.cloud import rabbitmq
from tools.cloud import volupload
from volupload.db import models

_HOST = 'storage@shared'
_BLOCK = 64 * 1024
# The shortest times that the options allow: the run lasts minutes.
_OPTIONS: dict[str, dict[str, object]] = {
    'DEFAULT': {'enabled_backends': 'shared', 'graceful_shutdown_timeout': 4},
    'upload': {'sweep_interval': 1, 'lease_timeout': 10,
               'progress_interval': 1, 'image_check_interval': 2,
               'retry_interval': 1, 'retry_interval_max': 5,
               'max_attempts': 10, 'creating_timeout': 30,
               'bandwidth_limit': 2},
    'shared': {'backend_host': 'storage'},
}
_FORMATS = ('raw', 'raw', 'qcow2', 'vmdk')


class Database(mariadb.MariaDB):
    """Keeps what it has committed when it is killed, as one in a cloud."""

    def prepare(self) -> None:
        super().prepare()
        self.daemon.command = [
            part.replace('at-trx-commit=0', 'at-trx-commit=2')
            for part in self.daemon.command]


@dataclasses.dataclass(frozen=True, slots=True)
class Volume:
    """One that is to be uploaded.

    :ivar size: GiB, the small ones
    :ivar status: before the upload, and again after it
    """

    id: str
    project_id: str
    size: int
    status: str
    disk_format: str


class World:
    """What runs, and how to look into it."""

    def __init__(self, images: glance.Glance, database: Database,
                 broker: rabbitmq.RabbitMQ, api: volupload.Api,
                 managers: list[hasty.Manager]) -> None:
        self.images = images
        self.database = database
        self.broker = broker
        self.api = api
        self.managers = managers
        self.configuration = api.configuration
        assert self.configuration.connection is not None
        # No pool: the server comes and goes.
        self.engine = sa.create_engine(
            self.configuration.connection, poolclass=pool.NullPool)
        self._token = images.identity.token('admin').id

    def rows(self, query: Any) -> list[Any]:
        """
        :param query: a SELECT
        :raises sqlalchemy.exc.OperationalError: the database is down
        """
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def make_volumes(self, count: int, projects: int,
                     seed: int) -> list[Volume]:
        """Volumes of half a MiB to 3 MiB: random bytes, text, and holes."""
        chance = random.Random(seed)
        owners = [uuid.UUID(int=chance.getrandbits(128)).hex
                  for _ in range(projects)]
        made = [Volume(
            str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            owners[number % projects], chance.randint(8, 48),
            chance.choice(('available', 'available', 'in-use')),
            chance.choice(_FORMATS)) for number in range(count)]
        self.configuration.volumes.mkdir(exist_ok=True)
        for volume in made:
            _fill(self.path_of(volume.id), volume.size, chance)
        with self.engine.begin() as connection:
            connection.execute(sa.insert(models.Volume), [
                {'id': each.id, 'project_id': each.project_id,
                 'size_gb': each.size, 'status': each.status, 'host': _HOST}
                for each in made])
        return made

    def path_of(self, volume_id: str) -> Path:
        return self.configuration.volumes / volume_id

    def delete_image(self, image_id: str) -> int:
        """As an admin; Glance's status.

        :raises OSError: Glance is down
        """
        return http.request(
            'DELETE', f'{self.images.url}/v2/images/{image_id}',
            token=self._token, timeout=10).status

    def list_images(self) -> dict[str, str]:
        """Id -> status of every image that Glance shows to an admin."""
        found: dict[str, str] = {}
        path = '/v2/images?limit=500&visibility=all'
        while path:
            page = http.request('GET', f'{self.images.url}{path}',
                                token=self._token).json
            found |= {one['id']: one['status'] for one in page['images']}
            path = page.get('next', '')
        return found


def _fill(path: Path, size: int, chance: random.Random) -> None:
    with path.open('wb') as file:
        file.truncate(size * small.SMALL_GIB)
        for block in range(size * small.SMALL_GIB // _BLOCK):
            file.seek(block * _BLOCK)
            kind = chance.random()
            if kind < 0.7:
                file.write(chance.randbytes(_BLOCK))
            elif kind < 0.9:
                file.write(f'{block:015d}\n'.encode() * (_BLOCK // 16))


@contextlib.contextmanager
def running(directory: Path, managers: int) -> Iterator[World]:
    """Start everything, and end it."""
    with contextlib.ExitStack() as ended:
        enter = ended.enter_context
        cache = enter(memcached.Memcached(directory / 'memcached'))
        identity = enter(keystone.Keystone(directory / 'keystone'))
        database = enter(Database(directory / 'mariadb'))
        images = enter(glance.Glance(
            directory / 'glance', identity, memcached=cache.address,
            connection=database.database('glance')))
        broker = enter(rabbitmq.RabbitMQ(directory / 'rabbitmq'))
        configuration = volupload.Configuration(
            directory / 'volupload', None,
            connection=database.database('volupload'),
            transport_url=broker.virtual_host('volupload'),
            options={**_OPTIONS, 'glance': {
                **identity.auth_options('volupload'), 'timeout': 10,
                'stall_timeout': 15}})
        configuration.sync_database()
        hosts = [f'manager-{number}' for number in range(1, managers + 1)]
        started = [enter(hasty.Manager(configuration, host))
                   for host in hosts]
        api = enter(volupload.Api(configuration, publish=False))
        world = World(images, database, broker, api, started)
        ended.callback(world.engine.dispose)
        yield world
