# SPDX-License-Identifier: Apache-2.0
"""volupload-status upgrade check, as a program: each check, well and not."""

import json
import pathlib
import re
import subprocess
import sys

from tests import base
from tests.fixtures import database
from tests.fixtures import glance
from volupload.cmd.operations import options
from volupload.conf import CONF

RESULTS = ('Success', 'Warning', 'Failure')


class TestUpgradeCheck(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        self.connection = CONF.database.connection
        self.glance = self.useFixture(glance.FakeGlance())
        self.file = pathlib.Path(self.state_path, 'volupload.conf')
        self.policy = pathlib.Path(self.state_path, 'policy.yaml')
        self.policy.write_text('# nothing\n')

    def check(self, code: int, *, more: str = '', connection: str = '',
              url: str = '', glance: str = '') -> dict[str, tuple[str, str]]:
        """Name of each check -> its result, and what it says.

        :param glance: the section, instead of one without credentials
        """
        self.file.write_text(
            f'[database]\nconnection = {connection or self.connection}\n'
            f'[oslo_policy]\npolicy_file = {self.policy}\n{more}'
            '[glance]\nconnect_retries = 0\n' + (glance or
            f'auth_type = none\nendpoint_override = '
            f'{url or self.glance.url}\n'))
        ended = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c',
             'from volupload.cmd import status; status.main()',
             '--config-file', str(self.file), 'upgrade', '--json', 'check'],
            text=True, capture_output=True, timeout=50)
        self.assertEqual(code, ended.returncode, ended.stderr)
        found = json.loads(ended.stdout)
        return {one['check']: (RESULTS[one['result']], one['details'] or '')
                for one in found['checks']}

    def test_all_is_well(self) -> None:
        found = self.check(0, more='[upload]\nmax_concurrent = 2\n'
                           '[local]\npath = /srv\n[other]\nx = 1\n')
        self.assertEqual(
            ['Database schema', 'Policy file is YAML', 'Options of the files',
             'Image service', 'Service catalogue'], list(found))
        self.assertEqual({('Success', '')}, set(found.values()))

    def test_a_schema_that_is_old_is_a_failure(self) -> None:
        found = self.check(2, connection=f'sqlite:///{self.state_path}/new')
        self.assertEqual('Failure', found['Database schema'][0])
        self.assertIn('db sync', found['Database schema'][1])

    def test_a_policy_file_that_is_json_is_a_failure(self) -> None:
        self.policy.write_text('{"volume:get": ""}')
        found = self.check(2)
        self.assertEqual('Failure', found['Policy file is YAML'][0])

    def test_options_that_are_not_known_are_named(self) -> None:
        found = self.check(1, more='[upload]\nmax_parallel = 2\n'
                           '[api]\nbind_prot = 1\n[local]\npaht = /x\n')
        result, told = found['Options of the files']
        self.assertEqual('Warning', result)
        for name in ('[upload] max_parallel', '[api] bind_prot',
                     '[local] paht'):
            self.assertIn(name, told)

    def test_options_that_have_another_name_are_named_with_it(self) -> None:
        result, told = self.check(
            1, more='[DEFAULT]\nlogdir = /tmp\nlog-file = x.log\n'
            '[keystone_authtoken]\nuser-name = x\nmemcache_servers = h:1\n'
            'project_name = service\n')['Options of the files']
        self.assertEqual(('Warning', (
            'Under an old name: [DEFAULT] logdir is now [DEFAULT] log_dir, '
            '[keystone_authtoken] memcache_servers is now '
            '[keystone_authtoken] memcached_servers, [keystone_authtoken] '
            'user-name is now [keystone_authtoken] username')),
            (result, told))

    def test_options_that_will_go_are_named(self) -> None:
        result, told = self.check(
            1, more='[oslo_messaging_rabbit]\nrabbit_qos_prefetch_count = 1\n'
            'direct_mandatory_flag = true\n')['Options of the files']
        self.assertEqual(('Warning', (
            'About to be removed: [oslo_messaging_rabbit] '
            'direct_mandatory_flag')), (result, told))

    def test_options_of_every_kind_of_credentials_are_known(self) -> None:
        found = self.check(2, glance='auth_type = v3applicationcredential\n'
                           'application_credential_id = x\n'
                           'application_credential_secret = hush\n'
                           'auth_url = http://127.0.0.1:1/v3\n')
        self.assertEqual(('Success', ''), found['Options of the files'])
        self.assertNotIn('hush', str(found))

    def test_the_libraries_are_those_of_the_sample(self) -> None:
        sample = pathlib.Path('etc/volupload/config-generator.conf')
        self.assertEqual(
            re.findall('^namespace = (.*)$', sample.read_text(), re.M),
            ['volupload', *options.NAMESPACES])

    def test_a_glance_that_is_away_is_a_failure(self) -> None:
        result, told = self.check(2, url='http://127.0.0.1:1')['Image service']
        self.assertEqual('Failure', result)
        self.assertIn('http://127.0.0.1:1', told)

    def test_a_catalogue_that_nobody_gives_is_a_failure(self) -> None:
        result, told = self.check(
            2, glance='auth_type = password\nusername = x\n'
            'password = hush\nauth_url = http://127.0.0.1:1/v3\n'
        )['Service catalogue']
        self.assertEqual('Failure', result)
        self.assertIn('[glance] auth_url = http://127.0.0.1:1/v3 gives no '
                      'catalogue: ', told)
        self.assertNotIn('hush', told)
