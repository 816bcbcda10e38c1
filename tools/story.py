# SPDX-License-Identifier: Apache-2.0
"""What the demo does and tells, step by step."""

from collections.abc import Iterator
import contextlib
import hashlib
import os
from pathlib import Path
import shlex
import sys
import sysconfig
import tarfile
import time
from types import TracebackType
from typing import Any
from typing import Self

from tools.cloud import client
from tools.cloud import errors
from tools.cloud import glance
from tools.cloud import http
from tools.cloud import keystone
from tools.cloud import volupload

#: Carries the number of the last step into the environment's Python.
STEP_VARIABLE = 'VOLUPLOAD_DEMO_STEP'

_MiB = 1 << 20
_VOLUME_GB = 1
# Where the data lies in the volume; what is between are holes.
_LIBRARY_OFFSET = 1 * _MiB
_PACKAGES_OFFSET = 512 * _MiB
_PACKAGES = ('volupload', 'keystone', 'glance', 'openstack', 'sqlalchemy')


class Teller:
    """Prints numbered steps, and what belongs to them indented."""

    def __init__(self) -> None:
        self.number = int(os.environ.get(STEP_VARIABLE, '0'))
        self._shown = False

    def step(self, title: str) -> None:
        self.number += 1
        print(f'\n{self.number}. {title}', flush=True)

    @contextlib.contextmanager
    def timed(self, title: str, remark: str = '') -> Iterator[None]:
        """A step that says at its end how long it took."""
        self.step(title)
        if remark:
            self.say(f'({remark})')
        started = time.monotonic()
        yield
        self.say(f'done in {time.monotonic() - started:.0f} s')

    def say(self, text: str) -> None:
        for line in text.splitlines():
            print(f'   {line}')
        sys.stdout.flush()

    def progress(self, text: str, *, last: bool = False) -> None:
        """One line that changes on a terminal, lines elsewhere."""
        if sys.stdout.isatty():
            print(f'\r\033[K   {text}', end='\n' if last else '', flush=True)
        else:
            self.say(text)


class Cloud:
    """Keystone, Glance and volupload together, with a user's client."""

    def __init__(self, directory: Path, teller: Teller) -> None:
        self.directory = directory
        self.identity = keystone.Keystone(directory / 'keystone')
        self.images = glance.Glance(directory / 'glance', self.identity)
        self.configuration = volupload.Configuration(
            directory / 'volupload', self.identity)
        self.volumes = volupload.Standalone(self.configuration)
        self.user = client.Client(self.identity)
        self._teller = teller
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        parts = (('Keystone', self.identity, self.identity.url),
                 ('Glance', self.images, self.images.url),
                 ('volupload', self.volumes, self.volumes.url))
        with self._stack, self._teller.timed(
                'Start Keystone, Glance and volupload on loopback'):
            for name, service, url in parts:
                self._stack.enter_context(service)
                self._teller.say(f'{name:10} {url}')
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.close()

    def show(self, token: keystone.Token, kind: str,
             identifier: str) -> dict[str, Any]:
        """A volume or an image as the API shows it."""
        if kind == 'volume':
            url = (f'{self.volumes.url}/v3/{token.project_id}/volumes/'
                   f'{identifier}')
            return dict(self._get(url, token)['volume'])
        return dict(self._get(f'{self.images.url}/v2/images/{identifier}',
                              token))

    def _get(self, url: str, token: keystone.Token) -> Any:
        answer = http.request('GET', url, token=token.id)
        if answer.status != 200:
            raise errors.CloudError(
                f'GET {url} was answered with {answer.status}; the logs are '
                f'in {self.directory}')
        return answer.json


def upload_a_volume(cloud: Cloud, teller: Teller) -> bool:
    """The whole main job; whether the image equals the volume."""
    token = cloud.identity.token(cloud.user.user)
    volume_id = _make_volume(cloud, teller, token)
    source = cloud.configuration.volumes / volume_id
    _fill(source, teller)
    image_id = _upload(cloud, teller)
    _watch(cloud, teller, token, volume_id, image_id)
    image = cloud.show(token, 'image', image_id)
    copy = cloud.directory / 'image.raw'
    with teller.timed('Download the image from Glance'):
        _command(cloud, teller, 'openstack', 'image', 'save', '--file',
                 os.path.relpath(copy), image_id)
    return _compare(teller, source, copy, image)


