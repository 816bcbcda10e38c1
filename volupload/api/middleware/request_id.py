# SPDX-License-Identifier: Apache-2.0
"""Gives every request a name, in the answer and in the log.

Both ``X-Openstack-Request-Id`` and the older ``X-Compute-Request-Id`` carry
it. The one that comes in is the global request id: it names what the user
asked the cloud for, of which this request may be a part.
"""

from collections.abc import Iterable
import re
from typing import Any

from oslo_context import context
from oslo_middleware import request_id

from volupload.api.middleware import Filter
from volupload.api.types import Environ
from volupload.api.types import Headers
from volupload.api.types import StartResponse
from volupload.context import RequestContext

HEADERS = ('X-Openstack-Request-Id', 'X-Compute-Request-Id')

_FORM = re.compile(request_id.ID_FORMAT)


class RequestId(Filter):

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        own = context.generate_request_id()
        environ[request_id.ENV_REQUEST_ID] = own
        inbound = environ.get('HTTP_X_OPENSTACK_REQUEST_ID', '')
        if _FORM.fullmatch(inbound):
            environ[request_id.GLOBAL_REQ_ID] = inbound
        # Until the token has told who asks, this thread logs for nobody;
        # otherwise it would go on logging for whom it served before.
        RequestContext(request_id=own, is_admin=False,
                       global_request_id=environ.get(
                           request_id.GLOBAL_REQ_ID))

        def start(status: str, headers: Headers, *args: Any) -> Any:
            return start_response(
                status, [*headers, *((name, own) for name in HEADERS)], *args)

        return self.app(environ, start)


filter_factory = RequestId.factory
