# SPDX-License-Identifier: Apache-2.0
"""What the ordinary clients ask beside volumes: types, limits, services."""

from tests.integration import clients
from tools.cloud import client


class TestCatalogue(clients.ClientTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.admin = client.Client(self.identity, user='admin',
                                   project=self.clients.project)

    def test_openstack_makes_a_type_and_shows_it(self) -> None:
        made = self.admin.json(
            'openstack', 'volume', 'type', 'create', self.name, '--property',
            'multiattach=<is> False', '--description', 'what it is')
        self.addCleanup(self.admin.output, 'openstack', 'volume', 'type',
                        'delete', made['id'])
        self.admin.output('openstack', 'volume', 'type', 'set', '--property',
                          'key=value', made['id'])
        shown = self.admin.json('openstack', 'volume', 'type', 'show',
                                self.name)
        self.assertEqual(
            (made['id'], 'what it is', True,
             {'key': 'value', 'multiattach': '<is> False'}),
            (shown['id'], shown['description'], shown['is_public'],
             shown['properties']))
        self.assertIn(
            self.name, [one['Name'] for one in self.clients.json(
                'openstack', 'volume', 'type', 'list')])

    def test_openstack_shows_zones_services_limits_and_quotas(self) -> None:
        self.assertIn(
            {'Zone Name': 'nova', 'Zone Status': 'available'},
            self.clients.json('openstack', 'availability', 'zone', 'list',
                              '--volume'))
        [service] = self.admin.json('openstack', 'volume', 'service', 'list')
        self.assertEqual(('volupload-volume', 'enabled', 'up'), tuple(
            service[key] for key in ('Binary', 'Status', 'State')))
        limits = {one['Name']: one['Value'] for one in self.clients.json(
            'openstack', 'limits', 'show', '--absolute')}
        self.assertEqual(-1, limits['max_total_volumes'])
        quotas = {one['Resource']: one['Limit'] for one in self.clients.json(
            'openstack', 'quota', 'show', '--volume')}
        self.assertEqual(-1, quotas['gigabytes'])

    def test_cinder_shows_the_same(self) -> None:
        for command, words in (
                (('type-list',), 'Name'),
                (('availability-zone-list',), 'nova'),
                (('absolute-limits',), 'maxTotalVolumes'),
                (('quota-show', self.demo.project_id), 'gigabytes'),
                (('list', '--with-count'), 'Volume in total'),
                (('summary',), 'total_size')):
            done = self.clients.run('cinder', '--os-volume-api-version',
                                    '3.71', *command)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn(words, done.stdout)
        listed = self.admin.output('cinder', 'service-list')
        self.assertRegex(listed, r'volupload-volume\s*\|')
