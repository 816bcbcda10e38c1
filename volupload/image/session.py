# SPDX-License-Identifier: Apache-2.0
"""Finds Glance and speaks to it, with keystoneauth and the [glance] options.

Credentials, session and endpoint are loaded by the first request and kept for
the process: in steady state a call of ours is one HTTP request on a
connection that is open already. After a failure the endpoint is looked up
again, so that a corrected service catalogue is seen without a restart.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
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
from oslo_serialization import jsonutils
import requests
import requests.utils

from volupload import exception
from volupload.conf import CONF
from volupload.image import wire
from volupload.image.answer import Answer
from volupload.image.wire import Wire

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
        self._wire: Wire | None = None
        self.url = ''   # where Glance was found last, for messages
        self._catalogue_time = 0.0

    def request(self, method: str, path: str, headers: dict[str, str], *,
                retry: bool = True, **body: Any) -> Answer:
        """A request to ``<endpoint>/v2<path>`` as the service itself.

        It is repeated when no answer came or the token had expired, so it
        has to bear that. Redirects are not followed.

        :param retry: False: do not repeat it when no answer came, or a 503.
        :param body: ``json``, or ``data``, as keystoneauth takes it.
        :raises ImageServiceError: no answer.
        """
        url = f'{self.wire().url}/v2{path}'
        if not retry:
            body.update(connect_retries=0, status_code_retries=0)
        with self._translated():
            response = self._loaded().request(
                url, method, headers=dict(headers), raise_exc=False,
                redirect=False, log=False, **body)
            return Answer(response.status_code, response.headers,
                          response.content)

    def post(self, path: str, headers: dict[str, str],
             value: dict[str, Any]) -> Answer:
        """POST a JSON value, with whatever token is in the headers.

        It is sent again where Glance cannot have got it, or could not take it
        (503; but a proxy says that of a request that got through, too). The
        answer's ``repeated`` then tells whether it may have had it before.

        :raises ImageServiceError: no answer; ``outcome_unknown`` is set if
            the request may have got through.
        """
        body = jsonutils.dump_as_bytes(value)
        headers = {'Content-Type': 'application/json', **headers}
        connects = CONF.glance.connect_retries or 0
        busy = CONF.glance.status_code_retries or 0
        repeated = False
        while True:
            try:
                answer = self.wire().request(
                    'POST', f'/v2{path}', headers, body)
                repeated = repeated or answer.repeated
                if answer.status != 503 or not busy:
                    return dataclasses.replace(answer, repeated=repeated)
                busy -= 1
                repeated = True
            except exception.ImageServiceError as error:
                self.forget()
                error.outcome_unknown |= repeated
                if error.outcome_unknown or not connects:
                    raise
                connects -= 1
                LOG.warning('Trying again: %s', error)
            time.sleep(CONF.glance.connect_retry_delay or 0.5)

    def wire(self) -> Wire:
        """To Glance's endpoint, of which the version is cut off.

        :raises ImageServiceError: nothing tells where Glance is.
        """
        found = self._wire
        if found is None:
            with self._translated():
                found = self._wire = self._find()
                self.url = found.url
        return found

    def auth_headers(self) -> dict[str, str]:
        """The service's own token, as headers."""
        with self._translated():
            adapter = self._loaded()
            return dict(adapter.session.get_auth_headers(adapter.auth) or {})

    def forget(self) -> None:
        """Look the endpoint up again: what is there is not Glance."""
        found, self._wire = self._wire, None
        if found:
            found.close()
        now = time.monotonic()
        if self._adapter and now - self._catalogue_time > _CATALOGUE_AGE:
            self._catalogue_time = now
            self.forget_token()

    def forget_token(self) -> None:
        """Get a new token, and catalogue, next time."""
        if self._adapter and self._adapter.auth:
            self._adapter.invalidate()

    def close(self) -> None:
        """Close idle connections; the next request opens new ones."""
        if self._wire:
            self._wire.close()
        if self._adapter:
            self._adapter.session.session.close()

    def check(self) -> None:
        """Load the options without asking anybody.

        :raises ConfigError: naming the option that is missing or wrong.
        """
        option = 'auth_type'
        try:
            if not CONF.glance.auth_type:
                raise ValueError('is not set')
            session = self._loaded().session
            option = 'cafile, certfile or keyfile'
            _tls_context(session)
            if CONF.glance.endpoint_override:
                option = 'endpoint_override'
                Wire(CONF.glance.endpoint_override, None, None)
        except ks_exceptions.MissingRequiredOptions as error:
            raise exception.ConfigError(
                section='glance', option=error.options[0].dest,
                reason='is not set') from error
        except Exception as error:
            raise exception.ConfigError(section='glance', option=option,
                                        reason=words(error)) from error

    def _loaded(self) -> ks_adapter.Adapter:
        if self._adapter is None:
            with self._lock:
                if self._adapter is None:
                    self._adapter = load_adapter()
                    self._catalogue_time = time.monotonic()
        return self._adapter

    def _find(self) -> Wire:
        adapter = self._loaded()
        url = adapter.get_endpoint()
        if not url:
            raise ValueError('the service catalogue has no image service '
                             'that fits the section [glance]')
        url = _VERSION.sub('', url.rstrip('/')).rstrip('/')
        tls = url.lower().startswith('https:')
        return Wire(url, _tls_context(adapter.session) if tls else None,
                    CONF.glance.timeout)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """The border: no error of the libraries passes it.

        Of no kind: keystoneauth trusts the documents that it gets from
        Keystone, and stumbles over what is missing in them.
        """
        try:
            yield
        except Exception as error:
            self.forget()
            raise exception.ImageServiceError(
                reason=words(error)) from error


def words(error: Exception) -> str:
    """What the libraries say on purpose, or what happened to them."""
    if isinstance(error, (ks_exceptions.ClientException, OSError,
                          ValueError)):
        return str(error)
    return f'{type(error).__name__}: {error}'


class _HttpAdapter(ks_session.TCPKeepAliveAdapter):
    """Waits less for a connection than for an answer; Keystone's, too."""

    def send(self, request: requests.PreparedRequest, stream: bool = False,
             timeout: Any = None, *args: Any,
             **kwargs: Any) -> requests.Response:
        both = (wire.connect_timeout(timeout), timeout)
        return super().send(request, stream, both, *args, **kwargs)


def load_adapter() -> ks_adapter.Adapter:
    """By the options of [glance]; asks nobody yet."""
    # Proxies and passwords of the environment are not for a service, which
    # is configured by its file.
    http = requests.Session()
    http.trust_env = False
    for scheme in ('http://', 'https://'):
        http.mount(scheme, _HttpAdapter())
    auth = loading.load_auth_from_conf_options(CONF, 'glance')
    session = loading.load_session_from_conf_options(
        CONF, 'glance', auth=auth, session=http)
    return loading.load_adapter_from_conf_options(
        CONF, 'glance', auth=auth, session=session)


def _tls_context(session: ks_session.Session) -> ssl.SSLContext:
    """What requests would do with the same options."""
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
