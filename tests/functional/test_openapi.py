# SPDX-License-Identifier: Apache-2.0
"""The published description of the API says what is served, and no more.

That answers are as it says, `base.ApiTestCase.ask` asserts of each of them.
"""

from typing import Any

import webob

from tests import base as tests_base
from tests.functional import openapi
from tests.functional.base import PROJECT
from volupload.api import messages
from volupload.api import microversion
from volupload.api import router
from volupload.api import uploads
from volupload.api import volume_actions
from volupload.api.schemas import volume_filters as schema
from volupload.api.schemas import volume_types


class TestDescription(tests_base.TestCase):

    def test_every_route_is_described_and_no_other(self) -> None:
        served = {(path, method) for path, endpoints in router.ROUTES.items()
                  for method in endpoints}
        self.assertEqual(served, {
            (path, method) for path, method, _ in openapi.operations()})

    def test_every_action_is_described_and_no_other(self) -> None:
        self.assertCountEqual(volume_actions.ACTIONS, openapi.actions())

    def test_every_version_is_that_of_the_table(self) -> None:
        document = openapi.document()
        self.assertEqual(microversion.to_string(microversion.MAXIMUM),
                         document['info']['version'])
        for path, endpoints in router.ROUTES.items():
            since = {endpoint.since for endpoint in endpoints.values()}
            told = document['paths'][path].get('x-openstack', {})
            expected = ({} if since == {microversion.V2} else {
                'min-ver': microversion.to_string(*since)})
            self.assertEqual(expected, told, path)

    def test_every_filter_of_volumes_is_described_with_its_version(
            self) -> None:
        [listing] = [operation for path, _, operation in openapi.operations()
                     if path == '/volumes/detail']
        told = {one['name']: one.get('x-openstack', {}).get('min-ver', '3.0')
                for one in listing['parameters']
                if one.get('name', 'sort') not in ('sort', 'sort_key')}
        for name, since in told.items():
            major, minor = map(int, since.split('.'))
            if name == 'with_count':
                self.assertEqual(microversion.WITH_COUNT, (major, minor))
                continue
            self.assertIn(name, schema.filters((major, minor), admin=True))
            if minor:
                self.assertNotIn(name, schema.filters(
                    (major, minor - 1), admin=True))
        self.assertEqual(told.keys() - {'with_count'}, schema.filters(
            microversion.MAXIMUM, admin=True).keys())

    def test_every_key_to_sort_by_is_described(self) -> None:
        known = {'/volumes': schema.COLUMNS, '/volumes/detail': schema.COLUMNS,
                 '/uploads': uploads.COLUMNS, '/messages': messages.COLUMNS,
                 '/types': volume_types.COLUMNS}
        for path, _, operation in openapi.operations():
            told = {one['name']: one['schema']
                    for one in operation.get('parameters', ())
                    if 'name' in one}
            if 'sort' not in told:
                continue
            columns = known.pop(path)
            self.assertCountEqual(columns, told['sort_key']['enum'])
            one = f'({"|".join(told["sort_key"]["enum"])})(:(asc|desc))?'
            self.assertEqual(f'^{one}(,{one})*$', told['sort']['pattern'])
        self.assertEqual({}, known)

    def test_every_reference_leads_somewhere(self) -> None:
        references: list[str] = []

        def walk(one: Any) -> None:
            if isinstance(one, dict):
                references.extend(
                    [one['$ref']] if '$ref' in one else [])
                for each in one.values():
                    walk(each)
            elif isinstance(one, list):
                for each in one:
                    walk(each)

        walk(openapi.document())
        self.assertTrue(references)
        for reference in references:
            found: Any = openapi.document()
            for part in reference.removeprefix('#/').split('/'):
                self.assertIn(part, found, reference)
                found = found[part]

    def test_what_is_wrong_is_found(self) -> None:
        path = f'/v3/{PROJECT}/extensions'
        for body, count in ((b'{"extensions": []}', 0), (b'{}', 1),
                            (b'{"extensions": [{"name": 1}]}', 5),
                            (b'{"extensions": [], "x": 1}', 1)):
            answer = webob.Response(body, content_type='application/json')
            self.assertEqual(count, len(openapi.problems(
                'GET', path, answer)), body)
        answer = webob.Response(b'{}', status=201)
        self.assertRaises(AssertionError, openapi.problems, 'GET', path,
                          answer)
