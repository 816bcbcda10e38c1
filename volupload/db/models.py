# SPDX-License-Identifier: Apache-2.0
"""The tables. Times are UTC without a zone; ids are UUIDs as text."""

import datetime
from typing import Any

from oslo_db.sqlalchemy import models
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

# MySQL keeps whole seconds unless told otherwise, too coarse for a queue.
PreciseTime = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')

JsonDict = dict[str, str]
# Null in a column is SQL's, not JSON's.
Json = sa.JSON(none_as_null=True)


def utcnow() -> datetime.datetime:
    """Now, in whole seconds: what the API shows is what is stored."""
    return precise_now().replace(microsecond=0)


def precise_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


# MySQL's usual collation takes `A` for `a`; ids, hosts and keys are compared
# here as everywhere else.
TABLE = {'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb4',
         'mysql_collate': 'utf8mb4_bin'}


class Base(models.ModelBase, orm.DeclarativeBase):
    pass


class VolumeType(Base):
    __tablename__ = 'volume_types'
    __table_args__ = TABLE

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    description: Mapped[str | None] = mapped_column(sa.String(255))
    is_public: Mapped[bool] = mapped_column(default=True)
    extra_specs: Mapped[dict[str, str | None]] = mapped_column(
        sa.JSON, default=dict)
    created_at: Mapped[datetime.datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime.datetime | None]


class Volume(Base):
    __tablename__ = 'volumes'
    __table_args__ = (
        sa.Index('volumes_by_project', 'project_id', 'created_at'),
        sa.Index('volumes_by_status', 'status'),
        TABLE,
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(255))
    user_id: Mapped[str | None] = mapped_column(sa.String(255))
    name: Mapped[str | None] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    size_gb: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(32))
    previous_status: Mapped[str | None] = mapped_column(sa.String(32))
    # The manager that keeps it, `host@backend`; null until one has taken it.
    host: Mapped[str | None] = mapped_column(sa.String(255))
    availability_zone: Mapped[str | None] = mapped_column(sa.String(255))
    volume_type_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey('volume_types.id'))
    bootable: Mapped[bool] = mapped_column(default=False)
    readonly: Mapped[bool | None]
    # What its type said when it was created: see `volume.encryption`.
    encrypted: Mapped[bool] = mapped_column(default=False)
    # Columns rather than tables: there is one attachment at most, it changes
    # together with the status, and a volume is shown with one statement.
    attachment: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # What images are to say that are made from it.
    image_metadata: Mapped[JsonDict | None] = mapped_column(Json)
    created_at: Mapped[datetime.datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime.datetime | None]

    volume_type: Mapped[VolumeType | None] = orm.relationship(lazy='raise')
    metadata_items: Mapped[list['VolumeMetadata']] = orm.relationship(
        lazy='raise', cascade='all, delete-orphan', passive_deletes=True)

    @property
    def metadata_(self) -> dict[str, str]:
        return {item.key: item.value for item in self.metadata_items}


class VolumeMetadata(Base):
    __tablename__ = 'volume_metadata'
    __table_args__ = TABLE

    volume_id: Mapped[str] = mapped_column(
        sa.ForeignKey('volumes.id', ondelete='CASCADE'), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(255))


class Upload(Base):
    """One volume on its way into one image. The row outlives the volume."""

    __tablename__ = 'uploads'
    __table_args__ = (
        # The queue: finished rows are never touched by a claim or a sweep.
        sa.Index('uploads_by_queue', 'status', 'project_id', 'created_at'),
        sa.Index('uploads_by_project', 'project_id', 'created_at'),
        sa.Index('uploads_by_volume', 'volume_id'),
        sa.Index('uploads_by_finish', 'finished_at'),
        TABLE,
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    volume_id: Mapped[str] = mapped_column(sa.String(36))
    # The volume's `host`, so that a queue is read from one table.
    host: Mapped[str] = mapped_column(sa.String(255))
    project_id: Mapped[str] = mapped_column(sa.String(255))
    user_id: Mapped[str | None] = mapped_column(sa.String(255))
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    image_id: Mapped[str] = mapped_column(sa.String(36))
    image_name: Mapped[str] = mapped_column(sa.String(255))
    disk_format: Mapped[str] = mapped_column(sa.String(32))
    container_format: Mapped[str] = mapped_column(sa.String(32))
    # Null: Glance's own default. Kept for an upload that is done again.
    visibility: Mapped[str | None] = mapped_column(sa.String(32))
    # Set on the image after the data is in: a protected image cannot be
    # deleted when the upload fails.
    protected: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(sa.String(32))
    previous_status: Mapped[str] = mapped_column(sa.String(32))
    reason: Mapped[str | None] = mapped_column(sa.Text)
    # The volume's, which may be gone when somebody asks.
    size_gb: Mapped[int] = mapped_column(default=0)
    # Who has it: `host:pid:number`. With `attempt`, which counts the claims,
    # it tells the holder of the lease from all earlier ones.
    worker: Mapped[str | None] = mapped_column(sa.String(255))
    attempt: Mapped[int] = mapped_column(default=0)
    # When the worker last renewed its lease, or the API process began, by the
    # database's clock.
    heartbeat_at: Mapped[datetime.datetime | None] = mapped_column(PreciseTime)
    # Not to be claimed before: the pause after an attempt that failed.
    not_before: Mapped[datetime.datetime | None] = mapped_column(PreciseTime)
    phase: Mapped[str | None] = mapped_column(sa.String(32))
    # The image's bytes altogether; null until that is known.
    image_size: Mapped[int | None] = mapped_column(sa.BigInteger)
    bytes_read: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    bytes_sent: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # Bytes sent per second, of late.
    rate: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime.datetime] = mapped_column(
        PreciseTime, default=precise_now)
    started_at: Mapped[datetime.datetime | None]
    finished_at: Mapped[datetime.datetime | None]


class Message(Base):
    """Tells a user, later, why something failed."""

    __tablename__ = 'messages'
    __table_args__ = (
        sa.Index('messages_by_project', 'project_id', 'created_at'),
        sa.Index('messages_by_expiry', 'expires_at'),
        TABLE,
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(255))
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    resource_type: Mapped[str] = mapped_column(sa.String(36))
    resource_uuid: Mapped[str] = mapped_column(sa.String(36))
    event_id: Mapped[str] = mapped_column(sa.String(255))
    user_message: Mapped[str] = mapped_column(sa.Text)
    message_level: Mapped[str] = mapped_column(sa.String(32))
    created_at: Mapped[datetime.datetime] = mapped_column(
        PreciseTime, default=precise_now)
    expires_at: Mapped[datetime.datetime]


class Service(Base):
    """A manager's sign of life, one row for each `host@backend`."""

    __tablename__ = 'services'
    __table_args__ = (
        sa.UniqueConstraint('host', 'binary', name='services_host_binary'),
        TABLE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(sa.String(255))
    binary: Mapped[str] = mapped_column(sa.String(64))
    topic: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime.datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime.datetime] = mapped_column(default=utcnow)
