# SPDX-License-Identifier: Apache-2.0
"""``/metrics``: what Prometheus reads of the API, if the operator wants it."""

from collections.abc import Iterable

from volupload import exception
from volupload import metrics
from volupload.api import faults
from volupload.api.types import Environ
from volupload.api.types import StartResponse
from volupload.api.types import WSGIApp
from volupload.conf import CONF


def expose(environ: Environ,
           start_response: StartResponse) -> Iterable[bytes]:
    """:raises RouteNotFound: unless [metrics] api_enabled is set."""
    if not CONF.metrics.api_enabled:
        raise exception.RouteNotFound()
    body = metrics.text()
    start_response(faults.STATUS[200], [
        ('Content-Type', metrics.CONTENT_TYPE),
        ('Content-Length', str(len(body)))])
    return [] if environ['REQUEST_METHOD'] == 'HEAD' else [body]


def app_factory(global_conf: dict[str, str], **local_conf: str) -> WSGIApp:
    return expose
