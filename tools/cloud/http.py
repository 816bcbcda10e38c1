# SPDX-License-Identifier: Apache-2.0
"""JSON over HTTP in a few lines, for health waits and for setting up.

Proxies of the environment are never asked: everything is on loopback.
"""

from collections.abc import Mapping
import dataclasses
import email.message
import json
from typing import Any
import urllib.error
import urllib.request

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (any case) and body of one answer."""

    status: int
    headers: email.message.Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(method: str, url: str, *, json_body: Any = None,
            body: bytes | None = None, token: str | None = None,
            headers: Mapping[str, str] | None = None,
            timeout: float = 60) -> Answer:
    """Send one request; every status is an answer, not an error.

    :raises OSError: nobody answered
    """
    sent = dict(headers or {})
    data = body
    if json_body is not None:
        data = json.dumps(json_body).encode()
        sent.setdefault('Content-Type', 'application/json')
    if token is not None:
        sent['X-Auth-Token'] = token
    message = urllib.request.Request(url, data, sent, method=method)
    try:
        with _opener.open(message, timeout=timeout) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def answers(url: str) -> bool:
    """Whether a server answers at `url` with anything but its own failure."""
    return request('GET', url, timeout=5).status < 500
