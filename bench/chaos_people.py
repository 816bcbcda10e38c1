# SPDX-License-Identifier: Apache-2.0
"""Who uses the cloud of `bench.chaos`: clients, and one who changes his mind.

A client has the volumes of one project and posts each of them at the moment
that was drawn for it. Whatever comes instead of a 202, no answer included,
has it try again a second later, until the upload was accepted or turns out to
have been: then the volume is uploading, and a 400 says so.

The one who changes his mind cancels an upload, by the API, or deletes the
image of one that is under way, every few seconds.
"""

import collections
from collections.abc import Sequence
import http.client
import random
import threading
import time

import sqlalchemy as sa

from bench import chaos_world
from tools.cloud import http as web
from volupload.db import models
from volupload.volume.status import FINISHED
from volupload.volume.status import UploadStatus

_AGAIN = 1.0   # seconds
_PATIENCE = 30.0
_NO_ANSWER = (OSError, http.client.HTTPException)
_BEGUN = (UploadStatus.QUEUED, UploadStatus.RUNNING, UploadStatus.CANCELLING,
          UploadStatus.SUCCEEDED, UploadStatus.CANCELLED)


class Client(threading.Thread):
    """
    :param volumes: all of one project
    :param seconds: over which the requests are spread
    :param end: nothing more is asked
    :ivar accepted: ids of the images that came with a 202
    :ivar answers: how often each status came; 0 is none at all
    """

    def __init__(self, world: chaos_world.World,
                 volumes: Sequence[chaos_world.Volume], seconds: float,
                 seed: int, end: threading.Event) -> None:
        project = volumes[0].project_id
        super().__init__(name=f'client-{project}', daemon=True)
        self.accepted: list[str] = []
        self.answers: collections.Counter[int] = collections.Counter()
        self._world = world
        self._end = end
        chance = random.Random(f'{seed} {project}')
        times = sorted(chance.uniform(0, seconds) for _ in volumes)
        self._plan = list(zip(times, volumes, strict=True))

    def run(self) -> None:
        began = time.monotonic()
        for moment, volume in self._plan:
            self._end.wait(max(0, began + moment - time.monotonic()))
            while not self._end.is_set() and not self._post(volume):
                self._end.wait(_AGAIN)

    def _post(self, volume: chaos_world.Volume) -> bool:
        """Whether the upload has begun, as far as anybody can tell."""
        try:
            answer = web.request(
                'POST', f'{self._world.api.url}/v3/{volume.project_id}'
                f'/volumes/{volume.id}/action', json_body=_body(volume),
                token=f'client:{volume.project_id}', timeout=_PATIENCE)
            self.answers[answer.status] += 1
            if answer.status == 202:
                self.accepted.append(
                    answer.json['os-volume_upload_image']['image_id'])
                return True
        except _NO_ANSWER:
            self.answers[0] += 1
            return False
        return answer.status == 400 and self._has_begun(volume)

    def _has_begun(self, volume: chaos_world.Volume) -> bool:
        try:
            return bool(self._world.rows(sa.select(models.Upload.id).where(
                models.Upload.volume_id == volume.id,
                models.Upload.status.in_(_BEGUN))))
        except sa.exc.DBAPIError:
            return False


class Fickle(threading.Thread):
    """Cancels uploads and deletes images while they are filled.

    :param pause: mean of the seconds from one to the next
    :ivar cancelled: ids of the uploads of which the API answered 202
    :ivar deleted: ids of the images that Glance deleted
    """

    def __init__(self, world: chaos_world.World, pause: float, seed: int,
                 over: threading.Event) -> None:
        super().__init__(name='fickle', daemon=True)
        self.cancelled: list[str] = []
        self.deleted: list[str] = []
        self._world = world
        self._pause = pause
        self._chance = random.Random(f'{seed} fickle')
        self._over = over

    def run(self) -> None:
        while not self._over.wait(self._chance.uniform(
                0, 2 * self._pause)):
            cancel, lot = self._chance.random() < 0.6, self._chance.random()
            try:
                self._change_mind(cancel, lot)
            except (*_NO_ANSWER, sa.exc.DBAPIError):
                pass   # whatever it meant to ask is down

    def _change_mind(self, cancel: bool, lot: float) -> None:
        found = self._world.rows(sa.select(models.Upload).where(
            models.Upload.status.not_in(
                [*FINISHED, UploadStatus.CREATING])).order_by(
                    models.Upload.created_at))
        if not found:
            return
        upload = found[int(lot * len(found))]
        if not cancel:
            # Remembered before: the answer may be lost.
            self.deleted.append(upload.image_id)
            self._world.delete_image(upload.image_id)
        elif web.request(
                'DELETE', f'{self._world.api.url}/v3/{upload.project_id}'
                f'/uploads/{upload.id}', token=f'client:{upload.project_id}',
                timeout=_PATIENCE).status == 202:
            self.cancelled.append(upload.id)


def _body(volume: chaos_world.Volume) -> dict[str, object]:
    return {'os-volume_upload_image': {
        'image_name': f'of {volume.id}', 'disk_format': volume.disk_format,
        'container_format': 'bare', 'force': volume.status == 'in-use'}}
