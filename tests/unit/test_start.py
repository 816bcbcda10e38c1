# SPDX-License-Identifier: Apache-2.0
"""A configuration that cannot work ends a process with one line."""

import pathlib
import subprocess
import sys

import testscenarios

from tests import base
from tests.fixtures import database
from volupload import exception
from volupload import rpc
from volupload import service
from volupload.conf import CONF
from volupload.db import session
from volupload.volume.service import VolumeService

WRONG = [
    ('a number', '[upload]\nmax_concurrent = lots\n',
     '[upload] max_concurrent: invalid literal'),
    ('a limit', '[upload]\nmax_concurrent = 0\n',
     '[upload] max_concurrent: Should be greater than or equal to 1'),
    ('a choice', '[api]\nauth_strategy = ldap\n',
     '[api] auth_strategy: Valid values are [keystone, noauth]'),
    ('a backend', '[DEFAULT]\nenabled_backends = fast\n[fast]\ndriver = x\n',
     '[fast] driver: Valid values are [file]'),
    ('no backend', '[DEFAULT]\nenabled_backends =\n',
     '[DEFAULT] enabled_backends: is empty'),
    ('of the command line too', '[DEFAULT]\ndebug = maybe\n',
     '[DEFAULT] debug: Invalid Boolean value'),
    ('of a library', '[database]\nmax_retries = x\n',
     '[database] max_retries: invalid literal'),
    ('database', '[database]\nconnection = nonsense\n',
     '[database] connection: Could not parse'),
    ('driver of the database', '[database]\nconnection = oracle9://x\n',
     '[database] connection: '),
    ('port of the database',
     '[database]\nconnection = mysql+pymysql://u:hush@h:99x/db\n',
     '[database] connection: its port is not a number'),
    ('syntax', 'max_concurrent = 4\n', 'volupload.conf'),
]


class TestWrongValue(testscenarios.WithScenarios, base.TestCase):

    scenarios = [(name, {'text': text, 'expected': expected})
                 for name, text, expected in WRONG]
    text: str
    expected: str

    def test_it_is_told_in_one_line(self) -> None:
        path = pathlib.Path(self.state_path) / 'volupload.conf'
        path.write_text(self.text)
        CONF.reset()
        error = self.assertRaises(
            SystemExit, service.setup, 'volupload-volume',
            ['--config-file', str(path)])
        self.assertTrue(str(error).startswith('volupload-volume: '))
        self.assertIn(self.expected, str(error))
        self.assertNotIn('\n', str(error))
        self.assertNotIn('hush', str(error))


class TestVolumeService(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(rpc.cleanup)
        self.config(auth_type='none', endpoint_override='http://localhost',
                    group='glance')

    def assertRefused(self, expected: str) -> None:
        error = self.assertRaises(SystemExit, VolumeService().check)
        self.assertIn(expected, str(error))
        self.assertNotIn('\n', str(error))

    def test_a_database_of_another_version_is_refused(self) -> None:
        session.configure()
        self.addCleanup(session.dispose)
        self.assertRefused('run "volupload-manage db sync" first')

    def test_a_directory_that_is_missing_is_refused(self) -> None:
        self.config(path='/nowhere/volumes', group='local')
        self.assertRefused('[local] path: /nowhere/volumes: ')

    def test_a_bus_of_an_unknown_kind_is_refused(self) -> None:
        rpc.set_default_url('pigeon://loft')
        self.assertRefused('[DEFAULT] transport_url: ')

    def test_a_bus_without_a_usable_port_is_refused(self) -> None:
        rpc.set_default_url('fake://')   # registers the option
        for url in ('rabbit://u:hush@h:x/', 'rabbit://u:hush/x@h:1/',
                    'rabbit://u:hush@[h:1/'):
            rpc.cleanup()
            self.config(transport_url=url)
            self.assertRefused('[DEFAULT] transport_url: a host or port')
            error = self.assertRaises(
                exception.ConfigError, rpc.set_default_url, 'fake://')
            self.assertNotIn('hush', str(error))

    def test_credentials_that_are_missing_are_refused(self) -> None:
        self.config(auth_type=None, group='glance')
        self.assertRefused('[glance] auth_type: is not set')

    def test_a_version_that_nobody_knows_is_refused(self) -> None:
        self.config(volume='7.3', group='upgrade_levels')
        self.assertRefused('[upgrade_levels] volume: 7.3 is none of ')

    def test_what_can_work_is_let_through(self) -> None:
        self.useFixture(database.Database())
        rpc.set_default_url('fake://')
        VolumeService().check()


class TestProgram(base.TestCase):

    def test_a_wrong_value_is_one_line_and_exit_status_1(self) -> None:
        path = pathlib.Path(self.state_path) / 'volupload.conf'
        path.write_text('[upload]\nsweep_interval = never\n')
        ended = subprocess.run(
            [sys.executable, '-c',
             'from volupload.cmd import volume; volume.main()',
             '--config-file', str(path)], capture_output=True, text=True)
        self.assertEqual(1, ended.returncode)
        self.assertEqual(
            ['volupload-volume: [upload] sweep_interval: invalid literal for '
             f"int() with base 10: 'never' ({path})"],
            ended.stderr.splitlines())
