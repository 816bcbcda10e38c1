# SPDX-License-Identifier: Apache-2.0
"""One request as a controller sees it, and the answer it gives."""

from dataclasses import dataclass
import functools
import json
from typing import Any
from typing import NoReturn
from urllib import parse

from volupload import exception
from volupload.api import microversion
from volupload.api import urls
from volupload.api.types import Environ
from volupload.context import RequestContext
from volupload.volume.api import API

JSON_TYPES = ('application/json', 'application/vnd.openstack.volume+json')


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is what goes out as JSON; None is an empty answer."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


class Request:
    """
    :ivar project_id: the project in the URL, None where it has none.
    :ivar version: of the API, (2, 0) or (3, N).
    :ivar body: of an action the value of its key, otherwise the JSON object.
    """

    def __init__(self, environ: Environ, volume_api: API,
                 context: RequestContext, version: microversion.Version,
                 project_id: str | None) -> None:
        self.environ = environ
        self.volume_api = volume_api
        self.context = context
        self.version = version
        self.project_id = project_id
        self.body: Any = None

    @property
    def is_v3(self) -> bool:
        return self.version >= microversion.MINIMUM

    @functools.cached_property
    def base_url(self) -> str:
        return urls.base_url(self.environ)

    @functools.cached_property
    def query(self) -> dict[str, str]:
        """Query parameters; of one given twice the last counts."""
        raw = self.environ.get('QUERY_STRING') or ''
        return dict(parse.parse_qsl(raw, keep_blank_values=True))

    def read_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object.

        :raises UnsupportedContentType: it is called something else.
        :raises MalformedRequestBody: it is something else.
        """
        value = parse_json(self._read() or b'')
        if not isinstance(value, dict):
            raise exception.MalformedRequestBody()
        return value

    def read_action(self) -> tuple[str, Any]:
        """Name and value of the one key that the body has.

        :raises NoSuchAction: there is no body, or nothing says what it is.
        """
        raw = self._read()
        if raw is None:
            raise exception.NoSuchAction(action=None)
        value = parse_json(raw)
        if not isinstance(value, dict) or len(value) != 1:
            raise exception.MalformedRequestBody()
        [(name, arguments)] = value.items()
        return name, arguments

    def _read(self) -> bytes | None:
        length = int(self.environ.get('CONTENT_LENGTH') or 0)
        content_type = self.environ.get('CONTENT_TYPE')
        if not length or not content_type:
            return None
        kind = content_type.partition(';')[0].strip().lower()
        if kind not in JSON_TYPES:
            raise exception.UnsupportedContentType()
        raw: bytes = self.environ['wsgi.input'].read(length)
        return raw


def parse_json(raw: bytes) -> Any:
    """JSON as its standard has it: UTF-8 without a mark, no NaN.

    :raises MalformedRequestBody: it is not, or it is nested too deeply.
    """
    try:
        return json.loads(raw.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise exception.MalformedRequestBody() from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
