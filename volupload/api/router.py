# SPDX-License-Identifier: Apache-2.0
"""What there is to ask for: one table, and everything else follows from it.

Every path is served below each of `PREFIXES`, but for those that came after
v2. What is not here is answered with 404. So is, on v3, another method of a
path that is here, as Cinder does; v2 answers 405 and the methods it has. HEAD
is served wherever GET is, by the same function (RFC 9110, section 9.3.2).
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import routes

from volupload import exception
from volupload.api import messages
from volupload.api import microversion
from volupload.api import quotas
from volupload.api import resource_filters
from volupload.api import services
from volupload.api import uploads
from volupload.api import volume_actions
from volupload.api import volume_metadata
from volupload.api import volume_types
from volupload.api import volumes
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.types import ROUTE

Handler = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers one method of one path.

    :ivar handler: takes the request and the variables of the path.
    :ivar has_body: whether a JSON object is read into `request.body` first.
    :ivar actions: handlers by the key of the body, instead of one handler.
    :ivar not_served: actions that Cinder has from a version on.
    :ivar since: the first version that has it; before, there is no such path.
    """

    handler: Handler | None = None
    has_body: bool = False
    actions: Mapping[str, Handler] | None = None
    not_served: Mapping[str, microversion.Version] = field(
        default_factory=dict)
    since: microversion.Version = microversion.V2

    def prepare(self, request: Request) -> Handler:
        """Read what is to be read, and say who is to handle it.

        :raises NoSuchAction, ActionNotServed: another action is asked for.
        :raises MalformedRequestBody, UnsupportedContentType:
        """
        if self.has_body:
            request.body = request.read_object()
        if self.actions is None:
            assert self.handler is not None  # noqa: S101
            return self.handler
        name, request.body = request.read_action()
        if name not in self.actions:
            raise self._refused(name, request.version)
        request.environ[ROUTE] += f' {name}'
        return self.actions[name]

    def _refused(self, action: str, version: microversion.Version,
                 ) -> exception.VoluploadError:
        if action not in self.not_served or version < microversion.MINIMUM:
            return exception.NoSuchAction(action=action)
        if version < self.not_served[action]:
            return exception.RouteNotFound()
        return exception.ActionNotServed(action=action)


ROUTES: Mapping[str, Mapping[str, Endpoint]] = {
    '/volumes': {
        'GET': Endpoint(volumes.index),
        'POST': Endpoint(volumes.create, has_body=True)},
    '/volumes/detail': {
        'GET': Endpoint(volumes.detail)},
    '/volumes/summary': {
        'GET': Endpoint(volumes.summary, since=microversion.SUMMARY)},
    '/volumes/{volume_id}': {
        'GET': Endpoint(volumes.show),
        'PUT': Endpoint(volumes.update, has_body=True),
        'DELETE': Endpoint(volumes.delete)},
    '/volumes/{volume_id}/action': {
        'POST': Endpoint(actions=volume_actions.ACTIONS,
                         not_served=volume_actions.NOT_SERVED)},
    '/volumes/{volume_id}/metadata': {
        'GET': Endpoint(volume_metadata.index),
        'POST': Endpoint(volume_metadata.create, has_body=True),
        'PUT': Endpoint(volume_metadata.replace, has_body=True)},
    '/volumes/{volume_id}/metadata/{key}': {
        'GET': Endpoint(volume_metadata.show),
        'PUT': Endpoint(volume_metadata.update, has_body=True),
        'DELETE': Endpoint(volume_metadata.delete)},
    '/uploads': {
        'GET': Endpoint(uploads.index, since=microversion.MINIMUM)},
    '/uploads/{upload_id}': {
        'GET': Endpoint(uploads.show, since=microversion.MINIMUM),
        'DELETE': Endpoint(uploads.cancel, since=microversion.MINIMUM)},
    '/uploads/{upload_id}/action': {
        'POST': Endpoint(actions=uploads.ACTIONS,
                         since=microversion.MINIMUM)},
    '/messages': {
        'GET': Endpoint(messages.index, since=microversion.MESSAGES)},
    '/messages/{message_id}': {
        'GET': Endpoint(messages.show, since=microversion.MESSAGES),
        'DELETE': Endpoint(messages.delete, since=microversion.MESSAGES)},
    '/types': {
        'GET': Endpoint(volume_types.index),
        'POST': Endpoint(volume_types.create, has_body=True)},
    '/types/{type_id}': {
        'GET': Endpoint(volume_types.show),
        'PUT': Endpoint(volume_types.update, has_body=True),
        'DELETE': Endpoint(volume_types.delete)},
    '/types/{type_id}/extra_specs': {
        'GET': Endpoint(volume_types.list_extra_specs),
        'POST': Endpoint(volume_types.create_extra_specs, has_body=True)},
    '/types/{type_id}/extra_specs/{key}': {
        'GET': Endpoint(volume_types.show_extra_spec),
        'PUT': Endpoint(volume_types.update_extra_spec, has_body=True),
        'DELETE': Endpoint(volume_types.delete_extra_spec)},
    '/limits': {
        'GET': Endpoint(quotas.limits)},
    '/os-quota-sets/{project}': {
        'GET': Endpoint(quotas.show)},
    '/os-quota-sets/{project}/defaults': {
        'GET': Endpoint(quotas.defaults)},
    '/os-availability-zone': {
        'GET': Endpoint(services.zones)},
    '/os-services': {
        'GET': Endpoint(services.index)},
    '/resource_filters': {
        'GET': Endpoint(resource_filters.index,
                        since=microversion.RESOURCE_FILTERS)},
    '/extensions': {
        'GET': Endpoint(services.extensions)},
    '/extensions/{alias}': {
        'GET': Endpoint(services.extension)},
}

PREFIXES = ('/v3/{project_id}', '/v3', '/v2/{project_id}')


def paths(prefix: str) -> list[str]:
    """Those that are served below a prefix: v2 stays as it was."""
    return [path for path, endpoints in ROUTES.items()
            if not prefix.startswith('/v2') or all(
                endpoint.since == microversion.V2
                for endpoint in endpoints.values())]


class Router:

    def __init__(self) -> None:
        # Without minimization a pattern matches only what it says.
        self._mapper = routes.Mapper(controller_scan=None, register=False)
        self._mapper.minimization = False
        for prefix in PREFIXES:
            for path in paths(prefix):
                self._mapper.connect(path, prefix + path)
        self._mapper.create_regs([])

    def match(self, path: str, method: str,
              ) -> tuple[Endpoint, dict[str, Any], str]:
        """The endpoint, the variables of the path, and its name in `ROUTES`.

        :raises RouteNotFound: there is no such path, or on v3 none for the
            method.
        :raises MethodNotAllowed: there is one on v2, for other methods.
        """
        found = self._mapper.routematch(path)
        if found is None:
            raise exception.RouteNotFound()
        variables, route = found
        endpoints = ROUTES[route.name]
        endpoint = endpoints.get('GET' if method == 'HEAD' else method)
        if endpoint is None and path.startswith('/v3'):
            raise exception.RouteNotFound()
        if endpoint is None:
            raise exception.MethodNotAllowed(allowed=_allowed(endpoints))
        return endpoint, variables, str(route.name)


def _allowed(methods: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for method in methods for one in (
        ('GET', 'HEAD') if method == 'GET' else (method,)))
