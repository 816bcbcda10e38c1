# SPDX-License-Identifier: Apache-2.0
"""The ordinary clients, as a user of the little cloud."""

from collections.abc import Mapping
import dataclasses
import json
from pathlib import Path
import shlex
import subprocess
from typing import Any

from tools.cloud import errors
from tools.cloud import keystone
from tools.cloud import process
from tools.cloud import programs


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """Runs the `openstack` and `cinder` commands as one user.

    :param bin_directory: where the commands are, if not beside the services;
        a test of an old client has an environment of its own
    """

    identity: keystone.Keystone
    user: str = 'demo'
    project: str | None = None
    bin_directory: Path | None = None

    @property
    def environ(self) -> dict[str, str]:
        """What an openrc file would set."""
        return {
            'OS_AUTH_URL': self.identity.url,
            'OS_IDENTITY_API_VERSION': '3',
            'OS_USERNAME': self.user,
            'OS_PASSWORD': self.user,
            'OS_PROJECT_NAME': self.project or keystone.home_of(self.user),
            'OS_USER_DOMAIN_ID': 'default',
            'OS_PROJECT_DOMAIN_ID': 'default',
            'OS_REGION_NAME': keystone.REGION,
        }

    def openrc(self) -> str:
        """The text of a file to source in a shell."""
        lines = [f'export {name}={shlex.quote(value)}'
                 for name, value in self.environ.items()]
        path = shlex.quote(str(self._program('openstack').parent))
        return '\n'.join([*lines, 'export no_proxy=127.0.0.1',
                          f'export PATH={path}:"$PATH"', ''])

    def run(self, *command: str,
            environ: Mapping[str, str] | None = None
            ) -> subprocess.CompletedProcess[str]:
        """Run one command, whatever its exit code; its output as text."""
        program, *arguments = command
        added = self.environ | dict(environ or {})
        return subprocess.run(
            [str(self._program(program)), *arguments],
            env=process.environment(added), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False)

    def output(self, *command: str) -> str:
        """The standard output of a command that succeeds.

        :raises CloudError: it did not; the message is what it said
        """
        done = self.run(*command)
        if done.returncode:
            raise errors.CloudError(
                f'{shlex.join(command)} ended with {done.returncode}: '
                f'{done.stderr or done.stdout}')
        return done.stdout

    def json(self, *command: str) -> Any:
        """What an `openstack` command prints with `-f json`."""
        return json.loads(self.output(*command, '-f', 'json'))

    def _program(self, name: str) -> Path:
        if self.bin_directory is not None:
            return self.bin_directory / name
        return programs.in_venv(name)
