# SPDX-License-Identifier: Apache-2.0
"""What bench/upload compares, and how each competitor does one upload.

==============  ============================================================
way             what happens
==============  ============================================================
ours            bench.upload_ours: streamed, sha512 compared
cinder          qemu-img convert to a temporary file, then python-glanceclient
                (bench.upload_client); a raw volume is sent as it is
streamOptimized the same with the subformat of VMDK that ours makes, and that
                Cinder does not ask for
ceiling         bench.upload_ceiling: a PUT of the volume's data by sendfile
convert         ours to /dev/null, with sha512
==============  ============================================================
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
from pathlib import Path

from bench import command
from bench import upload_cloud
from bench import upload_volumes
from bench import worker
from tools import environment
from tools.cloud import programs
from tools.cloud import volupload

CINDER = environment.Environment(
    'glanceclient', ('bench/upload-requirements.txt',), bare=True)

OURS, CONVERT, CEILING = 'ours', 'convert', 'ceiling'
WITH_CINDER, STREAM_OPTIMIZED = 'cinder', 'streamOptimized'
WAYS = (OURS, WITH_CINDER, STREAM_OPTIMIZED, CEILING, CONVERT)

# Seconds before an upload is given up, and more for each GiB of the volume.
_PATIENCE, _PATIENCE_GIB = 60, 120


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A kind of image.

    :ivar codec: what ours is asked for
    :ivar convert: arguments of qemu-img for each of Cinder's ways; None: the
        volume is sent as it is
    :ivar kinds: of the volumes for which it is measured
    """

    name: str
    disk_format: str
    codec: str
    convert: dict[str, tuple[str, ...] | None]
    kinds: tuple[str, ...] = ('real', 'empty')

    def rivals(self, kind: str) -> list[str]:
        """Cinder's ways; what it does not really do is for `real` only."""
        return [way for way in self.convert
                if way == WITH_CINDER or kind == 'real']


_ALL = ('real', 'random', 'empty')
CASES = {case.name: case for case in (
    Case('qcow2-compressed', 'qcow2', 'auto',
         {WITH_CINDER: ('-c', '-O', 'qcow2')}, _ALL),
    Case('qcow2', 'qcow2', 'none', {WITH_CINDER: ('-O', 'qcow2')}, _ALL),
    Case('vmdk', 'vmdk', 'auto',
         {STREAM_OPTIMIZED: ('-O', 'vmdk', '-o', 'subformat=streamOptimized'),
          WITH_CINDER: ('-O', 'vmdk')}, _ALL),
    Case('vdi', 'vdi', 'none', {WITH_CINDER: ('-O', 'vdi')}),
    Case('vhd', 'vhd', 'none', {WITH_CINDER: ('-O', 'vpc')}),
    Case('vhdx', 'vhdx', 'none', {WITH_CINDER: ('-O', 'vhdx')}),
    # The whole size goes over the wire, so the small volume is enough.
    Case('raw', 'raw', 'none', {WITH_CINDER: None}, ('random',)),
)}


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """One upload. Sizes are bytes, times seconds.

    :ivar convert_seconds: of `seconds`, before the first byte was sent
    :ivar cpu: by process; `glance` is that of the server
    :ivar peak: the most resident memory, by process
    :ivar grown: of that, above what the process had when it was at rest
    :ivar scratch: room on the disk that the temporary file took
    :ivar written: what the competitor's processes had written to a disk
    """

    seconds: float
    sent: int
    cpu: dict[str, float]
    peak: dict[str, int]
    grown: int = 0
    convert_seconds: float = 0
    scratch: int = 0
    written: int = 0


