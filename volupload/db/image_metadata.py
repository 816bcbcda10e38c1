# SPDX-License-Identifier: Apache-2.0
"""Statements on what a volume's images are to say."""

from collections.abc import Mapping

import sqlalchemy as sa

from volupload import exception
from volupload.db import models
from volupload.db import session
from volupload.db.models import Volume


@session.retried
def change(volume_id: str,
           changes: Mapping[str, str | None]) -> dict[str, str]:
    """Set these pairs, remove those that are None; returns all there are.

    :raises VolumeNotFound: it is gone.
    """
    with session.writer() as writing:
        # The lock on the row: those who change it come one by one.
        session.count_changed(
            writing, sa.update(Volume).where(Volume.id == volume_id)
            .values(updated_at=models.utcnow()))
        volume = writing.get(Volume, volume_id)
        if volume is None:
            raise exception.VolumeNotFound(volume_id=volume_id)
        pairs = {**(volume.image_metadata or {}), **changes}
        volume.image_metadata = {
            key: value for key, value in pairs.items() if value is not None}
        return volume.image_metadata
