# SPDX-License-Identifier: Apache-2.0
"""Actions on a volume beside its upload: attaching, resetting, metadata."""

from typing import Any
import uuid

from tests.functional import base
from tests.functional.base import PROJECT
from volupload.db import models
from volupload.db import volumes

SERVER = str(uuid.uuid4())


class ActionTestCase(base.KeystoneTestCase):

    def act(self, volume: models.Volume, name: str, arguments: object = None,
            token: str = 'member', api: str = 'v3') -> Any:
        return self.ask(
            'POST', f'/{api}/{PROJECT}/volumes/{volume.id}/action',
            {name: arguments}, token=token)

    def do(self, volume: models.Volume, name: str, arguments: object = None,
           status: int = 202, **options: Any) -> Any:
        answer = self.act(volume, name, arguments, **options)
        self.assertEqual(status, answer.status_int, answer.text)
        if status == 202:
            self.assertEqual(b'', answer.body)
        return answer

    def shown(self, volume: models.Volume, token: str = 'member',
              version: str = '3.0') -> dict[str, Any]:
        found: dict[str, Any] = self.ask(
            'GET', f'/v3/{PROJECT}/volumes/{volume.id}', token=token,
            OpenStack_API_Version=f'volume {version}').json['volume']
        return found

    def status(self, volume: models.Volume) -> str:
        return str(volumes.get(volume.id).status)


