# SPDX-License-Identifier: Apache-2.0
"""Where this service is, as its client sees it."""

import re
from wsgiref import util

from volupload import exception
from volupload.api.types import Environ
from volupload.conf import CONF

# A name or an address, and a port (RFC 3986, section 3.2).
_HOST = re.compile(r'\[[\w.:%~-]+\]|[\w.~%!$&\'()*+,;=-]*', re.ASCII)
_PORT = re.compile(r'(:[0-9]*)?')


def base_url(environ: Environ) -> str:
    """URL without a version and without a slash at the end.

    [api] public_endpoint if it is set; otherwise the host of the request,
    as corrected from a proxy's headers, and the path the service is mounted
    at.

    :raises Invalid: what the request says its host is, is none.
    """
    public: str | None = CONF.api.public_endpoint
    if not public:
        _check_host(environ.get('HTTP_HOST', ''))
    return (public or util.application_uri(environ)).rstrip('/')


def _check_host(host: str) -> None:
    found = _HOST.match(host)
    if not (found and _PORT.fullmatch(host, found.end())):
        raise exception.Invalid('The header Host is malformed.')
