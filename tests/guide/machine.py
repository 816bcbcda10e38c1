# SPDX-License-Identifier: Apache-2.0
"""A Debian 12 with nothing but its base in it, booted: systemd is process 1.

It is made by mmdebstrap and runs under systemd-nspawn, in the network of
whoever boots it. What an administrator types goes into one shell of root's,
which keeps its directory and its variables from one command to the next.
"""

import os
from pathlib import Path
import shutil
import subprocess

from tests.guide import network
from tools.cloud import errors
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service

SUITE = 'bookworm'
# What an installed Debian has beside the packages that are essential.
_BASE = ('ca-certificates', 'dbus', 'iproute2', 'procps', 'systemd',
         'systemd-sysv')
_AUTHORITIES = Path('/usr/local/share/ca-certificates')
_END = 'typed-and-done'


class Machine(service.Service):
    """:param hosts: lines for /etc/hosts"""

    def __init__(self, directory: Path, hosts: str = '') -> None:
        super().__init__(directory)
        self.root = directory / 'root'
        self._hosts = hosts
        self._shell: subprocess.Popen[str] | None = None

    def prepare(self) -> None:
        process.run([
            programs.of_debian('mmdebstrap', 'mmdebstrap'),
            '--variant=minbase', f'--include={",".join(_BASE)}',
            SUITE, self.root], log=self.directory / 'mmdebstrap.log')
        self._connect()
        self.daemon = process.Daemon(
            'machine',
            [programs.of_debian('systemd-nspawn', 'systemd-container'),
             '--directory', self.root, '--boot', '--register=no',
             '--keep-unit', '--resolv-conf=off', '--console=pipe',
             '--machine=guide'],
            log=self.directory / 'console.log', healthy=self._is_up)

    def _connect(self) -> None:
        """Names, and the certificates that this machine's owner trusts."""
        etc = self.root / 'etc'
        (etc / 'hosts').write_text(f'127.0.0.1 localhost guide\n{self._hosts}')
        (etc / 'resolv.conf').unlink(missing_ok=True)
        (etc / 'resolv.conf').write_text(f'nameserver {network.DNS}\n')
        if _AUTHORITIES.is_dir():
            shutil.copytree(_AUTHORITIES, self.root / str(
                _AUTHORITIES).lstrip('/'), dirs_exist_ok=True)

    def _is_up(self) -> bool:
        try:
            asked = self._enter('systemctl', 'is-system-running')
        except errors.ServiceFailed:
            return False    # not yet, if it ever is: the daemon looks
        return asked.communicate()[0].strip() == 'running'

    def settle(self) -> None:
        self._shell = self._enter('bash', '-eu', '-o', 'pipefail')
        self.type('update-ca-certificates')

    def stop(self) -> None:
        if self._shell is not None:
            self._shell.kill()
            self._shell.communicate()
        super().stop()

    def _enter(self, *command: str) -> subprocess.Popen[str]:
        """A process of root's in the machine; its output is one pipe."""
        return subprocess.Popen(
            ['nsenter', '--target', self._first_process(),
             '--mount', '--uts', '--ipc', '--pid',
             'env', '--ignore-environment', '--chdir=/',
             *self._environ(), *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

    def _first_process(self) -> str:
        """
        :raises ServiceFailed: there is none
        """
        pid = self.daemon.pid
        children = Path(f'/proc/{pid}/task/{pid}/children').read_text()
        if not children:
            raise errors.ServiceFailed('the machine has no process yet')
        return children.split()[0]

    def _environ(self) -> list[str]:
        """Of a login, and where pip is to look on this machine."""
        return ['HOME=/root', 'LANG=C.UTF-8', 'USER=root',
                'DEBIAN_FRONTEND=noninteractive',
                'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:'
                '/sbin:/bin',
                *(f'{name}={value}' for name, value in os.environ.items()
                  if name.startswith('PIP_'))]

    def type(self, command: str) -> str:
        """What the command, typed into the shell, prints.

        :raises AssertionError: it failed; names it and what it printed
        """
        shell = self._shell
        assert shell and shell.stdin and shell.stdout
        shell.stdin.write(
            f"{{ {command}\n}} < /dev/null\nprintf '\\n%s\\n' {_END}\n")
        shell.stdin.flush()
        printed = ''
        for line in shell.stdout:
            if line == f'{_END}\n':
                return printed.removesuffix('\n')
            printed += line
        raise AssertionError(
            f'{command}\nfailed with {shell.wait()}:\n{printed}')

    def write(self, path: str, text: str) -> None:
        """As an editor would: an absolute path, in a directory that is there.
        """
        (self.root / path.lstrip('/')).write_text(text)
