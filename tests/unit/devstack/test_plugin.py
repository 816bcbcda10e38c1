# SPDX-License-Identifier: Apache-2.0
"""What the plugin does in each phase; its file is one that volupload takes."""

import os
import pathlib
import stat
import subprocess
import sys

from tests import base
from tests.unit.devstack import base as devstack
from volupload.cmd.operations import options
from volupload.conf import CONF


class TestPlugin(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.state_path)
        self.stack = devstack.Stack(self.directory)

    def run_it(self, *arguments: str) -> list[str]:
        done = self.stack.run(*arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return [call for call in self.stack.calls() if call.split()[0] not in (
            'define_plugin', 'plugin_requires', 'enable_service',
            'echo_summary')]

    def test_the_code_is_installed(self) -> None:
        self.assertEqual([], self.run_it('stack', 'pre-install'))
        self.assertEqual([f'setup_develop {devstack.ROOT}'],
                         self.run_it('stack', 'install'))

    def test_beside_cinder_there_is_one_block_storage_only(self) -> None:
        services = 'vu-api vu-vol c-api'
        both = devstack.Stack(self.directory, ENABLED_SERVICES=services)
        done = both.run('stack', 'pre-install')
        self.assertEqual(1, done.returncode)
        self.assertIn('VOLUPLOAD_IN_CATALOG', done.stderr)
        apart = devstack.Stack(self.directory, ENABLED_SERVICES=services,
                               VOLUPLOAD_IN_CATALOG='False')
        for phase in ('pre-install', 'post-config'):
            self.assertEqual(0, apart.run('stack', phase).returncode)
        self.assertNotIn('get_or_create', '\n'.join(apart.calls()))

    def test_account_and_catalogue_are_made(self) -> None:
        calls = self.run_it('stack', 'post-config')
        url = 'http://192.0.2.1/volupload'
        self.assertEqual([
            'create_service_user volupload admin',
            *(line for kind, version in (
                ('block-storage', 'v3'), ('volumev3', 'v3'),
                ('volumev2', 'v2')) for line in (
                f'get_or_create_service volupload-{kind} {kind} '
                'Volumes and uploads',
                f'get_or_create_endpoint {kind} RegionOne '
                f'{url}/{version}/$(project_id)s'))], calls[:7])

    def test_volupload_takes_the_file_and_knows_every_option(self) -> None:
        self.run_it('stack', 'post-config')
        file = self.stack.conf_dir / 'volupload.conf'
        self.assertEqual(0o600, stat.S_IMODE(file.stat().st_mode))
        CONF([], default_config_files=[str(file)])
        self.addCleanup(CONF.clear)
        self.assertEqual([], [*options.unknown(), *options.renamed(),
                              *options.leaving()])
        written = self.stack.options()
        self.assertEqual(str(self.stack.state / 'volumes'),
                         written['local']['path'])
        self.assertEqual('volupload', written['glance']['username'])
        uwsgi = self.stack.options('volupload-uwsgi.ini')['uwsgi']
        loaded = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c',
             f'import {uwsgi["module"].partition(":")[0]}'],
            env=os.environ | {'VOLUPLOAD_CONFIG_FILES': str(file)},
            capture_output=True, text=True)
        self.assertEqual(0, loaded.returncode, loaded.stderr)

    def test_a_policy_of_the_operator_is_kept(self) -> None:
        self.stack.conf_dir.mkdir()
        policy = self.stack.conf_dir / 'policy.yaml'
        policy.write_text('# mine')
        self.run_it('stack', 'post-config')
        self.assertEqual('# mine', policy.read_text())

    def test_the_database_is_ready_before_anything_starts(self) -> None:
        self.run_it('stack', 'post-config')
        calls = self.run_it('stack', 'extra')
        self.assertEqual('recreate_database volupload', calls[0])
        self.assertTrue((self.directory / 'volupload.db').exists())
        self.assertEqual(['run_process vu-vol', 'run_process vu-api'], [
            ' '.join(call.split()[:2]) for call in calls[1:]
            if call.startswith('run_process')])
        self.assertIn('VOLUPLOAD_CONFIG_FILES='
                      f'{self.stack.conf_dir}/volupload.conf', calls[-1])

    def test_unstack_stops_and_clean_removes(self) -> None:
        self.run_it('stack', 'post-config')
        self.assertEqual(['stop_process vu-api', 'stop_process vu-vol'],
                         self.run_it('unstack'))
        self.assertTrue(self.stack.conf_dir.exists())
        [call] = self.run_it('clean')
        self.assertTrue(call.startswith('remove_uwsgi_config'))
        self.assertFalse(self.stack.conf_dir.exists())
        self.assertFalse(self.stack.state.exists())

    def test_nothing_is_done_where_it_is_not_wanted(self) -> None:
        other = devstack.Stack(self.directory, ENABLED_SERVICES='key')
        for arguments in (('stack', 'post-config'), ('stack', 'extra'),
                          ('unstack',), ('clean',)):
            self.assertEqual(0, other.run(*arguments).returncode)
        self.assertFalse(self.stack.conf_dir.exists())