def _make_volume(cloud: Cloud, teller: Teller, token: keystone.Token) -> str:
    teller.step(f'Make a volume of {_VOLUME_GB} GiB')
    made = _command(
        cloud, teller, 'openstack', 'volume', 'create', '--size',
        str(_VOLUME_GB), '-c', 'id', '-f', 'value', 'demo-volume')
    volume_id = made.strip()
    _wait_while(cloud, token, 'volume', volume_id, 'creating')
    return volume_id


def _wait_while(cloud: Cloud, token: keystone.Token, kind: str,
                identifier: str, status: str) -> None:
    deadline = time.monotonic() + 30
    while cloud.show(token, kind, identifier)['status'] == status:
        if time.monotonic() > deadline:
            raise errors.CloudError(
                f'the {kind} stays {status}; see '
                f'{cloud.volumes.daemon.log}')
        time.sleep(0.1)


def _fill(volume: Path, teller: Teller) -> None:
    """Write files into the volume, as a guest that has it would."""
    teller.step("Put data into it: archives of Python's library and of the "
                "services' own code")
    library = Path(sysconfig.get_path('stdlib'))
    packages = Path(sysconfig.get_path('purelib'))
    with volume.open('r+b') as disk:
        _archive(disk, _LIBRARY_OFFSET, [library])
        _archive(disk, _PACKAGES_OFFSET, [
            found for name in _PACKAGES if (found := packages / name).exists()
        ])
    used = volume.stat().st_blocks * 512
    teller.say(f'{used // _MiB} MiB of files, the other '
               f'{(volume.stat().st_size - used) // _MiB} MiB are holes')


def _archive(disk: Any, offset: int, roots: list[Path]) -> None:
    disk.seek(offset)
    with tarfile.open(fileobj=disk, mode='w|', bufsize=_MiB) as archive:
        for root in roots:
            archive.add(root, root.name, filter=_leave_out)


def _leave_out(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = os.path.basename(member.name)
    return None if name in ('__pycache__', 'site-packages', 'test') else member


def _upload(cloud: Cloud, teller: Teller) -> str:
    teller.step('Upload it with the ordinary client')
    said = _command(
        cloud, teller, 'openstack', 'image', 'create', '--volume',
        'demo-volume', 'demo-image', '-c', 'image_id', '-c', 'status',
        '-f', 'shell')
    teller.say(said)
    for line in said.splitlines():
        name, _, value = line.partition('=')
        if name == 'image_id':
            return value.strip('"')
    raise errors.CloudError('the client named no image')


def _watch(cloud: Cloud, teller: Teller, token: keystone.Token,
           volume_id: str, image_id: str) -> None:
    """Show the upload until the volume is its own again."""
    stored = cloud.images.images / image_id
    started = time.monotonic()
    pause = 0.2 if sys.stdout.isatty() else 1.0
    while True:
        volume = cloud.show(token, 'volume', volume_id)
        image = cloud.show(token, 'image', image_id)
        sent = stored.stat().st_size if stored.exists() else 0
        ended = volume['status'] != 'uploading'
        teller.progress(
            f'{time.monotonic() - started:5.1f} s   '
            f'volume {volume["status"]:10} image {image["status"]:7} '
            f'{sent // _MiB:5} of {volume["size"] * 1024} MiB in Glance',
            last=ended)
        if ended:
            break
        time.sleep(pause)
    if image['status'] != 'active':
        raise errors.CloudError(
            f'the image is {image["status"]}; see {cloud.volumes.daemon.log}')


def _compare(teller: Teller, source: Path, copy: Path,
             image: dict[str, Any]) -> bool:
    teller.step('Compare the sha512 of all three')
    sums = {}
    for title, path in (('the volume', source), ('the download', copy)):
        with path.open('rb') as data:
            sums[title] = hashlib.file_digest(data, 'sha512').hexdigest()
    sums["Glance's own"] = image['os_hash_value']
    for title, value in sums.items():
        teller.say(f'{title:13} {value[:32]}...')
    same = len(set(sums.values())) == 1
    teller.say('They are the same: every byte arrived.' if same else
               'THEY DIFFER.')
    return same


def _command(cloud: Cloud, teller: Teller, *command: str) -> str:
    """Show a command and run it; what it printed."""
    teller.say(f'$ {shlex.join(command)}')
    return cloud.user.output(*command)