class TestAttach(ActionTestCase):

    def test_from_available_to_a_server_and_back(self) -> None:
        for api in ('v3', 'v2'):
            volume = self.make_volume()
            for name, arguments, status in (
                    ('os-reserve', None, 'attaching'),
                    ('os-attach', {'instance_uuid': SERVER, 'mode': 'ro',
                                   'mountpoint': '/dev/vdb'}, 'in-use'),
                    ('os-begin_detaching', {}, 'detaching'),
                    ('os-detach', {}, 'available')):
                self.do(volume, name, arguments, api=api)
                self.assertEqual(status, self.status(volume))
            self.assertEqual([], self.shown(volume)['attachments'])

    def test_each_step_can_be_taken_back(self) -> None:
        volume = self.make_volume()
        self.do(volume, 'os-reserve')
        self.do(volume, 'os-unreserve')
        self.assertEqual('available', self.status(volume))
        self.do(volume, 'os-unreserve')   # of one that is not reserved
        self.do(volume, 'os-attach', {'host_name': 'h', 'mountpoint': '/x'})
        self.do(volume, 'os-begin_detaching')
        self.do(volume, 'os-roll_detaching')
        self.assertEqual('in-use', self.status(volume))
        self.assertEqual(1, len(self.shown(volume)['attachments']))

    def test_an_attachment_is_shown_as_cinder_shows_it(self) -> None:
        volume = self.make_volume(metadata={'k': 'v'})
        self.do(volume, 'os-attach', {
            'instance_uuid': SERVER, 'host_name': 'node',
            'mountpoint': '/dev/vdb'})
        for token, host in (('member', None), ('admin', 'node')):
            shown = self.shown(volume, token)
            [one] = shown['attachments']
            self.assertEqual(
                {'id': volume.id, 'volume_id': volume.id,
                 'server_id': SERVER, 'host_name': host, 'device': '/dev/vdb',
                 'attachment_id': one['attachment_id'],
                 'attached_at': one['attached_at']}, one)
            self.assertRegex(one['attached_at'],
                             r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$')
            self.assertEqual({'k': 'v', 'attached_mode': 'rw'},
                             shown['metadata'])
        self.keystone.add_token('glance', 'service', 'reader',
                                project=PROJECT)
        [shown] = self.shown(volume, 'glance')['attachments']
        self.assertEqual('node', shown['host_name'])
        answer = self.act(volume, 'os-detach', {'attachment_id': SERVER})
        self.assertFault(answer, 400, 'badRequest', SERVER)
        self.do(volume, 'os-detach', {'attachment_id': one['attachment_id']})
        self.assertEqual('available', self.status(volume))

    def test_other_statuses_are_refused_and_left(self) -> None:
        for status in ('creating', 'uploading', 'error', 'deleting',
                       'in-use'):
            volume = self.make_volume(status=status)
            for name, arguments in (
                    ('os-reserve', None), ('os-detach', {}),
                    ('os-attach', {'host_name': 'h', 'mountpoint': '/x'}),
                    ('os-begin_detaching', None),
                    ('os-update_readonly_flag', {'readonly': True})):
                if status == 'in-use' and 'detach' in name:
                    continue
                self.assertFault(self.act(volume, name, arguments), 400,
                                 'badRequest', 'status must be', status)
            self.assertEqual(status, self.status(volume))

    def test_what_is_wrong_is_named(self) -> None:
        volume = self.make_volume()
        good = {'host_name': 'h', 'mountpoint': '/x'}
        for name, arguments, word in (
                ('os-attach', None, 'os-attach'),
                ('os-attach', {'mountpoint': '/x'}, 'instance_uuid'),
                ('os-attach', {'host_name': 'h'}, 'mountpoint'),
                ('os-attach', {**good, 'mountpoint': ' '}, 'mountpoint'),
                ('os-attach', {**good, 'mode': 'x'}, 'mode'),
                ('os-attach', {**good, 'instance_uuid': 'x'},
                 'instance_uuid'),
                ('os-attach', {**good, 'other': 1}, 'other'),
                ('os-detach', {'attachment_id': 'x'}, 'attachment_id'),
                ('os-detach', [], 'os-detach'),
                ('os-set_bootable', {}, 'bootable'),
                ('os-set_bootable', {'bootable': 'perhaps'}, 'bootable'),
                ('os-update_readonly_flag', {'readonly': None}, 'readonly')):
            self.assertFault(self.act(volume, name, arguments), 400,
                             'badRequest', word)
        self.assertEqual('available', self.status(volume))

    def test_what_comes_with_an_action_without_arguments_is_free(
            self) -> None:
        for arguments in (None, {}, {'x': 1}, 'x', [], False):
            volume = self.make_volume()
            self.do(volume, 'os-reserve', arguments)
            self.do(volume, 'os-unreserve', arguments)
            self.do(volume, 'os-show_image_metadata', arguments, status=200)
            self.do(volume, 'os-force_delete', arguments, token='admin')

    def test_one_that_is_read_only_is_attached_so(self) -> None:
        volume = self.make_volume()
        self.do(volume, 'os-update_readonly_flag', {'readonly': True})
        self.assertEqual({'readonly': 'True'}, self.shown(volume)['metadata'])
        arguments = {'host_name': 'h', 'mountpoint': '/x', 'mode': 'rw'}
        self.assertFault(self.act(volume, 'os-attach', arguments), 400,
                         'badRequest', 'read-only')
        self.do(volume, 'os-attach', {**arguments, 'mode': 'ro'})
        self.assertEqual({'readonly': 'True', 'attached_mode': 'ro'},
                         self.shown(volume)['metadata'])
        # It is no metadata that its owner could change.
        answer = self.ask(
            'GET', f'/v3/{PROJECT}/volumes/{volume.id}/metadata')
        self.assertEqual({'metadata': {}}, answer.json)

    def test_an_attached_one_is_uploaded_with_force(self) -> None:
        volume = self.make_volume()
        self.do(volume, 'os-attach', {'host_name': 'h', 'mountpoint': '/x'})
        self.assertFault(self.upload(volume), 400, 'badRequest', 'in-use')
        answer = self.upload(volume, {'image_name': 'x', 'force': True})
        self.assertEqual(202, answer.status_int, answer.text)
        self.assertFault(self.act(volume, 'os-detach', {}), 400,
                         'badRequest', 'uploading')


class TestBootable(ActionTestCase):

    def test_it_is_shown_and_found(self) -> None:
        one, two = self.make_volume(name='one'), self.make_volume(name='two')
        self.do(one, 'os-set_bootable', {'bootable': 'True'}, status=200)
        self.assertEqual(('true', 'false'), (
            self.shown(one)['bootable'], self.shown(two)['bootable']))
        for version, query, names in (
                ('3.2', 'true', ['one']), ('3.2', 'False', ['two']),
                ('3.0', '1', ['one']), ('3.0', 'false', ['two']),
                ('3.0', '', ['one', 'two'])):
            found = self.ask(
                'GET', f'/v3/{PROJECT}/volumes?bootable={query}',
                OpenStack_API_Version=f'volume {version}').json['volumes']
            self.assertEqual(names, sorted(each['name'] for each in found))
        self.do(one, 'os-set_bootable', {'bootable': False}, status=200)
        self.assertEqual('false', self.shown(one)['bootable'])


class TestAdmin(ActionTestCase):

    def reset(self, volume: models.Volume, **arguments: Any) -> Any:
        return self.act(volume, 'os-reset_status', arguments, token='admin')

    def attached(self, **values: Any) -> models.Volume:
        volume = self.make_volume()
        self.do(volume, 'os-attach', {'host_name': 'h', 'mountpoint': '/x'})
        return volumes.update(volume.id, values)

    def test_a_status_is_set_that_is_nobodys(self) -> None:
        volume = self.attached()
        # All that Cinder knows, but for the two that are not to be set.
        for status in (
                'available', 'error', 'error_deleting', 'error_managing',
                'managing', 'attaching', 'in-use', 'detaching', 'maintenance',
                'restoring-backup', 'error_restoring', 'reserved',
                'awaiting-transfer', 'backing-up', 'error_backing-up',
                'error_extending', 'downloading', 'retyping', 'extending',
                'creating'):
            answer = self.reset(volume, status=status.title())
            self.assertEqual(202, answer.status_int, answer.text)
            self.assertEqual(status, self.status(volume))

    def test_who_says_that_somebody_has_it_must_know_of_somebody(
            self) -> None:
        volume = self.make_volume()
        for arguments in ({'status': 'in-use'}, {'attach_status': 'attached'},
                          {'status': 'IN-USE', 'attach_status': 'Attached'},
                          {'status': 'error', 'attach_status': 'attached'}):
            self.assertFault(self.reset(volume, **arguments), 400,
                             'badRequest', 'no attachment')
        self.assertEqual('available', self.status(volume))
        volume = self.attached(status='error')
        for arguments in ({'attach_status': 'ATTACHED'},
                          {'status': 'in-use', 'attach_status': 'attached'}):
            self.assertEqual(202, self.reset(volume, **arguments).status_int)
        self.assertEqual('in-use', self.status(volume))
        self.assertEqual(1, len(self.shown(volume)['attachments']))

    def test_what_an_upload_or_a_manager_has_is_theirs(self) -> None:
        for status, allowed in (('uploading', ()), ('creating', ('error',)),
                                ('deleting', ('error_deleting',))):
            for wanted in ('available', 'in-use', 'creating', 'error',
                           'error_deleting'):
                volume = self.attached(status=status)
                answer = self.reset(volume, status=wanted)
                if wanted in ('error', 'error_deleting') and allowed:
                    self.assertEqual(202, answer.status_int)
                else:
                    self.assertFault(answer, 400, 'badRequest', status)
                    self.assertEqual(status, self.status(volume))

    def test_other_statuses_are_named(self) -> None:
        volume = self.make_volume()
        for arguments, word in (
                ({'status': 'uploading'}, 'status'), ({}, 'os-reset_status'),
                ({'status': 'deleting'}, 'status'),
                ({'status': 'nonsense'}, 'status'), ({'status': 1}, 'status'),
                ({'status': '', 'attach_status': None}, 'os-reset_status'),
                ({'attach_status': 'x'}, 'attach_status'),
                ({'migration_status': 'x'}, 'migration_status'),
                ({'other': 'x'}, 'other')):
            self.assertFault(self.reset(volume, **arguments), 400,
                             'badRequest', word)
        self.assertEqual('available', self.status(volume))

    def test_an_attachment_is_dropped(self) -> None:
        volume = self.make_volume()
        for arguments in ({'attach_status': 'detached'},
                          {'attach_status': 'Detached', 'status': ''},
                          {'attach_status': 'detached',
                           'status': 'available', 'migration_status': 'None'}):
            self.reset(volume, status='available')
            self.do(volume, 'os-attach',
                    {'host_name': 'h', 'mountpoint': '/x'})
            self.assertEqual(202, self.reset(volume, **arguments).status_int)
            self.assertEqual([], self.shown(volume)['attachments'])
        self.assertEqual('available', self.status(volume))

    def test_force_deletes_what_nobody_uses(self) -> None:
        for status in ('available', 'error', 'maintenance', 'attaching',
                       'detaching', 'error_deleting', 'creating', 'reserved',
                       'error_restoring'):
            volume = self.make_volume(status=status)
            self.do(volume, 'os-force_delete', {}, token='admin')
            self.assertEqual('deleting', self.status(volume))
        for status in ('in-use', 'uploading', 'deleting'):
            volume = self.make_volume(status=status)
            answer = self.act(volume, 'os-force_delete', {}, token='admin')
            self.assertFault(answer, 400, 'badRequest', status)
            self.assertEqual(status, self.status(volume))

    def test_they_are_for_admins(self) -> None:
        volume = self.make_volume()
        for name, arguments in (('os-force_delete', {}),
                                ('os-reset_status', {'status': 'error'})):
            self.assertFault(self.act(volume, name, arguments), 403,
                             'forbidden', 'volume_admin_actions')
        self.assertEqual('available', self.status(volume))


class TestImageMetadata(ActionTestCase):

    def set(self, volume: models.Volume, **pairs: Any) -> dict[str, str]:
        answer = self.do(volume, 'os-set_image_metadata',
                         {'metadata': pairs}, status=200)
        found: dict[str, str] = answer.json['metadata']
        return found

    def test_pairs_are_added_shown_and_removed(self) -> None:
        volume = self.make_volume()
        self.assertNotIn('volume_image_metadata', self.shown(volume))
        self.assertEqual({'a': '1', 'b': '2'}, self.set(volume, a='1', b='2'))
        self.assertEqual({'a': '1', 'b': '3'}, self.set(volume, b='3'))
        answer = self.do(volume, 'os-show_image_metadata', status=200)
        self.assertEqual({'metadata': {'a': '1', 'b': '3'}}, answer.json)
        self.assertEqual({'a': '1', 'b': '3'},
                         self.shown(volume)['volume_image_metadata'])
        answer = self.do(volume, 'os-unset_image_metadata', {'key': 'a'},
                         status=200)
        self.assertEqual(b'', answer.body)
        answer = self.act(volume, 'os-unset_image_metadata', {'key': 'a'})
        self.assertFault(answer, 404, 'itemNotFound', 'a')
        self.assertEqual({'b': '3'}, volumes.get(volume.id).image_metadata)

    def test_what_is_wrong_is_named(self) -> None:
        volume = self.make_volume()
        for name, arguments, word in (
                ('set', {}, 'metadata'), ('set', {'metadata': []}, 'metadata'),
                ('set', {'metadata': {'k': 1}}, 'k'),
                ('set', {'metadata': {'': 'x'}}, 'metadata'),
                ('set', {'metadata': {'é': 'x'}}, 'metadata'),
                ('set', {'metadata': {'k' * 256: 'x'}}, 'metadata'),
                ('set', {'metadata': {'k': 'x' * 65536}}, 'k'),
                ('set', {'metadata': {'min_disk': 'x'}}, 'min_disk'),
                ('set', {'metadata': {'min_ram': '-1'}}, 'min_ram'),
                ('unset', {}, 'key'), ('unset', {'key': 1}, 'key')):
            answer = self.act(volume, f'os-{name}_image_metadata', arguments)
            self.assertFault(answer, 400, 'badRequest', word)
        self.assertIsNone(volumes.get(volume.id).image_metadata)

    def test_values_may_be_long(self) -> None:
        volume = self.make_volume()
        pairs = {'aZ09-_:. /': 'x' * 65535, 'k' * 255: 'é' * 256}
        self.assertEqual(pairs, self.set(volume, **pairs))
        self.assertEqual(pairs, self.shown(volume)['volume_image_metadata'])
        answer = self.upload(volume)
        image = self.images.images[
            answer.json['os-volume_upload_image']['image_id']]
        self.assertLessEqual(pairs.items(), image.items())

    def test_it_stays_in_maintenance(self) -> None:
        volume = self.make_volume(status='maintenance',
                                  image_metadata={'a': '1'})
        for name, arguments in (
                ('os-set_image_metadata', {'metadata': {'a': '2'}}),
                ('os-unset_image_metadata', {'key': 'a'}),
                ('os-set_bootable', {'bootable': True})):
            self.assertFault(self.act(volume, name, arguments), 400,
                             'badRequest', 'maintenance')
        found = volumes.get(volume.id)
        self.assertEqual(({'a': '1'}, False),
                         (found.image_metadata, found.bootable))

    def test_volumes_are_found_by_it_from_3_4_on(self) -> None:
        one = self.make_volume(name='one')
        self.make_volume(name='two')
        self.set(one, os_distro='debian', x='y')
        for query, count in (("{'os_distro': 'debian'}", 1),
                             ("{'os_distro': 'debian', 'x': 'z'}", 0),
                             ('{"x": "y"}', 1), ("{'none': ''}", 0)):
            answer = self.ask(
                'GET', f'/v3/{PROJECT}/volumes?glance_metadata={query}',
                OpenStack_API_Version='volume 3.4')
            self.assertEqual(count, len(answer.json['volumes']), query)

    def test_the_image_says_it(self) -> None:
        volume = self.make_volume()
        self.set(volume, os_distro='debian', hw_disk_bus='scsi', min_disk='3',
                 min_ram='512', kernel_id='k', name='other', size='1',
                 image_id='i', checksum='c', os_glance_x='y',
                 img_signature='s', img_signature_hash_method='m',
                 signature_verified='True', volupload_source_in_use='no')
        answer = self.upload(volume, {'image_name': 'mine'})
        image = self.images.images[
            answer.json['os-volume_upload_image']['image_id']]
        for name in ('id', 'status', 'disk_format', 'container_format',
                     'visibility', 'protected'):
            image.pop(name)
        self.assertEqual(
            {'name': 'mine', 'os_distro': 'debian', 'hw_disk_bus': 'scsi',
             'kernel_id': 'k', 'min_disk': 3, 'min_ram': 512}, image)
