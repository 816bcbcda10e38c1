# SPDX-License-Identifier: Apache-2.0
"""Statements on the managers' signs of life."""

import datetime

import sqlalchemy as sa

from volupload.db import models
from volupload.db import session
from volupload.db.models import Service


@session.retried
def beat(host: str, binary: str, topic: str) -> None:
    """Say that the service lives; its first beat writes its row."""
    with session.writer() as writing:
        beaten = session.count_changed(
            writing, sa.update(Service)
            .where(Service.host == host, Service.binary == binary)
            .values(updated_at=models.utcnow(), topic=topic))
        if not beaten:
            writing.add(Service(host=host, binary=binary, topic=topic))


@session.retried
def purge(before: datetime.datetime) -> int:
    """Remove services that have not lived since; the number of them."""
    with session.connection() as writing:
        return session.count_changed(writing, sa.delete(Service).where(
            Service.updated_at < before))


def get_all() -> list[Service]:
    with session.reader() as reading:
        return list(reading.scalars(
            sa.select(Service).order_by(Service.host)))
