# SPDX-License-Identifier: Apache-2.0
"""Where the programs of the little cloud are.

The OpenStack services and the clients come from a virtual environment: that
of the running Python, or the one that VOLUPLOAD_CLOUD_VENV names. Brokers
and databases come from Debian's packages.
"""

import os
from pathlib import Path
import shutil
import sys

from tools.cloud import errors

VENV_VARIABLE = 'VOLUPLOAD_CLOUD_VENV'
REQUIREMENTS = Path(__file__).with_name('requirements.txt')


def venv_directory() -> Path:
    """The root of the virtual environment that holds the services."""
    return Path(os.environ.get(VENV_VARIABLE, sys.prefix))


def in_venv(program: str) -> Path:
    """The path of a program that the Python requirements install.

    Looks into the services' environment first, then into the running one.

    :raises NotInstalled: it is in neither
    """
    for root in (venv_directory(), Path(sys.prefix)):
        found = root / 'bin' / program
        if found.exists():
            return found
    raise errors.NotInstalled(
        program, f'install the requirements of {REQUIREMENTS}')


def of_volupload(program: str) -> Path:
    """The path of a program beside the running Python.

    volupload is installed there, and so is a server that can import it.

    :raises NotInstalled: it is not there
    """
    found = Path(sys.prefix) / 'bin' / program
    if not found.exists():
        raise errors.NotInstalled(
            program, 'install volupload from its checkout, with its '
                     f'requirements, into {sys.prefix}')
    return found


def of_debian(program: str, package: str, *directories: str) -> Path:
    """The path of a program of a Debian package.

    :param directories: where to look besides PATH; may hold wildcards, of
        which the last match in sorted order (the newest version) is taken
    :raises NotInstalled: names the package
    """
    path = f'{os.environ.get("PATH", os.defpath)}:/usr/sbin:/sbin'
    for pattern in directories:
        matches = sorted(Path('/').glob(pattern.lstrip('/')))
        path = ':'.join([*(str(m) for m in reversed(matches)), path])
    found = shutil.which(program, path=path)
    if found is None:
        raise errors.NotInstalled(
            program, f'it is in the Debian package {package}')
    return Path(found)
