# SPDX-License-Identifier: Apache-2.0
"""What volumes are attached to, and what images made from them say."""

from alembic import op
import sqlalchemy as sa

revision = '003'
down_revision = '002'


def upgrade() -> None:
    for column in (
            sa.Column('bootable', sa.Boolean, nullable=False,
                      server_default=sa.false()),
            sa.Column('readonly', sa.Boolean),
            sa.Column('attachment', sa.JSON),
            sa.Column('image_metadata', sa.JSON)):
        op.add_column('volumes', column)
