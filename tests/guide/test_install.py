# SPDX-License-Identifier: Apache-2.0
"""The install guide, followed word by word on a Debian that is new.

The machine, Keystone and Glance are alone in a network: see
tests.guide.network. Passwords are what the guide calls them.
"""

import json
import os
from pathlib import Path
import shutil
import subprocess
from typing import Any

import fixtures

from tests import base
from tests.fixtures import pages
from tests.guide import machine
from tools.cloud import glance
from tools.cloud import http
from tools.cloud import keystone
from tools.cloud import programs

PAGE = 'doc/source/admin/install'
NEXT_PAGE = 'doc/source/admin/deployment'
SECRET = 'SECRET'
VOLUMES = 'srv/volumes'
# Most of it is waiting for packages.
TIMEOUT = 1500


class TestGuide(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(TIMEOUT, gentle=True))
        self.directory = Path(self.useFixture(fixtures.TempDir()).path)
        self.identity = self.enter(keystone.Keystone(
            self.directory / 'keystone', port=5000))
        self.images = self.enter(glance.Glance(
            self.directory / 'glance', self.identity))
        self._make_it_a_strange_cloud()
        self.machine = self.enter(machine.Machine(
            self.directory / 'machine', hosts='127.0.0.1 controller\n'))
        self._copy_checkout(self.machine.root / 'usr' / 'src' / 'volupload')

    def enter(self, service: Any) -> Any:
        self.addCleanup(service.stop)
        service.start()
        return service

    def _make_it_a_strange_cloud(self) -> None:
        """That has no account of volupload's and a password of the guide's.
        """
        users = {name: self.identity.id_of('user', name)
                 for name in ('volupload', 'admin')}
        self.identity.call('DELETE', f'/users/{users["volupload"]}')
        self.identity.call('PATCH', f'/users/{users["admin"]}',
                           {'user': {'password': SECRET}})

    def _copy_checkout(self, target: Path) -> None:
        if not (pages.ROOT / '.git').exists():
            shutil.copytree(pages.ROOT, target,
                            ignore=shutil.ignore_patterns('.cloud'))
            self.machine.type('export PBR_VERSION=0.0.1')
            return
        subprocess.run(
            ['git', '-c', 'safe.directory=*', 'clone', '--quiet',
             '--no-local', pages.ROOT, target], check=True)

    def follow(self, page: str) -> None:
        """Type what it says, write what it says, see what it shows."""
        for step in pages.steps(page):
            if isinstance(step, pages.File):
                self.machine.write(step.path, step.text)
                continue
            printed = self.machine.type(step.text)
            for line in step.output.splitlines():
                self.assertIn(line, printed.splitlines(), step)

    def show(self, kind: str, name: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.machine.type(
            f'openstack {kind} show {name} -f json'))
        return shown

    def test_who_follows_it_uploads_volumes(self) -> None:
        self.follow(PAGE)
        first = self.show('image', 'first-image')
        self.assertEqual(('active', 'qcow2', 2 ** 30), tuple(
            first[key] for key in ('status', 'disk_format', 'virtual_size')))
        self._check_processes()
        self._check_bytes()
        self.follow(NEXT_PAGE)
        self._check_gunicorn()
        self.assertEqual('', self._complaints())

    def _check_processes(self) -> None:
        """A master and workers of each service, none of them root's."""
        listed = self.machine.type('ps -eo user:20,args')
        for program in ('uwsgi --ini', 'volupload-volume'):
            users = [line.split()[0] for line in listed.splitlines()
                     if program in line]
            self.assertLess(1, len(users), listed)
            self.assertEqual({'volupload'}, set(users), listed)

    def _check_bytes(self) -> None:
        """What a guest has written is in the image that Glance has."""
        volume_id = self.show('volume', 'first')['id']
        volume = self.machine.root / VOLUMES / volume_id
        self.assertEqual(0o600, volume.stat().st_mode & 0o777)
        with volume.open('r+b') as file:
            file.seek(5 * 2 ** 20 + 512)
            file.write(os.urandom(3 * 2 ** 20))
        self.machine.type('openstack volume upload create --disk-format vmdk '
                          '--name second --wait first')
        image = self.images.images / self.show('image', 'second')['id']
        subprocess.run(
            [programs.of_debian('qemu-img', 'qemu-utils'), 'compare',
             '-f', 'vmdk', '-F', 'raw', image, volume],
            check=True, stdout=subprocess.DEVNULL)

    def _check_gunicorn(self) -> None:
        self.assertIn('gunicorn', self.machine.type(
            'systemctl status volupload-api'))
        token = self.identity.token('admin', password=SECRET)
        url = f'http://127.0.0.1:8776/v3/{token.project_id}/volumes'
        answer = http.request('GET', url, token=token.id)
        self.assertEqual(['first'], [
            volume['name'] for volume in answer.json['volumes']])

    def _complaints(self) -> str:
        """What the services and systemd found worth a warning."""
        return self.machine.type(
            'journalctl --quiet --output cat --priority warning '
            '--unit volupload-api --unit volupload-volume; journalctl '
            '--quiet --output cat --unit volupload-api --unit '
            "volupload-volume | grep -E ' (WARNING|ERROR|CRITICAL) ' || true")