class Ways:
    """All competitors, ready; see `running`."""

    def __init__(self, directory: Path, images: upload_cloud.Images,
                 workers: dict[str, worker.Worker]) -> None:
        self._directory = directory
        self._images = images
        self._workers = workers

    def run(self, way: str, case: Case,
            volume: upload_volumes.Volume) -> Outcome:
        """One upload, or conversion, from the page cache."""
        volume.read()
        if way == CONVERT:
            return self._ours(case, volume, None)
        single: dict[str, Callable[
            [Case, upload_volumes.Volume, str], Outcome]] = {
                OURS: self._ours, CEILING: self._ceiling}
        disk_format = 'raw' if way == CEILING else case.disk_format
        with self._images.image(disk_format) as image_id:
            before = self._images.cpu_seconds()
            if way in single:
                outcome = single[way](case, volume, image_id)
            else:
                outcome = self._cinder(case.convert[way], volume, image_id)
            glance = self._images.cpu_seconds() - before
            return dataclasses.replace(
                outcome, sent=self._images.stored_size(image_id),
                cpu={**outcome.cpu, 'glance': glance})

    def _ours(self, case: Case, volume: upload_volumes.Volume,
              image_id: str | None) -> Outcome:
        return self._ask(
            OURS, volume, volume_id=volume.id, size=volume.size,
            disk_format=case.disk_format, codec=case.codec,
            image_id=image_id)

    def _ceiling(self, case: Case, volume: upload_volumes.Volume,
                 image_id: str) -> Outcome:
        return self._ask(CEILING, volume, path=str(volume.path),
                         image_id=image_id, token=self._images.token())

    def _cinder(self, arguments: tuple[str, ...] | None,
                volume: upload_volumes.Volume, image_id: str) -> Outcome:
        if arguments is None:
            return self._ask('glanceclient', volume, image_id=image_id,
                             path=str(volume.path))
        with self._temporary() as image:
            spent = command.run(
                ['qemu-img', 'convert', *arguments, '-f', 'raw',
                 volume.path, image], _patience(volume))
            scratch = image.stat().st_blocks * 512
            sent = self._ask('glanceclient', volume, image_id=image_id,
                             path=str(image))
        return dataclasses.replace(
            sent, seconds=spent.seconds + sent.seconds,
            cpu={'qemu-img': spent.cpu, **sent.cpu},
            peak={'qemu-img': spent.peak, **sent.peak},
            convert_seconds=spent.seconds, scratch=scratch,
            written=spent.written + sent.written)

    def _ask(self, name: str, volume: upload_volumes.Volume,
             **order: object) -> Outcome:
        answer = self._workers[name].ask(_patience(volume), **order)
        return Outcome(
            seconds=answer['seconds'], sent=answer.get('sent', 0),
            cpu={name: answer['cpu']}, peak={name: answer['peak']},
            grown=answer['peak'] - self._workers[name].resident,
            written=answer['written'])

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        image = self._directory / 'converted'
        try:
            yield image
        finally:
            image.unlink(missing_ok=True)


def _patience(volume: upload_volumes.Volume) -> float:
    return _PATIENCE + _PATIENCE_GIB * volume.size / upload_volumes.GIB


@contextlib.contextmanager
def running(directory: Path, volumes: Path) -> Iterator[Ways]:
    """Start Glance and the processes that send to it, and end them.

    :param volumes: where the volumes are
    """
    programs.of_debian('qemu-img', 'qemu-utils')
    CINDER.make()
    with contextlib.ExitStack() as ended:
        images = ended.enter_context(upload_cloud.running(directory))
        auth = images.identity.auth_options(upload_cloud.USER)
        configuration = volupload.Configuration(
            directory / 'volupload', images.identity)
        del auth['auth_type'], auth['region_name']
        workers = {
            OURS: worker.Worker(
                'upload_ours', directory / 'ours.log',
                configuration=str(configuration.file), volumes=str(volumes)),
            'glanceclient': worker.Worker(
                'upload_client', directory / 'client.log',
                python=CINDER.python, auth=auth),
            CEILING: worker.Worker(
                'upload_ceiling', directory / 'ceiling.log',
                port=images.service.port),
        }
        for each in workers.values():
            ended.enter_context(each)
        yield Ways(directory, images, workers)
