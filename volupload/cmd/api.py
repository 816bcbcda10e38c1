# SPDX-License-Identifier: Apache-2.0
"""volupload-api: the API on a small server, for development.

In production a WSGI server runs `volupload.wsgi.api:application` instead.
"""

import logging
import sys

import waitress

from volupload import cmd  # noqa: F401  selects threads before all else
from volupload import service
from volupload.api import app
from volupload.conf import CONF

LOG = logging.getLogger(__name__)


def serve() -> None:
    """Serve on [api] bind_host and bind_port until the process is ended."""
    application = app.load()
    LOG.info('Serving the API on http://%s:%s/', CONF.api.bind_host,
             CONF.api.bind_port)
    waitress.serve(
        application, host=CONF.api.bind_host, port=CONF.api.bind_port,
        threads=8, ident='volupload', _quiet=True,
        # Whether a proxy is believed is decided in the pipeline, by
        # [oslo_middleware] enable_proxy_headers_parsing.
        clear_untrusted_proxy_headers=False)


def main() -> None:
    service.setup('volupload-api', sys.argv[1:])
    serve()
