# SPDX-License-Identifier: Apache-2.0
"""The services around the API as in a cloud: all real, all on loopback."""

from collections.abc import Iterator
import contextlib
import dataclasses
from pathlib import Path
from typing import Any
import uuid

import sqlalchemy as sa

from tools.cloud import glance
from tools.cloud import keystone
from tools.cloud import mariadb
from tools.cloud import memcached
from tools.cloud import rabbitmq
from tools.cloud import volupload
from volupload.db import models

HOST = 'demo'
METADATA = {'purpose': 'bench', 'owner': 'nobody'}


@dataclasses.dataclass(frozen=True, slots=True)
class Stack:
    """What runs, and volupload's configuration for it.

    :ivar engine: of volupload's database, to make rows and to count with.
    """

    identity: keystone.Keystone
    images: glance.Glance
    broker: rabbitmq.RabbitMQ
    configuration: volupload.Configuration
    engine: sa.Engine
    token: keystone.Token

    def make_volumes(self, count: int) -> list[str]:
        """Rows of volumes of the demo project, available; their ids."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        with self.engine.begin() as connection:
            connection.execute(sa.insert(models.Volume), [
                {'id': each, 'project_id': self.token.project_id,
                 'user_id': self.token.user_id, 'name': 'a volume',
                 'size_gb': 1, 'status': 'available', 'host': f'{HOST}@local',
                 'availability_zone': 'nova'} for each in ids])
            connection.execute(sa.insert(models.VolumeMetadata), [
                {'volume_id': each, 'key': key, 'value': value}
                for each in ids for key, value in METADATA.items()])
        return ids

    def path(self, volume_id: str) -> str:
        return f'/v3/{self.token.project_id}/volumes/{volume_id}'


@contextlib.contextmanager
def running(directory: Path,
            options: volupload.Options | None = None) -> Iterator[Stack]:
    """Start all services but volupload, and end them."""
    with contextlib.ExitStack() as ended:
        enter = ended.enter_context
        cache = enter(memcached.Memcached(directory / 'memcached'))
        identity = enter(keystone.Keystone(directory / 'keystone'))
        # Glance has a server of its own, so that statements are volupload's.
        other = enter(mariadb.MariaDB(directory / 'mariadb-of-glance'))
        images = enter(glance.Glance(
            directory / 'glance', identity, memcached=cache.address,
            connection=other.database('glance')))
        database = enter(mariadb.MariaDB(directory / 'mariadb'))
        broker = enter(rabbitmq.RabbitMQ(directory / 'rabbitmq'))
        configuration = volupload.Configuration(
            directory / 'volupload', identity, memcached=cache.address,
            connection=database.database('volupload'),
            transport_url=broker.virtual_host('volupload'),
            options=options or {})
        configuration.sync_database()
        assert configuration.connection is not None
        engine = sa.create_engine(configuration.connection)
        ended.callback(engine.dispose)
        yield Stack(identity, images, broker, configuration, engine,
                    identity.token('demo'))


def upload_body() -> dict[str, Any]:
    """The request of an upload."""
    return {'os-volume_upload_image': {
        'image_name': 'an image', 'disk_format': 'raw',
        'container_format': 'bare', 'force': False}}
