# SPDX-License-Identifier: Apache-2.0
"""The fastest way of bytes into Glance: PUT, Content-Length, sendfile.

What is sent is the data of a volume and nothing else: no holes and no
format's tables. No format that does not compress can send less.
"""

import http.client
import os
import select
from typing import Any

from bench import upload_volumes
from bench import worker


class Ceiling:
    """
    :param port: of Glance on loopback
    """

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, *, path: str, image_id: str,
                 token: str) -> dict[str, Any]:
        """
        :raises SystemExit: Glance did not take it
        """
        extents = list(upload_volumes.data_extents(path))
        connection = http.client.HTTPConnection('127.0.0.1', self._port)
        connection.putrequest('PUT', f'/v2/images/{image_id}/file')
        connection.putheader('Content-Type', 'application/octet-stream')
        connection.putheader('X-Auth-Token', token)
        connection.putheader('Content-Length',
                             str(sum(length for _, length in extents)))
        connection.endheaders()
        with open(path, 'rb', buffering=0) as volume:
            for offset, length in extents:
                _send(connection.sock.fileno(), volume.fileno(), offset,
                      length)
        status = connection.getresponse().status
        connection.close()
        if status != 204:
            raise SystemExit(f'Glance answered {status}')
        return {}


def _send(to: int, source: int, offset: int, length: int) -> None:
    end = offset + length
    while offset < end:
        try:
            offset += os.sendfile(to, source, offset, end - offset)
        except BlockingIOError:
            select.select([], [to], [])


if __name__ == '__main__':
    worker.serve(Ceiling)
