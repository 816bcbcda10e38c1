# SPDX-License-Identifier: Apache-2.0
"""python-cinderclient of the time when it still spoke v2.

It does not go with today's client into one environment, so it has one of its
own, beside those of ./tools/test, which is made once for a checkout.
"""

import fcntl
from pathlib import Path
import shutil
import subprocess
import sys

from tools import environment

REQUIREMENT = 'python-cinderclient==7.4.*'
_DIRECTORY = environment.CACHE / (
    f'cinderclient-7.4-py{sys.version_info[0]}.{sys.version_info[1]}')
_MARK = _DIRECTORY / 'complete'


def bin_directory() -> Path:
    """Where its `cinder` command is; made if it is not there yet.

    :raises CalledProcessError: pip failed; what it said was printed
    """
    environment.prepare_cache()
    with (environment.CACHE / 'cinderclient.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _MARK.exists():
            _make()
    return _DIRECTORY / 'bin'


def _make() -> None:
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    python = _DIRECTORY / 'bin' / 'python3'
    # Debian's python3 has no pip to put into it; ours works for both.
    _run('-m', 'venv', '--without-pip', str(_DIRECTORY))
    _run('-m', 'pip', '--python', str(python), 'install', '--no-input',
         '--disable-pip-version-check', '--quiet', REQUIREMENT)
    _MARK.touch()


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True,
                   stdin=subprocess.DEVNULL)
