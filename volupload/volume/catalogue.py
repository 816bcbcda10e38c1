# SPDX-License-Identifier: Apache-2.0
"""The part of the service layer that is not about one volume: volume types,
the use that projects make of the service, and its programs."""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import datetime
from typing import Any

from oslo_utils import uuidutils

from volupload import exception
from volupload.conf import CONF
from volupload.context import RequestContext
from volupload.db import clock
from volupload.db import models
from volupload.db import services
from volupload.db import volume_types
from volupload.db import volumes
from volupload.volume import reach

# Signs of life that may stay away.
_SILENCE = 3


@dataclass(frozen=True, slots=True)
class Program:
    """A volume manager with one of its backends.

    :ivar seen_at: when it last said that it lives.
    """

    binary: str
    host: str
    seen_at: datetime.datetime
    is_up: bool


class CatalogueAPI:

    def get_types(self, context: RequestContext, *,
                  filters: Mapping[str, Any],
                  sort: Sequence[tuple[str, str]], limit: int | None,
                  marker: str | None, offset: int = 0,
                  all_projects: bool = False) -> list[models.VolumeType]:
        """A page of types. They belong to no project.

        :raises VolumeTypeNotFound: the marker is none. Cinder would begin
            anew, so that who goes by the pages never comes to an end.
        """
        return volume_types.get_all(filters=filters, sort=sort, limit=limit,
                                    marker=marker, offset=offset)

    def get_type(self, context: RequestContext,
                 type_id: str) -> models.VolumeType:
        """A type; one that is not public is there for admins only.

        :raises VolumeTypeNotFound:
        """
        if not reach.is_canonical(type_id):
            raise exception.VolumeTypeNotFound(volume_type=type_id)
        return volume_types.get(type_id, private=bool(context.is_admin))

    def find_type(self, context: RequestContext,
                  name_or_id: str | None) -> models.VolumeType | None:
        """What a new volume gets: the default if none is named.

        :raises VolumeTypeNotFound: there is none of that name for them.
        """
        wanted = name_or_id or CONF.default_volume_type
        if not wanted:
            return None
        return volume_types.find(
            wanted, private=bool(context.is_admin) or not name_or_id)

    def get_default_type(self, context: RequestContext) -> models.VolumeType:
        """:raises VolumeTypeNotFound: there is no default."""
        found = self.find_type(context, None)
        if found is None:
            raise exception.VolumeTypeNotFound(volume_type='default')
        return found

    def create_type(self, context: RequestContext, *, name: str,
                    description: str | None,
                    extra_specs: Mapping[str, str | None],
                    is_public: bool) -> models.VolumeType:
        """:raises VolumeTypeExists: there is one of that name."""
        return volume_types.create({
            'id': uuidutils.generate_uuid(), 'name': name,
            'description': description, 'extra_specs': dict(extra_specs),
            'is_public': is_public})

    def update_type(self, context: RequestContext, row: models.VolumeType,
                    **changes: Any) -> models.VolumeType:
        """Change `name`, `description` and `is_public`, those given.

        :raises VolumeTypeExists: another one has the name.
        """
        return volume_types.update(row.id, changes)

    def delete_type(self, context: RequestContext,
                    row: models.VolumeType) -> None:
        """:raises VolumeTypeInUse: volumes have it, or it is the default."""
        if CONF.default_volume_type in (row.id, row.name):
            raise exception.VolumeTypeInUse(volume_type=row.id)
        volume_types.delete(row.id)

    def set_extra_specs(self, context: RequestContext,
                        row: models.VolumeType,
                        specs: Mapping[str, str | None],
                        ) -> models.VolumeType:
        """Set these pairs and leave the others."""
        return volume_types.change_extra_specs(row.id, specs)

    def delete_extra_spec(self, context: RequestContext,
                          row: models.VolumeType, key: str) -> None:
        """:raises ExtraSpecNotFound: there is no such pair."""
        if key not in row.extra_specs:
            raise exception.ExtraSpecNotFound(type_id=row.id, key=key)
        volume_types.change_extra_specs(row.id, {}, {key})

    def get_usage(self, context: RequestContext,
                  project_id: str) -> dict[str, int]:
        """What a project has, by the names of its quotas."""
        count, size = volumes.summary(project_id, {})
        return {'volumes': count, 'gigabytes': size}

    def get_services(self, context: RequestContext, *,
                     host: str | None = None,
                     binary: str | None = None) -> list[Program]:
        """Those that ever lived.

        :param host: ``host`` for all of its backends, or ``host@backend``.
        """
        return [one for one in programs()
                if host in (None, one.host, one.host.partition('@')[0])
                and binary in (None, one.binary)]


def programs() -> list[Program]:
    """Every program that ever lived, by the database's clock."""
    silence = datetime.timedelta(
        seconds=max(60, _SILENCE * CONF.upload.sweep_interval))
    now = clock.read()
    return [Program(row.binary, row.host, row.updated_at,
                    is_up=now - row.updated_at < silence)
            for row in services.get_all()]
