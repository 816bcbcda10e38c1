# SPDX-License-Identifier: Apache-2.0
"""Debian packages that the tests need: which are missing, and getting them.

bindep reads bindep.txt and asks dpkg. Installing takes root; where we are
not root, sudo is asked.
"""

import os
from pathlib import Path
import shlex
import shutil
import subprocess
import sys

# Debian starts a service when its package is installed. The tests start
# instances of their own, so the system is told not to, unless its
# administrator has already said what to do.
_INSTALL = '''
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\\nexit 101\\n' > $policy
    chmod 755 $policy
fi
# Lists that cannot be renewed may still do.
apt-get update || true
apt-get install --yes --no-install-recommends "$@"
'''


class PackagesMissing(Exception):
    """The message names them and says how to get them."""


def install(profile: str) -> None:
    """Install what bindep.txt wants for a profile and the system lacks.

    :raises PackagesMissing: that could not be done
    """
    names = missing(profile)
    if not names:
        return
    command = ['sh', '-euc', _INSTALL, 'sh', *names]
    environ = {'DEBIAN_FRONTEND': 'noninteractive'}
    if os.geteuid():
        command = [*_sudo(names), 'env', 'DEBIAN_FRONTEND=noninteractive',
                   *command]
    print(f'Installing Debian packages: {" ".join(names)}', flush=True)
    code = subprocess.run(command, env=os.environ | environ,
                          check=False).returncode
    if code or missing(profile):
        raise PackagesMissing(_advice(names, 'could not be installed'))


def missing(profile: str) -> list[str]:
    """The names of the packages that the system lacks.

    :raises PackagesMissing: bindep cannot tell, as on a system without dpkg
    """
    bindep = Path(sys.prefix) / 'bin' / 'bindep'
    asked = subprocess.run([bindep, '--brief', profile], check=False,
                           capture_output=True, text=True)
    # 1 says that some are missing; they are listed, a line each.
    if asked.returncode not in (0, 1) or asked.stderr:
        raise PackagesMissing(f'bindep {profile} failed: {asked.stderr}')
    return asked.stdout.split()


def _sudo(names: list[str]) -> list[str]:
    if shutil.which('sudo') is None:
        raise PackagesMissing(_advice(
            names, 'are missing, and to install them takes root or sudo'))
    # Without a terminal there is nobody to type a password.
    return ['sudo'] if sys.stdin.isatty() else ['sudo', '--non-interactive']


def _advice(names: list[str], what: str) -> str:
    return (f'Debian packages {what}: {" ".join(names)}\n'
            f'As root: apt-get install {shlex.join(names)}')
