# SPDX-License-Identifier: Apache-2.0
"""Leases, progress and attempts of uploads; messages to users.

What is running while this is done keeps its row: it has no sign of life yet,
so the first manager of the new version takes it for left behind and begins it
anew.
"""

from typing import Any

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '002'
down_revision = '001'

TABLE: dict[str, Any] = {
    'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin'}
PRECISE = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    for column in (
            sa.Column('visibility', sa.String(32)),
            sa.Column('size_gb', sa.Integer, nullable=False,
                      server_default='0'),
            sa.Column('attempt', sa.Integer, nullable=False,
                      server_default='0'),
            sa.Column('heartbeat_at', PRECISE),
            sa.Column('not_before', PRECISE),
            sa.Column('phase', sa.String(32)),
            sa.Column('bytes_read', sa.BigInteger, nullable=False,
                      server_default='0'),
            sa.Column('rate', sa.BigInteger)):
        op.add_column('uploads', column)
    _fill_sizes()
    op.create_index('uploads_by_queue', 'uploads',
                    ['status', 'project_id', 'created_at'])
    op.create_index('uploads_by_finish', 'uploads', ['finished_at'])
    op.drop_index('uploads_by_status', 'uploads')
    op.create_table(
        'messages',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('project_id', sa.String(255), nullable=False),
        sa.Column('request_id', sa.String(64)),
        sa.Column('resource_type', sa.String(36), nullable=False),
        sa.Column('resource_uuid', sa.String(36), nullable=False),
        sa.Column('event_id', sa.String(255), nullable=False),
        sa.Column('user_message', sa.Text, nullable=False),
        sa.Column('message_level', sa.String(32), nullable=False),
        sa.Column('created_at', PRECISE, nullable=False),
        sa.Column('expires_at', sa.DateTime, nullable=False),
        sa.Index('messages_by_project', 'project_id', 'created_at'),
        sa.Index('messages_by_expiry', 'expires_at'),
        **TABLE)


def _fill_sizes() -> None:
    uploads = sa.table('uploads', sa.column('volume_id'),
                       sa.column('size_gb'))
    volumes = sa.table('volumes', sa.column('id'), sa.column('size_gb'))
    size = sa.select(volumes.c.size_gb).where(
        volumes.c.id == uploads.c.volume_id).scalar_subquery()
    op.execute(sa.update(uploads).values(size_gb=sa.func.coalesce(size, 0)))
