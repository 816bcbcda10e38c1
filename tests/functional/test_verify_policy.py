# SPDX-License-Identifier: Apache-2.0
"""Asks every route of the table as a stranger, and expects to be refused."""

from typing import Any
import uuid

from tests.functional import base
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload import policies
from volupload.api import router
from volupload.api import uploads
from volupload.api import volume_actions
from volupload.db import messages
from volupload.db import volume_types

# Of volume metadata as of extra specs, where readers may see this one.
KEY = 'multiattach'

# A body that passes every check before the policy.
BODIES = {
    ('/volumes', 'POST'): {'volume': {'size': 1}},
    ('/volumes/{volume_id}', 'PUT'): {'volume': {'name': 'x'}},
    ('/volumes/{volume_id}/metadata', 'POST'): {'metadata': {KEY: 'v'}},
    ('/volumes/{volume_id}/metadata', 'PUT'): {'metadata': {KEY: 'v'}},
    ('/volumes/{volume_id}/metadata/{key}', 'PUT'): {'meta': {KEY: 'v'}},
    ('/types', 'POST'): {'volume_type': {'name': 'new'}},
    ('/types/{type_id}', 'PUT'): {'volume_type': {'name': 'other'}},
    ('/types/{type_id}/extra_specs', 'POST'): {'extra_specs': {KEY: 'v'}},
    ('/types/{type_id}/extra_specs/{key}', 'PUT'): {KEY: 'v'},
}
# What the service says of itself to everybody who has a token.
OPEN = {'/extensions', '/extensions/{alias}', '/os-availability-zone',
        '/resource_filters'}
# What only shows more to those who may see it.
PARTLY_OPEN = {'/limits'}
ADMINS = {'/os-services'}
ACTIONS = {
    UPLOAD: {'image_name': 'x'}, 'requeue': None,
    'os-reserve': None, 'os-unreserve': None, 'os-begin_detaching': None,
    'os-roll_detaching': None, 'os-detach': {}, 'os-force_delete': {},
    'os-attach': {'host_name': 'x', 'mountpoint': '/dev/vdb'},
    'os-reset_status': {'status': 'error'},
    'os-set_bootable': {'bootable': True},
    'os-update_readonly_flag': {'readonly': True},
    'os-show_image_metadata': None, 'os-unset_image_metadata': {'key': KEY},
    'os-set_image_metadata': {'metadata': {KEY: 'v'}},
}
# What looks and is a POST all the same.
READS = [{'os-show_image_metadata': None}]


