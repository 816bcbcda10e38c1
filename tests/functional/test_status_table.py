# SPDX-License-Identifier: Apache-2.0
"""Every status that an upload can be answered with, and its words.

Row by row what the documents of the API promise, apart from a Keystone or a
Glance that is down, which have modules of their own.
"""

import uuid

import fixtures

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload import exception
from volupload.db import volumes

FACES = ('v2', 'v3')
MALFORMED_URL = (
    b'{"badRequest": {"message": "Malformed request url", "code": 400}}')


class StatusTestCase(base.KeystoneTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.volume = self.make_volume()

    def act(self, body: object, api: str = 'v3', **options) -> object:
        path = f'/{api}/{PROJECT}/volumes/{self.volume.id}/action'
        return self.ask('POST', path, body, **options)

    def assertUntouched(self) -> None:
        volume = volumes.get(self.volume.id)
        self.assertEqual((self.volume.status, self.volume.updated_at),
                         (volume.status, volume.updated_at))
        self.assertEqual(({}, []), (self.images.images, self.manager.cast))


class TestAction(StatusTestCase):

    def test_no_body_is_no_action(self) -> None:
        for api in FACES:
            for options in ({}, {'Content_Type': 'application/json'},
                            {'Content_Type': 'text/plain'}):
                self.assertFault(
                    self.act(None, api, **options), 400, 'badRequest',
                    'There is no such action: None. Verify the request body '
                    'and Content-Type header and try again.')

    def test_body_without_content_type_is_no_action(self) -> None:
        answer = self.act({UPLOAD: {'image_name': 'x'}}, content_type='')
        self.assertFault(answer, 400, 'badRequest',
                         'There is no such action: None.')

    def test_other_content_types_are_refused(self) -> None:
        for kind in ('text/plain', 'application/xml', 'bogus',
                     'application/octet-stream', 'application/jsonx'):
            answer = self.act({UPLOAD: {'image_name': 'x'}},
                              content_type=kind)
            self.assertFault(answer, 415, 'badMediaType')
        self.assertUntouched()

    def test_content_type_may_have_parameters(self) -> None:
        answer = self.act({UPLOAD: {'image_name': 'x'}},
                          content_type='Application/JSON; charset=utf-8')
        self.assertEqual(202, answer.status_int)

    def test_what_is_no_action_is_a_malformed_body(self) -> None:
        good = b'{"os-volume_upload_image": {"image_name": "x"}}'
        for body in (b'not json', b'{}', b'[]', b'5', b'null', b'"x"',
                     b'{"a": {}, "b": {}}', good[:-1], good + b'}',
                     b'\xef\xbb\xbf' + good, good.decode().encode('utf-16'),
                     good.decode().encode('utf-32'), b'[' * 40000,
                     b'{"a":' * 20000, b'\xff', b'NaN',
                     b'{"os-volume_upload_image": {"image_name": NaN}}',
                     b'{"os-volume_upload_image": -Infinity}',
                     b'{"os-volume_upload_image": ' + b'9' * 5000 + b'}',
                     b'{"os-volume_upload_image": {"image_name": "\0"}}'):
            for api in FACES:
                answer = self.act(body, api)
                self.assertFault(answer, 400, 'badRequest',
                                 'Malformed request body')
        self.assertUntouched()

    def test_other_action_is_named(self) -> None:
        for api in FACES:
            self.assertFault(self.act({'foo': {}}, api), 400, 'badRequest',
                             'There is no such action: foo.')

    def test_arguments_must_be_an_object(self) -> None:
        for api in FACES:
            for value in (None, 'x', 0, [], True, 1.5):
                self.assertFault(self.act({UPLOAD: value}, api), 400,
                                 'badRequest', UPLOAD)
        self.assertUntouched()


class TestArguments(StatusTestCase):

    def assertRefused(self, field: str, value: object, *words: str,
                      faces: tuple[str, ...] = FACES, **options) -> None:
        for api in faces:
            arguments = {'image_name': 'x', field: value}
            answer = self.upload(self.volume, arguments, api=api, **options)
            self.assertFault(answer, 400, 'badRequest', field, *words)
        self.assertUntouched()

    def assertAccepted(self, arguments: dict, **options) -> dict:
        volume = self.make_volume()
        answer = self.upload(
            volume, {'image_name': 'x', **arguments}, **options)
        self.assertEqual(202, answer.status_int, answer.text)
        self.manager.cast.clear()
        self.image = self.images.images.popitem()[1]
        return answer.json[UPLOAD]

    def test_image_name_is_required(self) -> None:
        for api in FACES:
            answer = self.upload(self.volume, {'force': True}, api=api)
            self.assertFault(answer, 400, 'badRequest', 'image_name')

    def test_image_name_must_be_a_name(self) -> None:
        for name in (None, 0, 1, '', ' ', '\t\n ', '\u2003', 'a' * 256, [],
                     {}, True, 1.5, [[[[[]]]]] * 30, 'a' * 100000,
                     'a\0b', 'a\ud800', '\udfff'):
            self.assertRefused('image_name', name)

    def test_image_name_may_be_long_and_odd(self) -> None:
        for name in ('a' * 255, 'é' * 255, '\U0001f600', '<b>&"\'/',
                     '..//..', ' x ', '%s', '{0}'):
            shown = self.assertAccepted({'image_name': name})
            self.assertEqual(name, shown['image_name'])

    def test_v2_takes_the_containers_of_the_document(self) -> None:
        for name in ('bare', 'ovf', 'ami', 'aki', 'ari'):
            shown = self.assertAccepted({'container_format': name}, api='v2')
            self.assertEqual(name, shown['container_format'])
        for name in ('bad', '', 'ova', 'docker', 'compressed', 'BARE', 1, []):
            self.assertRefused('container_format', name,
                               'bare, ovf, ami, aki, ari', faces=('v2',))

    def test_v3_leaves_the_container_to_glance(self) -> None:
        for name in ('bare', 'ova', 'docker', 'anything'):
            shown = self.assertAccepted({'container_format': name})
            self.assertEqual(name, shown['container_format'])
        for name in (1, [], '', 'a' * 256, 'compressed', True, 'a\nb',
                     '\u2028', '\U0001f600'):
            self.assertRefused('container_format', name, faces=('v3',))

    def test_null_formats_mean_the_default_on_v2(self) -> None:
        shown = self.assertAccepted(
            {'container_format': None, 'disk_format': None}, api='v2')
        self.assertEqual(('bare', 'raw'), (
            shown['container_format'], shown['disk_format']))

    def test_null_container_alone_means_the_default_on_v3(self) -> None:
        shown = self.assertAccepted({'container_format': None})
        self.assertEqual('bare', shown['container_format'])
        self.assertRefused('disk_format', None, faces=('v3',))

    def test_bad_disk_format_is_named_with_the_good_ones(self) -> None:
        for name in ('bad', '', 'ami', 'ploop', 'RAW', 0, [], {}, True):
            self.assertRefused('disk_format', name, 'raw')

    def test_iso_is_accepted_on_v2_only(self) -> None:
        self.assertAccepted({'disk_format': 'iso'}, api='v2')
        self.assertRefused('disk_format', 'iso', faces=('v3',))

    def test_force_is_a_boolean_or_a_word_for_one(self) -> None:
        for api in FACES:
            for force in (True, False, 'True', 'False', 'true', '0', '1',
                          'on', 'off', 'yes', 'no', 't', 'f', ' TRUE '):
                self.assertAccepted({'force': force}, api=api)
        for force in (0, 1, 2, 1.0, None, '', 'x', 'tru', [], {}, '2'):
            self.assertRefused('force', force)

    def test_v3_refuses_what_it_does_not_know(self) -> None:
        for key in ('visibility', 'protected', 'foo', 'a' * 300):
            for value in (None, 'private'):
                arguments = {'image_name': 'x', key: value}
                self.assertFault(self.upload(self.volume, arguments), 400,
                                 'badRequest', key[:100])
        self.assertUntouched()

    def test_v2_does_not_look_at_what_it_does_not_know(self) -> None:
        self.assertAccepted({'visibility': 'public', 'foo': 1}, api='v2')
        self.assertEqual('shared', self.image['visibility'])

    def test_visibility_and_protected_from_3_1(self) -> None:
        new = {'OpenStack_API_Version': 'volume 3.1'}
        for visibility in ('community', 'private', 'shared'):
            shown = self.assertAccepted({'visibility': visibility}, **new)
            self.assertEqual(visibility, shown['visibility'])
        shown = self.assertAccepted({'protected': 'True'}, **new)
        self.assertEqual(('private', True),
                         (shown['visibility'], shown['protected']))

    def test_bad_visibility_and_protected_are_named(self) -> None:
        new = {'OpenStack_API_Version': 'volume 3.1', 'faces': ('v3',)}
        for visibility in ('', 'PUBLIC', 'none', None, 1):
            self.assertRefused('visibility', visibility,
                               'community, public, private, shared', **new)
        for protected in (2, 1.0, 'x', None, ''):
            self.assertRefused('protected', protected, **new)


class TestVolume(StatusTestCase):

    def test_status_must_be_available_or_in_use(self) -> None:
        for status in ('creating', 'uploading', 'deleting', 'error',
                       'error_deleting', 'attaching', 'maintenance'):
            for api in FACES:
                for force in (True, False):
                    volume = self.make_volume(status=status)
                    answer = self.upload(
                        volume, {'image_name': 'x', 'force': force}, api=api)
                    self.assertFault(
                        answer, 400, 'badRequest',
                        f'Invalid volume: Volume {volume.id} status must be '
                        'available or in-use')
        self.assertUntouched()

    def test_in_use_needs_force(self) -> None:
        for api in FACES:
            volume = self.make_volume(status='in-use')
            answer = self.upload(volume, api=api)
            self.assertFault(answer, 400, 'badRequest', 'Invalid volume: ',
                             'in-use', 'force')
            answer = self.upload(
                volume, {'image_name': 'x', 'force': True}, api=api)
            self.assertEqual(202, answer.status_int)

    def test_force_can_be_switched_off(self) -> None:
        self.config(enable_force_upload=False, group='upload')
        volume = self.make_volume(status='in-use')
        answer = self.upload(volume, {'image_name': 'x', 'force': True})
        self.assertFault(answer, 400, 'badRequest', 'in-use', 'force')

    def test_missing_volume_is_not_found(self) -> None:
        odd = self.volume.id
        for volume_id in (str(uuid.uuid4()), 'x', '0', odd.replace('-', ''),
                          odd.upper(), f' {odd}', f'{odd} ', f'%20{odd}',
                          'a' * 2000, '%C3%A9', '%00', f'{odd}%00'):
            for api in FACES:
                answer = self.upload(volume_id, api=api)
                self.assertFault(answer, 404, 'itemNotFound', 'Volume ',
                                 ' could not be found.')
        self.assertUntouched()

    def test_volume_of_another_project_is_not_found(self) -> None:
        volume = self.make_volume(project_id=OTHER_PROJECT)
        for api in FACES:
            answer = self.upload(volume, api=api)
            self.assertFault(answer, 404, 'itemNotFound',
                             f'Volume {volume.id} could not be found.')

    def test_admin_uploads_a_volume_of_another_project(self) -> None:
        volume = self.make_volume(project_id=OTHER_PROJECT)
        self.assertEqual(
            202, self.upload(volume, token='admin').status_int)


class TestUrl(StatusTestCase):

    def test_another_tenant_is_malformed_byte_for_byte(self) -> None:
        for api in FACES:
            for token in ('member', 'admin', 'stranger'):
                answer = self.upload(self.volume, api=api, token=token,
                                     project=OTHER_PROJECT)
                self.assertEqual((400, MALFORMED_URL),
                                 (answer.status_int, answer.body))
                self.assertEqual('application/json; charset=UTF-8',
                                 answer.headers['Content-Type'])
                self.assertEqual('65', answer.headers['Content-Length'])
        self.assertUntouched()

    def test_odd_tenants_are_malformed(self) -> None:
        for project in ('x', PROJECT.upper(), f'{PROJECT}%20', '%00', '.',
                        '%C3%A9', PROJECT[:-1], '-'):
            answer = self.upload(self.volume, api='v2', project=project)
            self.assertEqual(MALFORMED_URL, answer.body)

    def test_no_tenant_is_not_found(self) -> None:
        for path in ('/v2//volumes/x/action', '/v3//volumes/x/action',
                     '/v2/volumes/x/action', '//volumes/x/action'):
            answer = self.ask('POST', path, {UPLOAD: {'image_name': 'x'}})
            self.assertFault(answer, 404, 'itemNotFound',
                             'The resource could not be found.')

    def test_v3_needs_no_project_in_the_url(self) -> None:
        answer = self.ask('POST', f'/v3/volumes/{self.volume.id}/action',
                          {UPLOAD: {'image_name': 'x'}})
        self.assertEqual(202, answer.status_int)

    def test_other_methods_are_refused_and_told(self) -> None:
        path = f'/v2/{PROJECT}/volumes/{self.volume.id}'
        for method in ('GET', 'PATCH', 'DELETE', 'PUT', 'FOO'):
            answer = self.ask(method, f'{path}/action')
            self.assertFault(answer, 405, 'badMethod')
            self.assertEqual('POST', answer.headers['Allow'])
        answer = self.ask('POST', path, {})
        self.assertEqual('GET, HEAD, PUT, DELETE', answer.headers['Allow'])
        self.assertEqual(405, self.ask('HEAD', f'{path}/action').status_int)

    def test_other_methods_are_no_route_on_v3(self) -> None:
        path = f'/v3/{PROJECT}/volumes/{self.volume.id}'
        for method in ('GET', 'PATCH', 'DELETE', 'PUT', 'FOO'):
            answer = self.ask(method, f'{path}/action')
            self.assertFault(answer, 404, 'itemNotFound')
        self.assertFault(self.ask('POST', path, {}), 404, 'itemNotFound')
        self.assertEqual(404, self.ask('HEAD', f'{path}/action').status_int)

    def test_what_is_not_utf8_is_not_found(self) -> None:
        answer = self.ask('GET', f'/v3/{PROJECT}/volumes/%ff')
        self.assertFault(answer, 404, 'itemNotFound')


class TestIdentity(StatusTestCase):

    def test_no_token_and_bad_tokens_are_unauthorized(self) -> None:
        self.keystone.add_token('expired', 'member', project=PROJECT,
                                expires='2014-05-27T12:26:11Z')
        for token in (None, '', 'bad', 'expired', 'member,', 'é'):
            answer = self.act({UPLOAD: {'image_name': 'x'}}, token=token)
            self.assertFault(answer, 401, 'unauthorized')
            self.assertEqual(
                ['Keystone uri="http://keystone.example.org/v3"'],
                answer.headers.getall('WWW-Authenticate'))
        self.assertUntouched()

    def test_bad_service_token_is_unauthorized(self) -> None:
        answer = self.act({UPLOAD: {'image_name': 'x'}},
                          X_Service_Token='bad')
        self.assertFault(answer, 401, 'unauthorized')

    def test_identity_headers_of_the_client_count_for_nothing(self) -> None:
        headers = {'X_Identity_Status': 'Confirmed', 'X_Roles': 'admin',
                   'X_Project_Id': PROJECT, 'X_User_Id': 'root'}
        answer = self.act({UPLOAD: {'image_name': 'x'}}, token=None,
                          **headers)
        self.assertFault(answer, 401, 'unauthorized')
        answer = self.act({UPLOAD: {'image_name': 'x'}}, token='stranger',
                          **headers)
        self.assertEqual(404, answer.status_int)

    def test_reader_may_not_upload(self) -> None:
        for api in FACES:
            answer = self.upload(self.volume, api=api, token='reader')
            self.assertFault(
                answer, 403, 'forbidden',
                "Policy doesn't allow volume_extension:volume_actions:"
                'upload_image to be performed.')
        self.assertUntouched()

    def test_stranger_is_told_nothing_on_v3(self) -> None:
        self.assertFault(self.upload(self.volume, token='stranger'),
                         404, 'itemNotFound', self.volume.id)
        self.assertFault(
            self.upload(self.volume, token='stranger', api='v2'),
            403, 'forbidden',
            "Policy doesn't allow volume:get to be performed.")

    def test_public_images_are_for_admins(self) -> None:
        arguments = {'image_name': 'x', 'visibility': 'public'}
        new = {'OpenStack_API_Version': 'volume 3.1'}
        answer = self.upload(self.volume, arguments, **new)
        self.assertFault(
            answer, 403, 'forbidden',
            "Policy doesn't allow volume_extension:volume_actions:"
            'upload_public to be performed.')
        answer = self.upload(self.volume, arguments, token='admin', **new)
        self.assertEqual(202, answer.status_int)

    def test_tokens_of_no_project_can_do_nothing(self) -> None:
        """Whatever the operator has written: no project is not every one."""
        self.write_policy(volume__get='', volume__get_all='',
                          volume__create='', context_is_admin='')
        self.keystone.add_token('unscoped', project=None)
        self.keystone.add_token('domain', 'admin', 'member', project=None,
                                domain_id='default')
        for token in ('unscoped', 'domain'):
            for answer in (
                    self.upload(self.volume, token=token),
                    self.ask('GET', '/v3/volumes', token=token),
                    self.ask('GET', '/v3/volumes/detail', token=token),
                    self.ask('GET', f'/v3/volumes/{self.volume.id}',
                             token=token),
                    self.ask('POST', '/v3/volumes', {'volume': {'size': 1}},
                             token=token)):
                self.assertFault(answer, 400, 'badRequest',
                                 'The token is not scoped to a project.')
        self.assertUntouched()


class TestImage(StatusTestCase):

    def test_refusal_of_glance_is_passed_on(self) -> None:
        for code, name in ((400, 'badRequest'), (403, 'forbidden'),
                           (409, 'conflictingRequest'), (413, 'overLimit')):
            self.images.error = exception.ImageRefused(
                code=code, reason='Quota <b>exceeded</b>')
            self.assertFault(self.upload(self.volume), code, name,
                             'Quota <b>exceeded</b>')
            self.images.error = None
            self.assertEqual(
                'available', volumes.get(self.volume.id).status)

    def test_glance_in_trouble_is_our_fault(self) -> None:
        self.images.error = exception.ImageServiceError(
            reason='http://secret.example.org refused')
        answer = self.upload(self.volume)
        self.assertFault(answer, 500, 'computeFault')
        self.assertEqual(
            'The server has either erred or is incapable of performing the '
            'requested operation.', answer.json['computeFault']['message'])
        self.assertEqual('available', volumes.get(self.volume.id).status)
        self.assertEqual([], self.manager.cast)

    def test_unforeseen_error_tells_nothing(self) -> None:
        self.images.error = ZeroDivisionError('a secret')
        for api in FACES:
            answer = self.upload(self.volume, api=api)
            self.assertEqual(
                b'{"computeFault": {"message": "The server has either erred '
                b'or is incapable of performing the requested operation.", '
                b'"code": 500}}', answer.body)
        self.assertIn('a secret', self.logs.output)
        self.assertIn('Traceback', self.logs.output)

    def test_database_in_trouble_is_our_fault(self) -> None:
        def explode(*args: object, **options: object) -> None:
            raise OSError('no database')
        self.useFixture(fixtures.MonkeyPatch(
            'volupload.db.volumes.get', explode))
        self.assertFault(self.upload(self.volume), 500, 'computeFault')


class TestOrder(StatusTestCase):
    """Of two things that are wrong, the earlier one is told."""

    def test_checks_come_in_the_order_of_2014(self) -> None:
        there = f'/v2/{PROJECT}/volumes/{self.volume.id}/action'
        elsewhere = f'/v2/{OTHER_PROJECT}/volumes/x/action'
        bad_name = {UPLOAD: {'image_name': ''}}
        rows = (
            (401, self.ask('POST', '/v2/x/nothing', b'x', token='bad')),
            (404, self.ask('POST', '/v2/x/nothing', b'x')),
            (405, self.ask('PUT', elsewhere, b'x')),
            (415, self.ask('POST', elsewhere, b'x', content_type='a/b')),
            ('such action', self.ask('POST', elsewhere, {'foo': 1})),
            ('body', self.ask('POST', elsewhere, b'x')),
            ('url', self.ask('POST', elsewhere, bad_name)),
            ('image_name', self.ask('POST', there, bad_name,
                                    token='stranger')),
            (404, self.upload('x', token='reader')),
            ('volume:get', self.upload(self.volume, api='v2',
                                       token='stranger')),
            ('upload_image', self.upload(self.in_error(), token='reader')),
            ('status', self.upload(self.in_error())),
        )
        for expected, answer in rows:
            if isinstance(expected, int):
                self.assertEqual(expected, answer.status_int)
            else:
                self.assertIn(expected, answer.text)

    def in_error(self) -> object:
        self.images.error = ZeroDivisionError()
        return self.make_volume(status='error')
