# SPDX-License-Identifier: Apache-2.0
"""What must be true when `bench.chaos` is over, and what there is to tell."""

import collections
from collections.abc import Collection
from collections.abc import Sequence
from concurrent import futures
import filecmp
from pathlib import Path
import re
import statistics
import subprocess
import time

import sqlalchemy as sa

from bench import chaos_faults
from bench import chaos_people
from bench import chaos_world
from bench import table
from volupload.db import models
from volupload.volume.status import FINISHED
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus

_UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f-]{27}')
_WORKER = re.compile(r'manager-\d:\d+:[0-9a-f]{8}')
_NUMBER = re.compile(r'\b\d+\b')
_SHORTEN = 90   # characters of a reason


def await_end(world: chaos_world.World, patience: float) -> float:
    """Until nothing is under way, or for so long; how long it took."""
    began = time.monotonic()
    while time.monotonic() < began + patience:
        if not _stuck_uploads(world) and not world.rows(
                sa.select(models.Volume.id).where(
                    models.Volume.status == VolumeStatus.UPLOADING)):
            break
        time.sleep(0.5)
    return time.monotonic() - began


class Findings:
    """What is wrong: a sentence -> the ids for which it holds.

    All of them have to be empty.
    """

    def __init__(self, world: chaos_world.World,
                 volumes: Sequence[chaos_world.Volume],
                 accepted: Collection[str], deleted: Collection[str],
                 services: Sequence[chaos_faults.Villain]) -> None:
        self._world = world
        self._volumes = {one.id: one for one in volumes}
        self.uploads: list[models.Upload] = world.rows(
            sa.select(models.Upload))
        self.images = world.list_images()
        self.wrong: dict[str, list[str]] = {
            'volumes stuck': self._stuck_volumes(),
            'volumes never uploaded': self._left_out(),
            'uploads not finished': _stuck_uploads(world),
            'accepted with 202, then lost': sorted(
                set(accepted) - {one.image_id for one in self.uploads}),
            'orphan images': self._orphans(),
            'succeeded, but no active image': self._missing(deleted),
            'images unlike their volumes': self._different(),
            'failures without a reason': self._unexplained(),
            'failures without a message': self._untold(),
            'services that ended by themselves': [
                one.name for one in services if one.deaths]}

    def _of(self, status: UploadStatus) -> list[models.Upload]:
        return [one for one in self.uploads if one.status == status]

    def _stuck_volumes(self) -> list[str]:
        """Those whose status is not what it was before."""
        return [row.id for row in self._world.rows(sa.select(
            models.Volume.id, models.Volume.status))
            if row.status != self._volumes[row.id].status]

    def _left_out(self) -> list[str]:
        return sorted(set(self._volumes)
                      - {one.volume_id for one in self.uploads})

    def _orphans(self) -> list[str]:
        """Images that belong to no upload that has succeeded."""
        return sorted(set(self.images) - {
            one.image_id for one in self._of(UploadStatus.SUCCEEDED)})

    def _missing(self, deleted: Collection[str]) -> list[str]:
        return [one.image_id for one in self._of(UploadStatus.SUCCEEDED)
                if self.images.get(one.image_id) != 'active'
                and one.image_id not in deleted]

    def _different(self) -> list[str]:
        """Every image that is active is compared, byte by byte."""
        active = [one for one in self.uploads
                  if self.images.get(one.image_id) == 'active']
        with futures.ThreadPoolExecutor(2) as workers:
            same = workers.map(lambda one: is_same(
                self._world.path_of(one.volume_id),
                self._world.images.images / one.image_id, one.disk_format),
                active)
            return [one.image_id for one, equal in zip(active, same,
                                                       strict=True)
                    if not equal]

    def _unexplained(self) -> list[str]:
        return [one.id for one in self._of(UploadStatus.FAILED)
                if not one.reason]

    def _untold(self) -> list[str]:
        """Failed uploads whose request left no message for the user."""
        told = {row.request_id for row in self._world.rows(
            sa.select(models.Message.request_id))}
        return [one.id for one in self._of(UploadStatus.FAILED)
                if one.request_id not in told]

    def show(self) -> None:
        table.show('What must not be', ['', 'found'], [
            [name, len(ids)] for name, ids in self.wrong.items()])
        for name, ids in self.wrong.items():
            if ids:
                print(f'{name}: {", ".join(ids[:10])}')


def is_same(volume: Path, image: Path, disk_format: str) -> bool:
    """Whether a guest sees the same bytes in both."""
    if disk_format == 'raw':
        return filecmp.cmp(volume, image, shallow=False)
    return not subprocess.run(
        ['qemu-img', 'compare', '-f', 'raw', '-F', disk_format,
         volume, image], check=False, stdout=subprocess.DEVNULL).returncode


def show_faults(villains: Sequence[chaos_faults.Villain]) -> None:
    table.show('Faults', ['service', 'fault', 'number', 'seconds'], [
        [one.name, fault, len(seconds), sum(seconds)]
        for one in villains for fault, seconds in sorted(one.begun.items())])


def show_uploads(uploads: Sequence[models.Upload],
                 clients: Sequence[chaos_people.Client]) -> None:
    projects = sorted({one.project_id for one in uploads})
    table.show('Uploads', [
        'project', *(str(status) for status in _SHOWN), 'median s', 'most s',
        'attempts', 'most'], [
        _summary(f'{number}', [one for one in uploads
                               if one.project_id == project])
        for number, project in enumerate(projects, 1)
    ] + [_summary('all', uploads)])
    answers: collections.Counter[int] = sum(
        (one.answers for one in clients), collections.Counter())
    print('\nAnswers to the POSTs:', ', '.join(
        f'{count} of {status or "no answer"}'
        for status, count in sorted(answers.items())))
    reasons = collections.Counter(
        _plain(one.reason or '') for one in uploads
        if one.status == UploadStatus.FAILED)
    if reasons:
        table.show('Reasons of the failures', ['reason', 'number'],
                   reasons.most_common())


_SHOWN = (UploadStatus.SUCCEEDED, UploadStatus.FAILED, UploadStatus.CANCELLED)


def _summary(name: str, uploads: Sequence[models.Upload]) -> list[object]:
    seconds = [(one.finished_at - one.created_at).total_seconds()
               for one in uploads if one.finished_at] or [0.0]
    attempts = [one.attempt for one in uploads]
    return [name, *(sum(one.status == status for one in uploads)
                    for status in _SHOWN),
            statistics.median(seconds), max(seconds), sum(attempts),
            max(attempts)]


def _stuck_uploads(world: chaos_world.World) -> list[str]:
    return [row.id for row in world.rows(sa.select(models.Upload.id).where(
        models.Upload.status.not_in(FINISHED)))]


def _plain(reason: str) -> str:
    """Without what is different each time."""
    for pattern, word in ((_UUID, 'ID'), (_WORKER, 'WORKER'),
                          (_NUMBER, 'N')):
        reason = pattern.sub(word, reason)
    return (reason if len(reason) <= _SHORTEN
            else f'{reason[:_SHORTEN]}...')
