# SPDX-License-Identifier: Apache-2.0
"""Which volumes hold ciphertext; of those that are there nobody said so."""

from alembic import op
import sqlalchemy as sa

revision = '004'
down_revision = '003'


def upgrade() -> None:
    op.add_column('volumes', sa.Column(
        'encrypted', sa.Boolean, nullable=False, server_default=sa.false()))
