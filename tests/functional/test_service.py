# SPDX-License-Identifier: Apache-2.0
"""What the service says of itself: limits, quotas, programs, extensions."""

import datetime
from typing import Any

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from volupload.api import volume_actions
from volupload.db import models
from volupload.db import services
from volupload.db import session

# What Cinder has that clients may ask for, and this service has not.
ELSEWHERE = (
    'snapshots', 'snapshots/detail', 'snapshots/x', 'snapshots/x/action',
    'snapshots/x/metadata', 'snapshots/x/metadata/k', 'backups',
    'backups/detail', 'backups/x', 'backups/x/action', 'backups/x/restore',
    'backups/x/export_record', 'backups/import_record', 'consistencygroups',
    'consistencygroups/detail', 'consistencygroups/x/delete',
    'consistencygroups/create_from_src', 'cgsnapshots', 'cgsnapshots/detail',
    'groups', 'groups/detail', 'groups/x', 'groups/x/action',
    'groups/action', 'group_types', 'group_types/x',
    'group_types/x/group_specs', 'group_snapshots', 'group_snapshots/detail',
    'group_snapshots/x/action', 'attachments', 'attachments/detail',
    'attachments/summary', 'attachments/x', 'attachments/x/action',
    'clusters', 'clusters/detail', 'clusters/x', 'clusters/enable',
    'clusters/disable', 'qos-specs', 'qos-specs/x', 'qos-specs/x/associate',
    'qos-specs/x/associations', 'capabilities/x', 'scheduler-stats/get_pools',
    'os-volume-transfer', 'os-volume-transfer/detail',
    'os-volume-transfer/x/accept', 'volume-transfers',
    'volume-transfers/detail', 'volume-transfers/x/accept', 'os-hosts',
    'os-hosts/x', 'os-volume-manage', 'os-volume-manage/detail',
    'os-snapshot-manage', 'os-snapshot-manage/detail', 'manageable_volumes',
    'manageable_volumes/detail', 'manageable_snapshots',
    'manageable_snapshots/detail', 'os-quota-class-sets/default',
    'default-types', 'default-types/x', 'types/x/action',
    'types/x/encryption', 'types/x/encryption/provider',
    'types/x/os-volume-type-access', 'workers/cleanup', 'os-services/enable',
    'os-services/disable', 'os-services/disable-log-reason',
    'os-services/get-log', 'os-services/set-log', 'os-services/freeze',
    'os-services/thaw', 'os-services/failover_host',
    'os-availability-zone/detail', 'volumes/summary/x', 'encryption',
    'volumes/x/encryption', 'volumes/x/encryption/cipher',
)


class ServiceTestCase(base.KeystoneTestCase):

    def get(self, path: str, token: str = 'reader', api: str = 'v3') -> Any:
        answer = self.ask('GET', f'/{api}/{PROJECT}/{path}', token=token)
        self.assertEqual(200, answer.status_int, answer.text)
        return answer.json


