# SPDX-License-Identifier: Apache-2.0
"""One line in the log for each request, when its answer is known."""

from collections.abc import Iterable
import logging
import time
from typing import Any
from urllib import parse

from volupload.api.middleware import Filter
from volupload.api.types import Environ
from volupload.api.types import Headers
from volupload.api.types import StartResponse

LOG = logging.getLogger(__name__)


class RequestLog(Filter):

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        if not LOG.isEnabledFor(logging.INFO):
            return self.app(environ, start_response)
        began = time.monotonic()
        status = ['-']

        def start(line: str, headers: Headers, *args: Any) -> Any:
            status[0] = line[:3]
            return start_response(line, headers, *args)

        try:
            return self.app(environ, start)
        finally:
            LOG.info('%s %s "%s %s" %s %.1f ms',
                     environ.get('REMOTE_ADDR', '-'),
                     environ.get('HTTP_X_PROJECT_ID', '-'),
                     environ['REQUEST_METHOD'], _url(environ), status[0],
                     (time.monotonic() - began) * 1000)


def _url(environ: Environ) -> str:
    # Quoted again, so that no line break of a client's gets into the log.
    path = parse.quote(environ.get('PATH_INFO', '').encode('latin-1'))
    query = environ.get('QUERY_STRING')
    return f'{path}?{query}' if query else path


filter_factory = RequestLog.factory
