# SPDX-License-Identifier: Apache-2.0
"""Says who asks, or refuses: the last filter before the application."""

from collections.abc import Iterable

from oslo_middleware import request_id

from volupload import exception
from volupload.api.middleware import Filter
from volupload.api.types import CONTEXT
from volupload.api.types import Environ
from volupload.api.types import StartResponse
from volupload.context import RequestContext

CONFIRMED = 'Confirmed'

# What stands in a URL of v3 where others have the project.
_COLLECTIONS = ('volumes', 'uploads', 'messages')


class KeystoneContext(Filter):
    """Whom keystonemiddleware confirmed.

    A service token that came along must have been confirmed as well.
    """

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        user = environ.get('HTTP_X_IDENTITY_STATUS')
        service = environ.get('HTTP_X_SERVICE_IDENTITY_STATUS', CONFIRMED)
        if user != CONFIRMED or service != CONFIRMED:
            raise exception.Unauthorized()
        environ[CONTEXT] = RequestContext.from_environ(environ)
        return self.app(environ, start_response)


class NoAuthContext(Filter):
    """Whoever it says it is, and an administrator.

    A token is ``user`` or ``user:project``. Without a project it is for the
    one in the URL; there need not be a token at all.
    """

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        token = environ.get('HTTP_X_AUTH_TOKEN', '')
        user, _, project = token.partition(':')
        environ[CONTEXT] = RequestContext(
            user_id=user or 'noauth',
            project_id=project or _project(environ) or user or 'noauth',
            roles=['admin', 'member', 'reader'],
            request_id=environ.get(request_id.ENV_REQUEST_ID),
            global_request_id=environ.get(request_id.GLOBAL_REQ_ID))
        return self.app(environ, start_response)


def _project(environ: Environ) -> str | None:
    parts = str(environ.get('PATH_INFO', '')).split('/')
    if len(parts) < 3 or (parts[1] == 'v3' and parts[2] in _COLLECTIONS):
        return None
    return parts[2]


keystone_factory = KeystoneContext.factory
noauth_factory = NoAuthContext.factory
