# SPDX-License-Identifier: Apache-2.0
"""Finds Glance and speaks to it, with keystoneauth and the [glance] options.

Credentials, session and endpoint are loaded by the first request and kept for
the process: in steady state a call of ours is one HTTP request on a
connection that is open already. After a failure the endpoint is looked up
again, so that a corrected service catalogue is seen without a restart.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import re
import ssl
import threading
import time
from typing import Any

from keystoneauth1 import adapter as ks_adapter
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import loading
from keystoneauth1 import session as ks_session
from oslo_log import log as logging
import requests
import requests.utils
import urllib3.exceptions

from volupload.conf import CONF
from volupload import exception
from volupload.image.answer import Answer

LOG = logging.getLogger(__name__)

# A Glance that is down fails every request; the catalogue, and with it a new
# token, is asked for no more often than this many seconds.
_CATALOGUE_AGE = 30.0

_VERSION = re.compile(r'/v\d+(\.\d+)?$')


class Session:
    """One for a process; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._adapter: ks_adapter.Adapter | None = None
        self._endpoint: str | None = None
        self._catalogue_time = 0.0

    def request(self, method: str, path: str, *, token: str | None = None,
                idempotent: bool = True, headers: dict[str, str],
                **body: Any) -> Answer:
        """One request to ``<endpoint>/v2<path>``, redirects not followed.

        :param token: a user's, instead of the service's own.
        :param idempotent: whether to ask again when no answer came; a
            connection that could not be made is tried again always.
        :param body: ``json``, or ``data`` as keystoneauth takes it.
        :raises ImageServiceError: no answer; ``outcome_unknown`` is set if
            the request may have got through.
        """
        if token is not None:
            headers = {**headers, 'X-Auth-Token': token}
        if not idempotent:
            body['connect_retries'] = 0
        url = f'{self.endpoint()}/v2{path}'

        def send() -> requests.Response:
            return self._loaded().request(
                url, method, headers=dict(headers), log=False,
                authenticated=token is None, raise_exc=False, redirect=False,
                **body)

        with self._translated(asked=True):
            response = (send() if idempotent else self._connecting(send))
            return Answer(response.status_code, response.headers,
                          response.content)

    def endpoint(self) -> str:
        """Glance's URL without a version and without a slash at the end.

        :raises ImageServiceError: nothing tells where Glance is.
        """
        endpoint = self._endpoint
        if endpoint is None:
            with self._translated():
                endpoint = self._loaded().get_endpoint()
            if not endpoint:
                raise exception.ImageServiceError(
                    reason='the service catalogue has no image service that '
                           'fits the section [glance]')
            endpoint = _VERSION.sub('', endpoint.rstrip('/')).rstrip('/')
            self._endpoint = endpoint
        return endpoint

    def auth_headers(self) -> dict[str, str]:
        """The service's own token, as headers."""
        with self._translated():
            adapter = self._loaded()
            return dict(adapter.session.get_auth_headers(adapter.auth) or {})

    def tls_context(self) -> ssl.SSLContext:
        """The TLS options of the section, for a connection of our own."""
        with self._translated():
            return _tls_context(self._loaded().session)

    def forget(self) -> None:
        """Look the endpoint up again: what is there is not Glance."""
        self._endpoint = None
        now = time.monotonic()
        if self._adapter and now - self._catalogue_time > _CATALOGUE_AGE:
            self._catalogue_time = now
            self._adapter.invalidate()

    def forget_token(self) -> None:
        """Get a new token next time: this one was refused."""
        if self._adapter:
            self._adapter.invalidate()

    def check(self) -> None:
        """Load the options without asking anybody.

        :raises ConfigError: naming the option that is missing or wrong.
        """
        if not CONF.glance.auth_type:
            raise exception.ConfigError(
                section='glance', option='auth_type', reason='is not set')
        try:
            self._loaded()
        except ks_exceptions.MissingRequiredOptions as error:
            raise exception.ConfigError(
                section='glance', option=error.options[0].dest,
                reason='is not set') from error
        except (ks_exceptions.ClientException, OSError, TypeError,
                ValueError) as error:
            raise exception.ConfigError(
                section='glance', option='auth_type',
                reason=str(error)) from error

    def _loaded(self) -> ks_adapter.Adapter:
        if self._adapter is None:
            with self._lock:
                if self._adapter is None:
                    self._adapter = _load()
                    self._catalogue_time = time.monotonic()
        return self._adapter

    def _connecting(
            self, send: Callable[[], requests.Response]) -> requests.Response:
        """Try again as long as the request surely did not leave."""
        for _ in range(CONF.glance.connect_retries or 0):
            try:
                return send()
            except ks_exceptions.ConnectFailure as error:
                if _may_have_been_sent(error):
                    raise
                LOG.warning('Trying again: %s', error)
                time.sleep(CONF.glance.connect_retry_delay or 0.5)
        return send()

    @contextlib.contextmanager
    def _translated(self, *, asked: bool = False) -> Iterator[None]:
        """The border: no error of the libraries passes it.

        :param asked: whether Glance was asked to do something.
        """
        try:
            yield
        except (ks_exceptions.ClientException, OSError, TypeError,
                ValueError) as error:
            self.forget()
            translated = exception.ImageServiceError(reason=str(error))
            translated.outcome_unknown = (
                asked and _may_have_been_sent(error))
            raise translated from error


def _load() -> ks_adapter.Adapter:
    auth = loading.load_auth_from_conf_options(CONF, 'glance')
    session = loading.load_session_from_conf_options(
        CONF, 'glance', auth=auth, session=_requests_session())
    return loading.load_adapter_from_conf_options(
        CONF, 'glance', auth=auth, session=session)


def _requests_session() -> requests.Session:
    """Looking through the environment for proxies and .netrc costs 0.25 ms
    a request; a service is configured by its file."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ('http://', 'https://'):
        session.mount(scheme, ks_session.TCPKeepAliveAdapter(
            pool_maxsize=64))
    return session


def _tls_context(session: ks_session.Session) -> ssl.SSLContext:
    verify = session.verify
    context = ssl.create_default_context(
        cafile=verify if isinstance(verify, str)
        else requests.utils.DEFAULT_CA_BUNDLE_PATH)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if isinstance(session.cert, tuple):
        context.load_cert_chain(*session.cert)
    elif session.cert:
        context.load_cert_chain(session.cert)
    return context


def _may_have_been_sent(error: BaseException) -> bool:
    """keystoneauth says the same for a connection that could not be made and
    for one that broke after the request; what requests had said before is
    still attached and tells them apart."""
    cause = error.__context__
    if not isinstance(error, ks_exceptions.ConnectionError) or isinstance(
            cause, requests.ConnectTimeout | requests.exceptions.SSLError):
        return False
    if isinstance(cause, requests.ConnectionError) and cause.args:
        reason = getattr(cause.args[0], 'reason', cause.args[0])
        return not isinstance(reason, urllib3.exceptions.NewConnectionError)
    return isinstance(cause, requests.Timeout | requests.ConnectionError)
