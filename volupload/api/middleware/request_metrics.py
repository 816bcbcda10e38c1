# SPDX-License-Identifier: Apache-2.0
"""Counts every request and how long its answer took, by route."""

from collections.abc import Iterable
import time
from typing import Any

from volupload import metrics
from volupload.api.middleware import Filter
from volupload.api.types import Environ
from volupload.api.types import Headers
from volupload.api.types import ROUTE
from volupload.api.types import StartResponse
from volupload.conf import CONF

# Anybody can invent methods; each would be another row in Prometheus.
_METHODS = frozenset({'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST',
                      'PUT'})


class RequestMetrics(Filter):

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        if not CONF.metrics.api_enabled:
            return self.app(environ, start_response)
        began = time.perf_counter()
        status = ['-']

        def start(line: str, headers: Headers, *args: Any) -> Any:
            status[0] = line[:3]
            return start_response(line, headers, *args)

        try:
            return self.app(environ, start)
        finally:
            method = environ['REQUEST_METHOD']
            method = method if method in _METHODS else 'OTHER'
            route = environ.get(ROUTE, 'none')
            metrics.REQUESTS.labels(method, route, status[0]).inc()
            metrics.REQUEST_SECONDS.labels(method, route).observe(
                time.perf_counter() - began)


filter_factory = RequestMetrics.factory
