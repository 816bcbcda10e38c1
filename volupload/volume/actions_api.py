# SPDX-License-Identifier: Apache-2.0
"""The part of the service layer that does what clients do around a server.

A volume is attached to one server at most. Who attaches it goes by the steps
that they know from Cinder::

    available  --reserve-->  attaching  --attach-->  in-use
    in-use  --begin_detaching-->  detaching  --detach-->  available

``unreserve`` and ``roll_detaching`` go back. No bytes move: what the manager
keeps is the same file, and an upload of a volume that is in use needs force.
"""

from collections.abc import Mapping

from oslo_utils import uuidutils

from volupload import exception
from volupload.context import RequestContext
from volupload.db import image_metadata
from volupload.db import models
from volupload.db import volumes
from volupload.volume.status import ATTACHED
from volupload.volume.status import GIVEN_UP
from volupload.volume.status import RESETTABLE
from volupload.volume.status import UNFINISHED
from volupload.volume.status import VolumeStatus


class ActionsAPI:

    def reserve(self, context: RequestContext,
                volume: models.Volume) -> None:
        """:raises InvalidVolume: it is not available."""
        _move(volume, {VolumeStatus.AVAILABLE}, VolumeStatus.ATTACHING,
              'reserve it')

    def unreserve(self, context: RequestContext,
                  volume: models.Volume) -> None:
        """Nothing is wrong with one that is not reserved, as in Cinder."""
        volumes.transition(volume.id, {VolumeStatus.ATTACHING},
                           VolumeStatus.AVAILABLE)

    def begin_detaching(self, context: RequestContext,
                        volume: models.Volume) -> None:
        """:raises InvalidVolume: it is not in use."""
        _move(volume, {VolumeStatus.IN_USE}, VolumeStatus.DETACHING,
              'detach it')

    def roll_detaching(self, context: RequestContext,
                       volume: models.Volume) -> None:
        volumes.transition(volume.id, {VolumeStatus.DETACHING},
                           VolumeStatus.IN_USE)

    def attach(self, context: RequestContext, volume: models.Volume, *,
               mountpoint: str, instance_uuid: str | None = None,
               host_name: str | None = None, mode: str = 'rw') -> None:
        """Note down who has it.

        :param mode: ``rw`` or ``ro``.
        :raises InvalidVolume: it is not available, or read-only.
        """
        if volume.readonly and mode != 'ro':
            raise exception.InvalidVolume(
                reason=f'Volume {volume.id} is read-only, and mode is {mode}.')
        _move(volume, {VolumeStatus.AVAILABLE, VolumeStatus.ATTACHING},
              VolumeStatus.IN_USE, 'attach it', attachment={
                  'attachment_id': uuidutils.generate_uuid(),
                  'server_id': instance_uuid, 'host_name': host_name,
                  'device': mountpoint, 'mode': mode,
                  'attached_at': models.utcnow().isoformat()})

    def detach(self, context: RequestContext, volume: models.Volume,
               attachment_id: str | None = None) -> None:
        """:raises InvalidVolume: it is not attached, or not by that id."""
        found = volume.attachment or {}
        if attachment_id not in (None, found.get('attachment_id')):
            raise exception.InvalidVolume(
                reason=f'Volume {volume.id} has no attachment '
                       f'{attachment_id}.')
        _move(volume, ATTACHED, VolumeStatus.AVAILABLE, 'detach it',
              attachment=None)

    def reset_status(self, context: RequestContext, volume: models.Volume, *,
                     status: VolumeStatus | None,
                     attached: bool | None = None) -> None:
        """What an operator knows better than we do.

        A volume that uploads is the upload's: it comes back when that ends,
        which can be cancelled. What a manager makes or deletes can be given
        up as an error only. One that is said to be in creation becomes
        available when its manager has looked, with its bytes as they are.

        :param attached: False: nobody has it any more. True and the status
            in-use are for a volume that somebody has.
        :raises InvalidVolume: for the said reasons.
        """
        if volume.attachment is None and (
                attached or status == VolumeStatus.IN_USE):
            raise exception.InvalidVolume(
                reason=f'Volume {volume.id} has no attachment.')
        values = {'attachment': None} if attached is False else {}
        if status is None:
            volumes.update(volume.id, values)
            return
        allowed = RESETTABLE
        if status in GIVEN_UP:
            allowed |= UNFINISHED
        _move(volume, allowed, status, f'be set to {status}', **values)

    def set_bootable(self, context: RequestContext, volume: models.Volume,
                     bootable: bool) -> None:
        """:raises InvalidVolume: an administrator keeps others off."""
        check_maintenance(volume)
        volumes.update(volume.id, {'bootable': bootable})

    def set_readonly(self, context: RequestContext, volume: models.Volume,
                     readonly: bool) -> None:
        """:raises InvalidVolume: it is not available."""
        _move(volume, {VolumeStatus.AVAILABLE}, VolumeStatus.AVAILABLE,
              'change its read-only flag', readonly=readonly)

    def set_image_metadata(self, context: RequestContext,
                           volume: models.Volume,
                           metadata: Mapping[str, str]) -> dict[str, str]:
        """Set these pairs and leave the others; returns all of them.

        :raises InvalidVolume: an administrator keeps others off.
        """
        check_maintenance(volume)
        return image_metadata.change(volume.id, metadata)

    def unset_image_metadata(self, context: RequestContext,
                             volume: models.Volume, key: str) -> None:
        """:raises MetadataNotFound: there is no such pair.

        :raises InvalidVolume: an administrator keeps others off.
        """
        if key not in (volume.image_metadata or {}):
            raise exception.MetadataNotFound(volume_id=volume.id, key=key)
        check_maintenance(volume)
        image_metadata.change(volume.id, {key: None})


def check_maintenance(volume: models.Volume) -> None:
    """:raises InvalidVolume: an administrator keeps others off."""
    if volume.status == VolumeStatus.MAINTENANCE:
        raise exception.InvalidVolume(
            reason=f'Volume {volume.id} cannot be changed: its status is '
                   f'{volume.status}.')


def _move(volume: models.Volume,
          coming_from: frozenset[VolumeStatus] | set[VolumeStatus],
          to: VolumeStatus, wish: str, **values: object) -> None:
    """:raises InvalidVolume: it has another status."""
    if not volumes.transition(volume.id, coming_from, to, **values):
        found = volumes.get(volume.id, metadata=False).status
        wanted = ' or '.join(sorted(coming_from))
        raise exception.InvalidVolume(
            reason=f'Volume {volume.id} status must be {wanted} to {wish}, '
                   f'but is {found}.')
