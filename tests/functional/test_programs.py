# SPDX-License-Identifier: Apache-2.0
"""The programs that serve the API: how they start, and how they end."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request

from tests import base

GLANCE = '[glance]\nauth_type = none\nendpoint_override = http://localhost\n'


def children(pid: int) -> list[int]:
    tasks = pathlib.Path(f'/proc/{pid}/task').glob('*/children')
    return [int(child) for task in tasks for child in task.read_text().split()]


class ProgramTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.state_path, 'state')
        self.file = pathlib.Path(self.state_path, 'volupload.conf')
        taken = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(taken.close)
        self.taken = taken.getsockname()[1]

    def write(self, text: str = '', *, state_path: object = None,
              port: int = 0, host: str = '127.0.0.1',
              transport_url: str = 'fake://', default: str = '') -> None:
        self.file.write_text(
            f'[DEFAULT]\nstate_path = {state_path or self.directory}\n'
            f'transport_url = {transport_url}\n{default}'
            f'[api]\nbind_host = {host}\nbind_port = {port}\n'
            f'auth_strategy = noauth\n{text or GLANCE}')

    def command(self, program: str) -> list[str]:
        return [sys.executable, '-c',
                f'from volupload.cmd import {program}; {program}.main()',
                '--config-file', str(self.file)]

    def refusal(self, program: str) -> str:
        """The line that it ends with; its log is not looked at."""
        ended = subprocess.run(self.command(program), text=True,
                               capture_output=True, timeout=50)
        self.assertEqual(1, ended.returncode, ended.stderr)
        self.assertNotIn('Traceback', ended.stderr)
        line = ended.stderr.splitlines()[-1]
        self.assertNotIn('hush', ended.stderr)
        prefix, _, rest = line.partition(': ')
        self.assertEqual(f'volupload-{program}', prefix)
        return rest


class TestRefusals(ProgramTestCase):

    def test_a_port_that_is_taken(self) -> None:
        self.write(port=self.taken)
        for program in ('api', 'standalone'):
            self.assertEqual(
                f'[api] bind_port: 127.0.0.1:{self.taken}: Address already '
                'in use', self.refusal(program))

    def test_an_address_of_another_machine(self) -> None:
        self.write(host='192.0.2.1')
        for program in ('api', 'standalone'):
            self.assertEqual(
                '[api] bind_host: 192.0.2.1:0: Cannot assign requested '
                'address', self.refusal(program))

    def test_a_state_path_that_cannot_be_made(self) -> None:
        self.write(state_path=self.file / 'below')
        self.assertEqual(
            f'[DEFAULT] state_path: {self.file}/below: Not a directory',
            self.refusal('standalone'))

    def test_a_database_that_cannot_be_opened(self) -> None:
        self.write('[database]\nconnection = sqlite:////nowhere/x.db\n')
        self.assertEqual('[database] connection: unable to open database '
                         'file', self.refusal('standalone'))

    def test_a_database_that_nobody_answers_for(self) -> None:
        self.write('[database]\nmax_retries = 0\nconnection = '
                   'mysql+pymysql://u:hush@127.0.0.1:1/x\n')
        self.assertIn("[database] connection: (2003, \"Can't connect",
                      self.refusal('standalone'))

    def test_a_database_of_a_newer_version(self) -> None:
        path = pathlib.Path(self.state_path, 'newer.db')
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.executescript(
                'CREATE TABLE alembic_version (version_num VARCHAR(32));'
                "INSERT INTO alembic_version VALUES ('999')")
        self.write(f'[database]\nconnection = sqlite:///{path}\n')
        self.assertIn("[database] connection: Can't locate revision",
                      self.refusal('standalone'))

    def test_a_bus_without_a_usable_port(self) -> None:
        self.write(transport_url='rabbit://u:hush@h:x/')
        for program in ('api', 'standalone'):
            self.assertIn('[DEFAULT] transport_url: ', self.refusal(program))

    def test_a_pin_to_a_version_that_nobody_knows(self) -> None:
        self.write(f'{GLANCE}[upgrade_levels]\nvolume = 7.3\n')
        for program in ('api', 'standalone'):
            self.assertEqual(
                '[upgrade_levels] volume: 7.3 is none of 1.0, 1.1, which this '
                'release can send', self.refusal(program))

    def test_an_image_service_without_credentials(self) -> None:
        self.write('[glance]\nauth_type = nonsense\n')
        for program in ('api', 'standalone'):
            self.assertIn('[glance] auth_type: ', self.refusal(program))


class TestEnd(ProgramTestCase):

    def start(self, program: str, more: str = '',
              default: str = '') -> subprocess.Popen[str]:
        with socket.create_server(('127.0.0.1', 0)) as free:
            self.port = free.getsockname()[1]
        self.write(f'{GLANCE}{more}', port=self.port, default=default)
        if program == 'volume':
            self.directory.mkdir(exist_ok=True)
            subprocess.run([*self.command('manage'), 'db', 'sync'],
                           check=True, capture_output=True)
        process = subprocess.Popen(self.command(program), text=True,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.addCleanup(process.stdout.close)
        return process

    def wait_until_it_serves(self) -> None:
        for _ in range(200):
            try:
                urllib.request.urlopen(
                    f'http://127.0.0.1:{self.port}/healthcheck').close()
                return
            except OSError:
                time.sleep(0.1)
        self.fail('it does not serve')

    def read_until(self, process: subprocess.Popen[str], end: str) -> str:
        """What it prints from now on, up to a line with `end` in it."""
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if end in line:
                return ''.join(lines)
        return self.fail('it ended: ' + ''.join(lines))

    def test_sigusr2_has_them_tell_what_they_do(self) -> None:
        for program in ('api', 'standalone', 'volume'):
            process = self.start(program, '[keystone_authtoken]\n'
                                 'password = hush\n')
            if program == 'volume':
                self.read_until(process, 'Volume manager of')
                [worker] = children(process.pid)
                os.kill(worker, signal.SIGUSR2)
            else:
                self.wait_until_it_serves()
                process.send_signal(signal.SIGUSR2)
            told = self.read_until(process, '=====')
            for section in ('Threads', 'Configuration'):
                told += self.read_until(process, section)
            told += self.read_until(process, 'state_path')
            self.assertIn('Guru Meditation', told)
            self.assertIn('volupload', told)
            self.assertIn('line', told)
            process.send_signal(signal.SIGTERM)
            self.assertNotIn('hush', process.communicate(timeout=30)[0])

    def assertNobodyElseReads(self) -> None:
        """What it keeps; the database of SQLite was made by others."""
        kept = [self.directory, *self.directory.rglob('*')]
        self.assertIn('volupload.db', [path.name for path in kept])
        self.assertEqual([], [path for path in kept
                              if path.stat().st_mode & 0o007])

    def test_logs_can_be_json(self) -> None:
        process = self.start('standalone', default='use_json = true\n')
        self.wait_until_it_serves()
        self.assertNobodyElseReads()
        process.send_signal(signal.SIGTERM)
        lines = process.communicate(timeout=30)[0].splitlines()
        told = [json.loads(line) for line in lines if line.startswith('{')]
        self.assertIn('Volume manager of', ' '.join(
            one['message'] for one in told))
        self.assertTrue(all(one['levelname'] for one in told))

    def test_sigterm_ends_them_in_order_however_often_it_comes(self) -> None:
        for program in ('api', 'standalone'):
            process = self.start(program)
            self.wait_until_it_serves()
            for _ in range(20):
                process.send_signal(signal.SIGTERM)
                time.sleep(0.002)
            log, _ = process.communicate(timeout=30)
            self.assertEqual(0, process.returncode, log)
            self.assertNotIn('Traceback', log)
            if program == 'standalone':
                self.assertIn('Volume manager has stopped', log)
