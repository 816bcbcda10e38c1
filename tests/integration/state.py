# SPDX-License-Identifier: Apache-2.0
"""What is left behind: the rows of volupload and of Glance.

Tests look here and not at the APIs, which hide what is deleted; and here they
put a volume into a state for which a cloud has other services.
"""

import dataclasses
import json
from typing import Any
import uuid

import sqlalchemy
from sqlalchemy import pool

Row = dict[str, Any]


class Database:
    """Statements on a service's database, each a transaction of its own.

    Connections are kept where there is a server: PyMySQL reads all CA
    certificates for each new one, 40 ms of CPU time. One that the server has
    cut off meanwhile is replaced.
    """

    def __init__(self, url: str) -> None:
        self._engine = sqlalchemy.create_engine(
            url, pool_pre_ping=True, poolclass=pool.NullPool
            if url.startswith('sqlite') else pool.QueuePool)

    def rows(self, statement: str, **values: Any) -> list[Row]:
        with self._engine.connect() as connection:
            found = connection.execute(sqlalchemy.text(statement), values)
            return [dict(row) for row in found.mappings()]

    def execute(self, statement: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement), values)


class Volumes(Database):
    """The database of volupload."""

    def volume(self, volume_id: str) -> Row:
        return self.rows('SELECT * FROM volumes WHERE id = :id',
                         id=volume_id)[0]

    def status(self, volume_id: str) -> str:
        return str(self.volume(volume_id)['status'])

    def set_status(self, volume_id: str, status: str) -> None:
        self.execute('UPDATE volumes SET status = :status WHERE id = :id',
                     status=status, id=volume_id)

    def uploads(self, volume_id: str) -> list[Row]:
        """Of one volume, the oldest first."""
        return self.rows('SELECT * FROM uploads WHERE volume_id = :id '
                         'ORDER BY created_at', id=volume_id)

    def make_type(self, **values: Any) -> Row:
        """A volume type; there is no request that makes one."""
        row = {'id': str(uuid.uuid4()), 'name': f'type-{uuid.uuid4()}',
               'description': None, 'is_public': True,
               'extra_specs': json.dumps({'a': 'b'}),
               'created_at': '2014-05-27 12:26:11.000000', **values}
        names = ', '.join(row)
        places = ', '.join(f':{name}' for name in row)
        self.execute(f'INSERT INTO volume_types ({names}) VALUES ({places})',
                     **row)
        return row


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """The databases of one volupload and of the Glance that it uses."""

    volumes: Volumes
    images: Database

    def everything(self, *, times: bool = True) -> set[tuple[Any, ...]]:
        """All that a request could change, one tuple for each row.

        :param times: whether it counts when a volume was changed.
        """
        columns = 'id, status' + (', updated_at, previous_status' if times
                                  else '')
        tables = {
            'volume': self.volumes.rows(f'SELECT {columns} FROM volumes'),
            'upload': self.volumes.rows('SELECT id, status FROM uploads'),
            # The rows of deleted images stay: there must be no new one.
            'image': self.images.rows('SELECT id FROM images')}
        return {(name, *row.values())
                for name, rows in tables.items() for row in rows}

    def image(self, image_id: str) -> Row:
        return self.images.rows('SELECT * FROM images WHERE id = :id',
                                id=image_id)[0]
