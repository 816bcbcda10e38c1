# SPDX-License-Identifier: Apache-2.0
"""The one place where an error becomes an HTTP answer.

A fault is ``{"badRequest": {"message": "...", "code": 400}}``, in this order.
The client is told the words of an error only if it is an error of the
client's making, a wish for what is not served, or Glance's own answer;
everything else is a 500 in general words, and the log has the traceback.
"""

from collections.abc import Iterable
import http
import json
import logging

from volupload import exception
from volupload.api.types import API_VERSION
from volupload.api.types import Environ
from volupload.api.types import Headers
from volupload.api.types import StartResponse
from volupload.conf import CONF

LOG = logging.getLogger(__name__)

NAMES = {
    400: 'badRequest', 401: 'unauthorized', 403: 'forbidden',
    404: 'itemNotFound', 405: 'badMethod', 409: 'conflictingRequest',
    413: 'overLimit', 415: 'badMediaType', 503: 'serviceUnavailable',
}
GENERAL = ('The server has either erred or is incapable of performing the '
           'requested operation.')
STATUS = {status.value: f'{status.value} {status.phrase}'
          for status in http.HTTPStatus}


def respond(error: Exception, environ: Environ,
            start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the fault that `error` is."""
    code, message = _told(error)
    fault = {NAMES.get(code, 'computeFault'): {
        'message': message, 'code': code}}
    body = json.dumps(fault).encode()
    headers = [('Content-Type', _content_type(error)),
               ('Content-Length', str(len(body))), *_headers(error),
               *version_headers(environ)]
    start_response(STATUS[code], headers)
    return [] if environ['REQUEST_METHOD'] == 'HEAD' else [body]


def _told(error: Exception) -> tuple[int, str]:
    if isinstance(error, exception.ActionNotServed) or (
            isinstance(error, exception.VoluploadError)
            and 400 <= error.code < 500 and error.code in STATUS):
        return error.code, error.message
    LOG.error('%s: %s', type(error).__name__, error, exc_info=error)
    return 500, GENERAL


def _content_type(error: Exception) -> str:
    # The published example of this one answer names the charset.
    if isinstance(error, exception.MalformedRequestUrl):
        return 'application/json; charset=UTF-8'
    return 'application/json'


def _headers(error: Exception) -> Headers:
    if isinstance(error, exception.MethodNotAllowed):
        return [('Allow', ', '.join(error.allowed))]
    if isinstance(error, exception.Unauthorized):
        return [('WWW-Authenticate', f'Keystone uri="{_keystone_uri()}"')]
    return []


def _keystone_uri() -> str:
    section = CONF.keystone_authtoken
    # auth_url is there only once an auth plugin has been loaded.
    return (section.www_authenticate_uri
            or getattr(section, 'auth_url', None) or '')


def version_headers(environ: Environ) -> Headers:
    """What every answer on v3 carries; on others nothing."""
    version = environ.get(API_VERSION)
    if version is None:
        path = environ.get('PATH_INFO', '')
        if path != '/v3' and not path.startswith('/v3/'):
            return []
        version = '3.0'
    return [('OpenStack-API-Version', f'volume {version}'),
            ('Vary', 'OpenStack-API-Version')]
