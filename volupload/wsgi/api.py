# SPDX-License-Identifier: Apache-2.0
"""``application`` for uWSGI, gunicorn or mod_wsgi.

The configuration files are those in ``VOLUPLOAD_CONFIG_FILES``, separated by
colons, or else those that oslo.config finds by itself. Nothing connects to a
database, broker or Keystone while this is imported, so a server may import
it first and fork its workers afterwards.
"""

import os

from volupload import cmd  # noqa: F401  selects threads before all else
from volupload import report
from volupload import service
from volupload.api import app
from volupload.api.types import WSGIApp


def create() -> WSGIApp:
    """:raises SystemExit: an option has a wrong value; the message names it.
    """
    files = os.environ.get('VOLUPLOAD_CONFIG_FILES')
    service.setup('volupload-api', (),
                  files.split(os.pathsep) if files else None)
    report.on_request(signals=False)
    return app.load()


application = create()
