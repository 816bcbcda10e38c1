# SPDX-License-Identifier: Apache-2.0
"""volupload-api: the API on a small server, for development.

In production a WSGI server runs `volupload.wsgi.api:application` instead.
SIGTERM ends it in order: requests that are being answered get their answers.
"""

import errno
import logging
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from waitress.server import BaseWSGIServer
from waitress.server import create_server
from waitress.server import MultiSocketServer

from volupload import cmd  # noqa: F401  selects threads before all else
from volupload import exception
from volupload import report
from volupload import service
from volupload.api import app
from volupload.conf import CONF

LOG = logging.getLogger(__name__)

Server = BaseWSGIServer | MultiSocketServer


def listen() -> Server:
    """The API, bound to [api] bind_host and bind_port but not answering yet.

    :raises SystemExit: an option cannot work; with one line that names it.
    """
    application = app.load()
    try:
        return create_server(
            application, host=CONF.api.bind_host, port=CONF.api.bind_port,
            threads=8, ident='volupload',
            # Whether a proxy is believed is decided in the pipeline, by
            # [oslo_middleware] enable_proxy_headers_parsing.
            clear_untrusted_proxy_headers=False)
    except (OSError, ValueError) as error:
        raise SystemExit(f'{CONF.prog}: {_cannot_listen(error)}') from None


def _cannot_listen(error: Exception) -> exception.ConfigError:
    where = f'{CONF.api.bind_host}:{CONF.api.bind_port}: '
    if not isinstance(error, OSError):   # waitress, of a name
        return exception.ConfigError(
            section='api', option='bind_host',
            reason=where + 'the name cannot be resolved')
    return exception.ConfigError(
        section='api', reason=where + os.strerror(error.errno or 0),
        option='bind_host' if error.errno == errno.EADDRNOTAVAIL
        else 'bind_port')


def serve(server: Server) -> None:
    """Answer until the process is ended."""
    LOG.info('Serving the API on http://%s:%s/', CONF.api.bind_host,
             CONF.api.bind_port)
    try:
        server.run()
    finally:
        server.close()


def exit_on_sigterm() -> None:
    """By SystemExit, once: what is then done to end is not interrupted."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def main() -> None:
    service.setup('volupload-api', sys.argv[1:])
    server = listen()
    exit_on_sigterm()
    report.on_request()
    serve(server)
