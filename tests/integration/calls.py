# SPDX-License-Identifier: Apache-2.0
"""Requests to the API as a test wants them, byte by byte."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from email import message
import http.client
import json
import ssl
from typing import Any
from urllib import parse

ACTION = 'os-volume_upload_image'


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """`headers` are of any case; `body` is what came, not decoded."""

    status: int
    reason: str
    headers: message.Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def pairs(self) -> Any:
        """The body with lists of pairs for objects, so in its order."""
        return json.loads(self.body, object_pairs_hook=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Face:
    """One of the forms in which the same operation can be asked for."""

    name: str
    prefix: str
    version: str | None = None

    def path(self, project_id: str, volume_id: str) -> str:
        prefix = self.prefix.format(project_id=project_id)
        return f'{prefix}/volumes/{volume_id}/action'

    @property
    def headers(self) -> dict[str, str]:
        if self.version is None:
            return {}
        return {'OpenStack-API-Version': f'volume {self.version}'}

    @property
    def is_v3(self) -> bool:
        return self.prefix.startswith('/v3')


V2 = Face('v2', '/v2/{project_id}')
V3 = Face('v3', '/v3/{project_id}')
V3_1 = Face('v3.1', '/v3/{project_id}', '3.1')
LATEST = Face('v3.71', '/v3/{project_id}', '3.71')
BARE = Face('v3 without project', '/v3')
BARE_3_1 = Face('v3.1 without project', '/v3', '3.1')
FACES = (V2, V3, BARE)


def scenarios(*faces: Face) -> list[tuple[str, dict[str, Any]]]:
    """For testscenarios: `self.face` is one of these, or of all three."""
    return [(face.name, {'face': face}) for face in faces or FACES]


def send(url: str, method: str, path: str, *,
         headers: Mapping[str, str] | None = None,
         body: bytes | Iterable[bytes] | None = None,
         timeout: float = 60, tls: ssl.SSLContext | None = None) -> Answer:
    """Send exactly this; a Content-Length is added to bytes, no more.

    :param tls: where it is to be sent by https
    :raises OSError: nobody answered
    """
    parts = parse.urlsplit(url)
    host, port = parts.hostname or '', parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=timeout, context=tls)
        if tls else
        http.client.HTTPConnection(host, port, timeout=timeout))
    try:
        connection.request(method, path, body, dict(headers or {}),
                           encode_chunked=not isinstance(body, bytes))
        response = connection.getresponse()
        return Answer(response.status, response.reason, response.headers,
                      response.read())
    finally:
        connection.close()


def upload_body(**arguments: Any) -> bytes:
    """The body of an upload; it has an image name unless given another."""
    return json.dumps(
        {ACTION: {'image_name': 'image', **arguments}}).encode()
