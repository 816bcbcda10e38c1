# SPDX-License-Identifier: Apache-2.0
"""The application at the end of the pipeline: find, read, check, call, write.

A caller without a project is refused before all else (400). Then the order of
the checks is the one that clients have known since 2014: route (404, v2 405),
version (406), content type (415), action and body (400), the project in the
URL (400). What follows is the controllers': parameters (400),
volume (404), policy (403), status (400), Glance. Errors are raised; the fault
filter of the pipeline turns them into answers.
"""

from collections.abc import Iterable
import json

from volupload import exception
from volupload.api import faults
from volupload.api import microversion
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.router import Router
from volupload.api.types import API_VERSION
from volupload.api.types import CONTEXT
from volupload.api.types import Environ
from volupload.api.types import ROUTE
from volupload.api.types import StartResponse
from volupload.context import RequestContext
from volupload.volume.api import API


class Application:

    def __init__(self, volume_api: API) -> None:
        self._volume_api = volume_api
        self._router = Router()

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        context = _caller(environ)
        path = _path(environ)
        endpoint, variables, environ[ROUTE] = self._router.match(
            path, environ['REQUEST_METHOD'])
        request = Request(
            environ, self._volume_api, context,
            _version(path, environ), variables.pop('project_id', None))
        if request.version < endpoint.since:
            raise exception.RouteNotFound()
        handler = endpoint.prepare(request)
        _check_project(request)
        return _write(handler(request, **variables), environ, start_response)


def _caller(environ: Environ) -> RequestContext:
    """Whoever asks, whichever filter found out.

    To the layers below, no project means everybody's: no rule that an
    operator writes may let such a caller through.
    """
    context: RequestContext = environ[CONTEXT]
    if not context.project_id:
        raise exception.Invalid('The token is not scoped to a project.')
    return context


def _path(environ: Environ) -> str:
    try:
        # WSGI hands over bytes, dressed up as latin-1.
        return str(environ['PATH_INFO']).encode('latin-1').decode()
    except UnicodeError:
        raise exception.RouteNotFound() from None


def _version(path: str, environ: Environ) -> microversion.Version:
    if path.startswith('/v2'):
        return microversion.V2
    version = microversion.parse(environ.get('HTTP_OPENSTACK_API_VERSION'))
    environ[API_VERSION] = microversion.to_string(version)
    return version


def _check_project(request: Request) -> None:
    """An admin too must ask in the project of the token."""
    if request.project_id not in (None, request.context.project_id):
        raise exception.MalformedRequestUrl()


def _write(response: Response, environ: Environ,
           start_response: StartResponse) -> Iterable[bytes]:
    body = b''
    headers = [*faults.version_headers(environ), *response.headers]
    if response.body is not None:
        body = json.dumps(response.body).encode()
        headers.append(('Content-Type', 'application/json'))
    headers.append(('Content-Length', str(len(body))))
    start_response(faults.STATUS[response.status], headers)
    return [] if environ['REQUEST_METHOD'] == 'HEAD' else [body]