class TestEveryRoute(base.KeystoneTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.volume = self.make_volume(metadata={KEY: 'v'})
        self.failed = self.make_upload('failed')
        [self.message] = messages.get_all(PROJECT)
        self.type = volume_types.create({
            'id': str(uuid.uuid4()), 'name': 'fast',
            'extra_specs': {KEY: 'v'}})

    def ask(self, *args: Any, **options: Any) -> Any:
        return super().ask(*args, OpenStack_API_Version='volume latest',
                           **options)

    def requests(self, prefix: str,
                 without: set[str]) -> list[tuple[str, str, object]]:
        found = []
        for path in router.paths(prefix):
            if path in without:
                continue
            endpoints = router.ROUTES[path]
            url = (prefix + path).format(
                project_id=PROJECT, volume_id=self.volume.id, key=KEY,
                upload_id=self.failed.id, message_id=self.message.id,
                type_id=self.type.id, project=PROJECT, alias='os-services')
            for method, endpoint in endpoints.items():
                bodies = [BODIES.get((path, method))]
                if endpoint.actions:
                    bodies = [{name: ACTIONS[name]}
                              for name in endpoint.actions]
                found += [(method, url, body) for body in bodies]
        return found

    def test_stranger_is_refused(self) -> None:
        for prefix in router.PREFIXES:
            for method, url, body in self.requests(prefix, OPEN | PARTLY_OPEN):
                answer = self.ask(method, url, body, token='stranger')
                # v3 does not even tell that the volume exists.
                hidden = prefix != '/v2/{project_id}' and any(
                    one.id in url
                    for one in (self.volume, self.failed, self.message))
                self.assertEqual(404 if hidden else 403, answer.status_int,
                                 f'{method} {url} {answer.text}')
        self.assertEqual([], self.manager.cast)

    def test_a_member_of_another_project_finds_nothing(self) -> None:
        """Neither by its URL nor, with the ids, by one of their own."""
        ids = (self.volume.id, self.failed.id, self.message.id)
        for prefix in router.PREFIXES:
            for method, url, body in self.requests(prefix, ADMINS):
                if PROJECT in url.partition('/os-quota-sets')[0]:
                    answer = self.ask(method, url, body, token='other')
                    self.assertFault(answer, 400, 'badRequest',
                                     'Malformed request url')
                    url = url.replace(PROJECT, base.OTHER_PROJECT, 1)
                answer = self.ask(method, url, body, token='other')
                if any(one in url for one in ids):
                    self.assertFault(answer, 404, 'itemNotFound')
                elif method == 'GET':
                    self.assertNotIn(PROJECT, answer.text)
                    self.assertFalse([one for one in ids
                                      if one in answer.text], url)
        # What they may do is to make volumes of their own.
        self.assertEqual({'create_volume'},
                         {method for method, _ in self.manager.cast})

    def test_nobody_is_refused(self) -> None:
        for prefix in router.PREFIXES:
            for method, url, body in self.requests(prefix, set()):
                for token in (None, 'bad'):
                    answer = self.ask(method, url, body, token=token)
                    self.assertFault(answer, 401, 'unauthorized')

    def test_reader_changes_nothing(self) -> None:
        for prefix in router.PREFIXES:
            for method, url, body in self.requests(prefix, ADMINS):
                answer = self.ask(method, url, body, token='reader')
                reads = method == 'GET' or body in READS
                self.assertEqual(200 if reads else 403,
                                 answer.status_int, f'{method} {url}')

    def test_every_route_has_a_body_here(self) -> None:
        """So that no route escapes this test by being refused early."""
        for path, endpoints in router.ROUTES.items():
            for method, endpoint in endpoints.items():
                self.assertEqual(endpoint.has_body,
                                 (path, method) in BODIES)
        self.assertEqual({*volume_actions.ACTIONS, *uploads.ACTIONS},
                         set(ACTIONS))

    def test_every_rule_is_asked_by_some_route(self) -> None:
        operations = {
            (operation['method'], operation['path'].split()[0])
            for rule in policies.list_rules()
            for operation in getattr(rule, 'operations', ())}
        routes = {(method, path) for path, endpoints in router.ROUTES.items()
                  for method in endpoints}
        self.assertEqual(
            {(method, path) for method, path in routes if path not in OPEN},
            operations)


class TestPolicyFile(base.KeystoneTestCase):
    """An edited file counts at once, in a process that is running."""

    def setUp(self) -> None:
        super().setUp()
        self.volume = self.make_volume()

    def test_both_rules_of_an_upload_can_deny_it(self) -> None:
        for rule in ('volume_extension__volume_actions__upload_image',
                     'volume__copy_volume_to_image'):
            self.write_policy(**{rule: '!'})
            for token in ('member', 'admin'):
                answer = self.upload(self.volume, token=token)
                name = rule.replace('__', ':')
                self.assertFault(
                    answer, 403, 'forbidden',
                    f"Policy doesn't allow {name} to be performed.")
        self.write_policy()
        self.assertEqual(202, self.upload(self.volume).status_int)

    def test_denied_get_is_403_on_v2_and_404_on_v3(self) -> None:
        self.write_policy(volume__get='!')
        for request in (self.show, self.upload_it):
            self.assertFault(
                request('v2'), 403, 'forbidden',
                "Policy doesn't allow volume:get to be performed.")
            self.assertFault(
                request('v3'), 404, 'itemNotFound',
                f'Volume {self.volume.id} could not be found.')

    def show(self, api: str) -> object:
        return self.ask('GET', f'/{api}/{PROJECT}/volumes/{self.volume.id}')

    def upload_it(self, api: str) -> object:
        return self.upload(self.volume, api=api)

    def test_every_rule_can_be_denied(self) -> None:
        path = f'/v3/{PROJECT}/volumes'
        requests = {
            'volume__create': ('POST', path, {'volume': {'size': 1}}),
            'volume__get_all': ('GET', path, None),
            'volume__update': ('PUT', f'{path}/{self.volume.id}',
                               {'volume': {'name': 'x'}}),
            'volume__delete': ('DELETE', f'{path}/{self.volume.id}', None),
        }
        for rule, request in requests.items():
            self.write_policy(**{rule: '!'})
            self.assertFault(self.ask(*request), 403, 'forbidden',
                             rule.replace('__', ':'))

    def test_rules_see_the_volume(self) -> None:
        self.write_policy(volume__update='user_id:%(user_id)s')
        mine = self.make_volume(user_id='user')
        foreign = self.make_volume(user_id='another')
        for volume, status in ((mine, 200), (foreign, 403)):
            answer = self.ask('PUT', f'/v3/{PROJECT}/volumes/{volume.id}',
                              {'volume': {'name': 'x'}})
            self.assertEqual(status, answer.status_int)

    def test_who_is_an_admin_can_be_changed(self) -> None:
        foreign = self.make_volume(project_id='another')
        path = f'/v3/{PROJECT}/volumes/{foreign.id}'
        self.write_policy(context_is_admin='role:member')
        self.assertEqual(200, self.ask('GET', path).status_int)
        self.write_policy(context_is_admin='role:admin')
        self.assertEqual(404, self.ask('GET', path).status_int)

    def test_broken_file_leaves_the_rules_in_force(self) -> None:
        self.write_policy(volume__get_all='!')
        path = f'/v3/{PROJECT}/volumes'
        self.assertEqual(403, self.ask('GET', path).status_int)
        for broken in ('{', 'volume:get_all: [', '- 1', '\0', 'a: 1: 2'):
            self.policy_file.write_text(broken)
            self.assertEqual(403, self.ask('GET', path).status_int)
        self.assertIn('cannot be used', self.logs.output)
        self.write_policy()
        self.assertEqual(200, self.ask('GET', path).status_int)

    def test_file_that_goes_leaves_the_defaults(self) -> None:
        path = f'/v3/{PROJECT}/volumes'
        for _ in range(2):
            self.write_policy(volume__get_all='!')
            self.assertEqual(403, self.ask('GET', path).status_int)
            self.policy_file.unlink()
            self.assertEqual(200, self.ask('GET', path).status_int)
