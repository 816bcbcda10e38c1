# SPDX-License-Identifier: Apache-2.0
"""Where this service is, as its client sees it."""

from wsgiref import util

from volupload.api.types import Environ
from volupload.conf import CONF


def base_url(environ: Environ) -> str:
    """URL without a version and without a slash at the end.

    [api] public_endpoint if it is set; otherwise the host of the request,
    as corrected from a proxy's headers, and the path the service is mounted
    at.
    """
    public: str | None = CONF.api.public_endpoint
    return (public or util.application_uri(environ)).rstrip('/')
