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

# What a query may have besides letters and digits (RFC 3986), and `[]`.
_PLAIN = "%/?:@!$&'()*+,;=[]"


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
                     _shown(environ.get('REMOTE_ADDR', '-')),
                     _shown(environ.get('HTTP_X_PROJECT_ID') or '-'),
                     _shown(environ['REQUEST_METHOD']), _url(environ),
                     status[0], (time.monotonic() - began) * 1000)


def _url(environ: Environ) -> str:
    path = parse.quote(environ.get('PATH_INFO', '').encode('latin-1'))
    query = environ.get('QUERY_STRING')
    return f'{path}?{_shown(query)}' if query else path


def _shown(raw: str) -> str:
    """Quoted, so that no line break or blank of a client's gets into the log.

    What is quoted already remains as it is.
    """
    return parse.quote(raw.encode('latin-1', 'replace'), safe=_PLAIN)


filter_factory = RequestLog.factory
