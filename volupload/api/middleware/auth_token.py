# SPDX-License-Identifier: Apache-2.0
"""keystonemiddleware, for which a Keystone in trouble confirms nobody.

The stock filter with ``delay_auth_decision`` passes a request on as not
confirmed when Keystone refuses the connection or answers 5xx. For a TLS
error, nonsense instead of a discovery document, a discovery that wants a
token, or a catalog without an endpoint it raises. To the client all of these
are one thing, and the document of 2014 calls it 401: here each of them ends
as a request whose identity is not confirmed, which the context filter
refuses.
"""

from collections.abc import Callable
from collections.abc import Iterable
import logging
from typing import Any

from keystoneauth1 import exceptions as keystoneauth
from keystonemiddleware import auth_token
from keystonemiddleware.auth_token import _exceptions as ksm_exceptions
from keystonemiddleware.auth_token import _request
import requests

from volupload.api.types import Environ
from volupload.api.types import StartResponse
from volupload.api.types import WSGIApp

LOG = logging.getLogger(__name__)

# The last three are what a document of an unexpected shape leads to.
TROUBLE = (
    keystoneauth.ClientException, ksm_exceptions.ServiceError,
    ksm_exceptions.ConfigurationError, requests.RequestException, OSError,
    ValueError, LookupError, TypeError, AttributeError)


class AuthToken(auth_token.AuthProtocol):

    def __init__(self, app: WSGIApp, conf: dict[str, Any]) -> None:
        super().__init__(app, conf)
        # Tokens are still fetched with their catalog, which the access rules
        # of application credentials need. But nothing here reads it from a
        # header, and writing it into one costs 0.2 ms for 20 services.
        self._include_service_catalog = False

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        # What the stock filter does, without wrapping the answer.
        request = _request._AuthTokenRequest(environ)
        try:
            self.process_request(request)
        except TROUBLE as error:
            LOG.error('No token can be confirmed, Keystone is in trouble: '
                      '%s: %s', type(error).__name__, error)
            request.user_token_valid = False
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer


def filter_factory(global_conf: dict[str, Any],
                   **local_conf: Any) -> Callable[[WSGIApp], AuthToken]:
    conf = {**global_conf, **local_conf}
    return lambda app: AuthToken(app, conf)
