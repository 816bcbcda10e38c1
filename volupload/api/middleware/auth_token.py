# SPDX-License-Identifier: Apache-2.0
"""keystonemiddleware, for which a Keystone in trouble confirms nobody.

The stock filter with ``delay_auth_decision`` passes a request on as not
confirmed when Keystone refuses the connection or answers 5xx. For a TLS
error, nonsense instead of a discovery document, a discovery that wants a
token, or a catalog without an endpoint it raises. To the client all of these
are one thing, and the document of 2014 calls it 401: here each of them ends
as a request whose identity is not confirmed, which the context filter
refuses, and in a log line that tells the operator.
"""

from collections.abc import Callable
from collections.abc import Iterable
import logging
from typing import Any

from keystoneauth1 import exceptions as keystoneauth
from keystonemiddleware import auth_token
from keystonemiddleware.auth_token import _request

from volupload import exception
from volupload.api.types import Environ
from volupload.api.types import StartResponse
from volupload.api.types import WSGIApp
from volupload.conf import CONF

LOG = logging.getLogger(__name__)

# Seconds for one answer of Keystone, unless [keystone_authtoken]
# http_connect_timeout is set; without any, a host that swallows packets would
# hold a request, and its thread, for ever.
TIMEOUT = 15

class _Request(_request._AuthTokenRequest):

    def remove_auth_headers(self) -> None:
        """As the stock one does, in 0.02 ms instead of 0.08."""
        for name in self._all_auth_headers():
            self.environ.pop(f'HTTP_{name.upper().replace("-", "_")}', None)

    def set_service_catalog_headers(self, auth_ref: Any) -> None:
        """Leave it.

        Tokens come with their catalog, which the access rules of application
        credentials need. But nothing here reads it from a header, and
        writing it into one costs 0.2 ms for 20 services.
        """


class AuthToken(auth_token.AuthProtocol):

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        # What the stock filter does, without wrapping the answer.
        request = _Request(environ)
        try:
            self.process_request(request)
        except Exception as error:   # whatever nonsense leads to
            LOG.error('No token can be confirmed, Keystone is in trouble: '
                      '%s: %s', type(error).__name__, error,
                      exc_info=not isinstance(
                          error, keystoneauth.ClientException))
            request.user_token_valid = False
            self._start_afresh()
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer

    def _start_afresh(self) -> None:
        # A discovery document of a wrong shape stays in the caches of the
        # session and of the plugin, and every later request would fail on it
        # although Keystone is well again.
        self._auth = self._create_auth_plugin()
        self._session = self._create_session()
        self._identity_server = self._create_identity_server()


def filter_factory(global_conf: dict[str, Any],
                   **local_conf: Any) -> Callable[[WSGIApp], AuthToken]:
    conf = {**global_conf, **local_conf}
    return lambda app: _make(app, conf)


def _make(app: WSGIApp, conf: dict[str, Any]) -> AuthToken:
    CONF.set_default('http_connect_timeout', TIMEOUT,
                     group='keystone_authtoken')
    try:
        made = AuthToken(app, conf)
    except keystoneauth.MissingRequiredOptions as error:
        raise exception.ConfigError(
            section='keystone_authtoken', option=error.options[0].dest,
            reason='is not set') from error
    except keystoneauth.NoMatchingPlugin as error:
        raise exception.ConfigError(
            section='keystone_authtoken', option='auth_type',
            reason=str(error)) from error
    if made._auth is None:
        raise exception.ConfigError(
            section='keystone_authtoken', option='auth_type',
            reason='is not set; the service needs a user of its own to have '
                   'tokens confirmed')
    return made
