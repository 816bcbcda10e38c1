# SPDX-License-Identifier: Apache-2.0
"""The table of routes, and what follows from it."""

from tests import base
from volupload import exception
from volupload.api import router
from volupload.api import volumes

VARIABLES = {'project_id': 'p', 'volume_id': 'v', 'key': 'k',
             'upload_id': 'u', 'message_id': 'm', 'type_id': 't',
             'project': 'q', 'alias': 'a'}


class TestRouter(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.router = router.Router()

    def test_every_route_is_found_below_every_prefix(self) -> None:
        for prefix in router.PREFIXES:
            for path in router.paths(prefix):
                endpoints = router.ROUTES[path]
                url = (prefix + path).format(**VARIABLES)
                for method, endpoint in endpoints.items():
                    found, variables, _ = self.router.match(url, method)
                    self.assertIs(endpoint, found)
                    expected = {name: value
                                for name, value in VARIABLES.items()
                                if f'{{{name}}}' in prefix + path}
                    self.assertEqual(expected, variables)

    def test_head_is_served_where_get_is(self) -> None:
        found, _, _ = self.router.match('/v3/p/volumes/v', 'HEAD')
        self.assertIs(volumes.show, found.handler)
        self.assertRaises(exception.RouteNotFound, self.router.match,
                          '/v3/p/volumes/v/action', 'HEAD')
        self.assertRaises(exception.MethodNotAllowed, self.router.match,
                          '/v2/p/volumes/v/action', 'HEAD')

    def test_other_methods_are_refused_on_v2_with_those_known(self) -> None:
        for prefix in router.PREFIXES:
            for path in router.paths(prefix):
                endpoints = router.ROUTES[path]
                url = (prefix + path).format(**VARIABLES)
                if prefix.startswith('/v3'):
                    self.assertRaises(exception.RouteNotFound,
                                      self.router.match, url, 'TRACE')
                    continue
                error = self.assertRaises(
                    exception.MethodNotAllowed,
                    self.router.match, url, 'TRACE')
                head = {'HEAD'} if 'GET' in endpoints else set()
                self.assertEqual({*endpoints, *head}, set(error.allowed))

    def test_other_paths_are_not_found(self) -> None:
        for path in ('', '/', '/v1/p/volumes', '/v3/p', '/v3/p/', '/volumes',
                     '/v3/p/volumes/', '/v3/p/volumes/v/', '/v2/volumes',
                     '/v2//volumes', '/v3//volumes/v', '//v3/p/volumes',
                     '/v3/p/volumes/v/action/', '/v3/p/volumes//action',
                     '/v3/p/volume', '/v3/p/volumes/v/x', '/v30/p/volumes',
                     'v3/p/volumes', '/v3/p/q/volumes', '/v3/p\n/x'):
            self.assertRaises(exception.RouteNotFound,
                              self.router.match, path, 'GET')

    def test_v2_has_nothing_that_came_later(self) -> None:
        for path in ('uploads', 'uploads/u', 'uploads/u/action', 'messages',
                     'messages/m'):
            for method in ('GET', 'TRACE'):
                self.assertRaises(exception.RouteNotFound, self.router.match,
                                  f'/v2/p/{path}', method)

    def test_detail_is_no_volume(self) -> None:
        found, _, _ = self.router.match('/v3/p/volumes/detail', 'GET')
        self.assertIs(volumes.detail, found.handler)

    def test_variables_are_not_decoded_again(self) -> None:
        _, variables, _ = self.router.match('/v3/a%20b/volumes/é%2F', 'GET')
        self.assertEqual({'project_id': 'a%20b', 'volume_id': 'é%2F'},
                         variables)
