# SPDX-License-Identifier: Apache-2.0
"""Signals to a volume manager that runs as a program of its own."""

from collections.abc import Callable
import os
import pathlib
import signal
import subprocess
import sys
import time

from tests import base

_OPTIONS = '''[DEFAULT]
state_path = {path}
transport_url = fake://
host = node1
[upload]
max_concurrent = {slots}
[glance]
auth_type = none
endpoint_override = http://127.0.0.1:1
'''


class TestSignals(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.state_path)
        self.file = self.directory / 'volupload.conf'
        self.log = self.directory / 'log'
        self.write(slots=4)
        subprocess.run(self.command('manage', 'db', 'sync'), check=True,
                       capture_output=True)
        with self.log.open('w') as log:
            self.process = subprocess.Popen(
                self.command('volume'), stdout=log, stderr=log)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.wait_for('Volume manager of node1@local has started')

    def write(self, slots: object) -> None:
        self.file.write_text(_OPTIONS.format(
            path=self.directory, slots=slots))

    def command(self, program: str, *arguments: str) -> list[str]:
        return [sys.executable, '-c',
                f'from volupload.cmd import {program}; {program}.main()',
                '--config-file', str(self.file), *arguments]

    def wait_for(self, line: str,
                 times: Callable[[int], bool] = bool) -> None:
        deadline = time.monotonic() + 30
        while not times(self.log.read_text().count(line)):
            self.assertLess(time.monotonic(), deadline, self.log.read_text())
            self.assertIsNone(self.process.poll(), self.log.read_text())
            time.sleep(0.05)

    def children(self) -> set[str]:
        """Of all its threads: not the first one forks."""
        tasks = pathlib.Path(f'/proc/{self.process.pid}/task')
        found = {child for task in tasks.iterdir()
                 for child in (task / 'children').read_text().split()}
        self.assertNotEqual(set(), found)
        return found

    def reload(self) -> None:
        os.kill(self.process.pid, signal.SIGHUP)

    def test_sighup_changes_options_and_leaves_the_process_alone(
            self) -> None:
        before = self.children()
        self.write(slots=7)
        self.reload()
        self.wait_for('The configuration was read again: 1 options')
        self.assertEqual(before, self.children())

    def test_a_file_that_is_wrong_ends_nothing(self) -> None:
        before = self.children()
        self.write(slots='many')
        self.reload()
        self.wait_for('The configuration is not read again')
        self.assertEqual(before, self.children())
        self.write(slots=5)
        self.reload()
        self.wait_for('The configuration was read again: 1 options')

    def test_sigterm_ends_it_in_order(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.assertIn('Volume manager has stopped', self.log.read_text())
