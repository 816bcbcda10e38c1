# SPDX-License-Identifier: Apache-2.0
"""The real Glance that all competitors send to, and images in it."""

from collections.abc import Iterator
import contextlib
import dataclasses
from pathlib import Path
from typing import Any
import uuid

from bench import proc
from tools.cloud import glance
from tools.cloud import http
from tools.cloud import keystone
from tools.cloud import mariadb

USER = 'volupload'

# python-glanceclient sends chunks of 1 MiB. With what goes around them that is
# just too much for uWSGI's default, which ends every upload; a Glance that
# serves it without a front end that takes chunks apart has this raised.
_CHUNKS = ('--chunked-input-limit', str(2 * 1024 * 1024))


@dataclasses.dataclass(frozen=True, slots=True)
class Images:
    """Glance, asked as the user that everybody uploads as."""

    identity: keystone.Keystone
    service: glance.Glance

    @contextlib.contextmanager
    def image(self, disk_format: str) -> Iterator[str]:
        """The id of a new image, which is deleted afterwards."""
        image_id = str(uuid.uuid4())
        self._ask('POST', '', 201, {
            'id': image_id, 'name': 'an image', 'disk_format': disk_format,
            'container_format': 'bare'})
        try:
            yield image_id
        finally:
            self._ask('DELETE', f'/{image_id}', 204)

    def stored_size(self, image_id: str) -> int:
        """:raises SystemExit: the image is not active"""
        image = self._ask('GET', f'/{image_id}', 200)
        if image['status'] != 'active':
            raise SystemExit(f'Image {image_id} is {image["status"]}')
        return int(image['size'])

    def cpu_seconds(self) -> float:
        """What Glance has used since its start."""
        return proc.cpu_seconds(proc.family(self.service.daemon.pid))

    def token(self) -> str:
        return self.identity.token(USER).id

    def _ask(self, method: str, path: str, status: int,
             body: Any = None) -> Any:
        answer = http.request(
            method, f'{self.service.url}/v2/images{path}', json_body=body,
            token=self.token())
        if answer.status != status:
            raise SystemExit(f'Glance answered {answer.status}: '
                             f'{answer.body.decode(errors="replace")}')
        return answer.json if answer.body else None


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Images]:
    """Start Keystone, MariaDB and Glance under uWSGI, and end them."""
    with (keystone.Keystone(directory / 'keystone') as identity,
          mariadb.MariaDB(directory / 'mariadb') as database):
        service = glance.Glance(directory / 'glance', identity,
                                connection=database.database('glance'))
        service.daemon.command += _CHUNKS
        with service:
            yield Images(identity, service)
