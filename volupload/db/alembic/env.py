# SPDX-License-Identifier: Apache-2.0
"""Alembic runs this; the connection comes from `volupload.db.migration`."""

from alembic import context

from volupload.db import models

context.configure(
    connection=context.config.attributes['connection'],
    target_metadata=models.Base.metadata,
    # SQLite alters a table by making it anew.
    render_as_batch=True)

with context.begin_transaction():
    context.run_migrations()
