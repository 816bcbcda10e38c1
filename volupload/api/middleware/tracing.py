# SPDX-License-Identifier: Apache-2.0
"""The span of a request: oslo.middleware's, with a name of few values.

It is left out of the pipeline unless [oslo_middleware_tracing] enabled is set.
"""

from collections.abc import Callable
from typing import Any

from oslo_middleware import request_id
from oslo_middleware import tracing as oslo_tracing

from volupload import tracing
from volupload.api.types import CONTEXT
from volupload.api.types import ROUTE
from volupload.api.types import WSGIApp
from volupload.conf import CONF


class Tracing(oslo_tracing.TracingMiddleware):

    def process_request(self, req: Any) -> Any:
        answer = super().process_request(req)
        req.environ['otel.span'].set_attribute(
            'openstack.request_id', req.environ[request_id.ENV_REQUEST_ID])
        return answer

    def process_response(self, response: Any, request: Any = None) -> Any:
        """Who asked, and for which route, is known only now."""
        environ = request.environ
        made = environ['otel.span']
        route = environ.get(ROUTE, 'none')
        made.update_name(f'{environ["REQUEST_METHOD"]} {route}')
        made.set_attribute('http.route', route)
        if context := environ.get(CONTEXT):
            made.set_attribute('openstack.project_id',
                               context.project_id or '')
            made.set_attribute('openstack.user_id', context.user_id or '')
        return super().process_response(response, request)


def filter_factory(global_conf: dict[str, Any],
                   **local_conf: Any) -> Callable[[WSGIApp], WSGIApp]:
    def make(app: WSGIApp) -> WSGIApp:
        if not tracing.is_enabled():
            return app
        traced: WSGIApp = Tracing(app, CONF)
        return traced
    return make
