# SPDX-License-Identifier: Apache-2.0
"""The files of etc/volupload/deploy, run as they are but for the addresses."""

from collections.abc import Mapping
from pathlib import Path
import sys

from tools.cloud import http
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service
from tools.cloud import volupload

DEPLOY = Path(__file__).parents[2] / 'etc' / 'volupload' / 'deploy'


def write(name: str, directory: Path, replaced: Mapping[str, str]) -> Path:
    """A copy with these words in place of those.

    :raises AssertionError: one of them is not in it.
    """
    text = replace((DEPLOY / name).read_text(), replaced)
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / name
    file.write_text(text)
    return file


def replace(text: str, replaced: Mapping[str, str]) -> str:
    """
    :raises AssertionError: one of the words is not in it.
    """
    for word, other in replaced.items():
        assert word in text, f'there is no {word} in: {text}'
        text = text.replace(word, other)
    return text


class Api(service.Service):
    """uWSGI with volupload-api.ini."""

    def __init__(self, configuration: volupload.Configuration,
                 name: str) -> None:
        super().__init__(configuration.directory / name)
        self._configuration = configuration
        self.address = f'127.0.0.1:{ports.free_port()}'

    def prepare(self) -> None:
        file = write('volupload-api.ini', self.directory, {
            'http-socket = :8776': f'http-socket = {self.address}'})
        self.daemon = process.Daemon(
            'volupload-api',
            [programs.of_volupload('uwsgi'), '--ini', file],
            log=self.directory / 'volupload-api.log', cwd=Path(sys.prefix),
            environ={'VOLUPLOAD_CONFIG_FILES': str(self._configuration.file)},
            healthy=lambda: http.answers(f'http://{self.address}/healthcheck'))


class HAProxy(service.Service):
    """HAProxy with haproxy.cfg, before two of them."""

    def __init__(self, directory: Path, first: Api, second: Api) -> None:
        super().__init__(directory)
        self._replaced = {'192.0.2.11:8776': first.address,
                          '192.0.2.12:8776': second.address}
        self.port = ports.free_port()
        self.url = f'http://127.0.0.1:{self.port}'

    def prepare(self) -> None:
        address = f'127.0.0.1:{self.port}'
        self.file = write('haproxy.cfg', self.directory, {
            **self._replaced, '192.0.2.10:8776': address})
        self.daemon = process.Daemon(
            'haproxy',
            [programs.of_debian('haproxy', 'haproxy', '/usr/sbin'),
             '-f', self.file],
            log=self.directory / 'haproxy.log',
            healthy=lambda: http.answers(f'{self.url}/healthcheck'))