class TestUse(ServiceTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.make_volume(size_gb=3)
        self.make_volume(size_gb=4, status='error')
        self.make_volume(size_gb=50, project_id=OTHER_PROJECT)

    def test_limits_tell_what_is_used(self) -> None:
        for api in ('v3', 'v2'):
            limits = self.get('limits', api=api)['limits']
            self.assertEqual([], limits['rate'])
            self.assertEqual({
                'maxTotalVolumes': -1, 'totalVolumesUsed': 2,
                'maxTotalVolumeGigabytes': -1, 'totalGigabytesUsed': 7,
                'maxTotalSnapshots': 0, 'totalSnapshotsUsed': 0,
                'maxTotalBackups': 0, 'totalBackupsUsed': 0,
                'maxTotalBackupGigabytes': 0, 'totalBackupGigabytesUsed': 0,
            }, limits['absolute'])

    def test_limits_alone_are_for_everybody(self) -> None:
        limits = self.get('limits', 'stranger')['limits']['absolute']
        self.assertEqual({'maxTotalVolumes', 'maxTotalVolumeGigabytes',
                          'maxTotalSnapshots', 'maxTotalBackups',
                          'maxTotalBackupGigabytes'}, set(limits))

    def test_quotas_are_limits_and_with_usage_both(self) -> None:
        plain = self.get(f'os-quota-sets/{PROJECT}')['quota_set']
        self.assertEqual({
            'id': PROJECT, 'volumes': -1, 'gigabytes': -1, 'snapshots': 0,
            'per_volume_gigabytes': 16383, 'backups': 0,
            'backup_gigabytes': 0, 'groups': 0}, plain)
        self.assertEqual(
            plain, self.get(f'os-quota-sets/{PROJECT}/defaults')['quota_set'])
        used = self.get(f'os-quota-sets/{PROJECT}?usage=True')['quota_set']
        self.assertEqual(set(plain), set(used))
        self.assertEqual({'limit': -1, 'in_use': 7, 'reserved': 0},
                         used['gigabytes'])
        self.assertEqual(2, used['volumes']['in_use'])
        self.assertEqual(0, used['groups']['in_use'])

    def test_those_of_others_are_for_admins(self) -> None:
        for rest in ('', '/defaults', '?usage=true'):
            path = f'os-quota-sets/{OTHER_PROJECT}{rest}'
            answer = self.ask('GET', f'/v3/{PROJECT}/{path}')
            self.assertFault(answer, 403, 'forbidden', 'quotas:show')
        used = self.get(path, 'admin')['quota_set']
        self.assertEqual(50, used['gigabytes']['in_use'])

    def test_what_is_wrong_is_named(self) -> None:
        for path, name in (('os-quota-sets/x?usage=x', 'usage'),
                           ('os-quota-sets/%00?usage=true', 'project')):
            answer = self.ask('GET', f'/v3/{PROJECT}/{path}', token='admin')
            self.assertFault(answer, 400, 'badRequest', name)


class TestServices(ServiceTestCase):

    def setUp(self) -> None:
        super().setUp()
        for host in ('one@local', 'one@other', 'two@local'):
            services.beat(host, 'volupload-volume', 'topic')
        with session.writer() as writing:
            gone = writing.query(models.Service).filter_by(
                host='two@local').one()
            gone.updated_at -= datetime.timedelta(minutes=10)

    def test_admins_see_who_lives(self) -> None:
        found = self.get('os-services', 'admin')['services']
        self.assertEqual(
            [('one@local', 'up'), ('one@other', 'up'), ('two@local', 'down')],
            [(one['host'], one['state']) for one in found])
        for one in found:
            self.assertEqual(
                ('volupload-volume', 'nova', 'enabled', None),
                (one['binary'], one['zone'], one['status'],
                 one['disabled_reason']))
            datetime.datetime.strptime(one['updated_at'],
                                       '%Y-%m-%dT%H:%M:%S.%f')

    def test_they_are_found_by_host_and_program(self) -> None:
        for query, count in (('host=one', 2), ('host=one@local', 1),
                             ('binary=volupload-volume', 3), ('host=x', 0),
                             ('binary=cinder-backup', 0)):
            found = self.get(f'os-services?{query}', 'admin')['services']
            self.assertEqual(count, len(found), query)

    def test_others_see_none(self) -> None:
        answer = self.ask('GET', f'/v3/{PROJECT}/os-services')
        self.assertFault(answer, 403, 'forbidden', 'services:index')


class TestExtensions(ServiceTestCase):

    def test_each_one_is_shown_as_it_is_listed(self) -> None:
        listed = self.get('extensions', 'stranger')['extensions']
        self.assertIn('AvailabilityZones', [one['name'] for one in listed])
        for one in listed:
            self.assertEqual({'name', 'alias', 'description', 'updated',
                              'links'}, set(one))
            shown = self.get(f'extensions/{one["alias"]}')['extension']
            self.assertEqual(one, shown)
        answer = self.ask('GET', f'/v3/{PROJECT}/extensions/os-none')
        self.assertFault(answer, 404, 'itemNotFound')

    def test_there_is_the_zone_that_volumes_get(self) -> None:
        volume = self.ask('POST', f'/v3/{PROJECT}/volumes',
                          {'volume': {'size': 1}}).json['volume']
        [zone] = self.get('os-availability-zone')['availabilityZoneInfo']
        self.assertEqual({'zoneName': volume['availability_zone'],
                          'zoneState': {'available': True}}, zone)


class TestElsewhere(ServiceTestCase):

    def test_what_is_not_here_is_not_found(self) -> None:
        for path in ELSEWHERE:
            for prefix in (f'/v3/{PROJECT}', f'/v2/{PROJECT}', '/v3'):
                for method, body in (('GET', None), ('POST', {'x': {}}),
                                     ('PUT', {'x': {}}), ('DELETE', None)):
                    answer = self.ask(method, f'{prefix}/{path}', body,
                                      token='admin')
                    self.assertFault(answer, 404, 'itemNotFound')

    def test_actions_that_are_not_here_change_nothing(self) -> None:
        volume = self.make_volume()
        url = f'/volumes/{volume.id}'
        before = self.get(url[1:], 'admin')
        for action in volume_actions.NOT_SERVED:
            for api, status, name in (('v3', 501, 'computeFault'),
                                      ('v2', 400, 'badRequest')):
                answer = self.ask('POST', f'/{api}/{PROJECT}{url}/action',
                                  {action: {}}, token='admin',
                                  OpenStack_API_Version='volume 3.71')
                self.assertFault(answer, status, name, action)
        self.assertEqual(before, self.get(url[1:], 'admin'))

    def test_what_is_only_read_is_not_written(self) -> None:
        for path in (f'os-quota-sets/{PROJECT}', 'limits', 'os-services',
                     'os-availability-zone', 'extensions'):
            for method in ('POST', 'PUT', 'DELETE'):
                answer = self.ask(method, f'/v3/{PROJECT}/{path}',
                                  {'quota_set': {}}, token='admin')
                self.assertFault(answer, 404, 'itemNotFound')
                answer = self.ask(method, f'/v2/{PROJECT}/{path}',
                                  {'quota_set': {}}, token='admin')
                self.assertFault(answer, 405, 'badMethod')
                self.assertEqual('GET, HEAD', answer.headers['Allow'])
