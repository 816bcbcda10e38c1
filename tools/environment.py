# SPDX-License-Identifier: Apache-2.0
"""A virtual environment made from python3 and git, and nothing else.

Debian and Ubuntu leave pip and ensurepip out of their python3 package. Where
`python3 -m venv` does not work for that reason, pip is taken from the
distribution's package python3-pip-whl, which is downloaded and unpacked below
the cache directory: no root is needed and nothing of the system changes.

An environment is named by a digest of what it is made from. When a
requirement changes, another one is made; one whose making was interrupted
lacks its mark and is made again.
"""

from collections.abc import Sequence
import dataclasses
import fcntl
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

CHECKOUT = Path(__file__).resolve().parent.parent
#: Everything that the demo and the tests make, ignored by git.
CACHE = CHECKOUT / '.cloud'

_WHEELS = Path('/usr/share/python-wheels')
_MARK = 'complete'
# To build volupload itself; pbr is among its requirements.
_BUILD = ('setuptools>=77', 'wheel')


class EnvironmentFailed(Exception):
    """The environment cannot be made; the message says why."""


@dataclasses.dataclass(frozen=True)
class Environment:
    """volupload from the checkout, with the packages of some files.

    :param name: what the environment is for; the start of its directory
    :param requirements: requirement files, relative to the checkout
    :param bare: without volupload itself
    """

    name: str
    requirements: tuple[str, ...]
    bare: bool = False

    @property
    def directory(self) -> Path:
        digest = hashlib.sha256(sys.version.encode())
        digest.update(str(CHECKOUT).encode())
        for name in (*self.requirements, 'pyproject.toml', 'setup.cfg'):
            digest.update((CHECKOUT / name).read_bytes())
        return CACHE / f'{self.name}-{digest.hexdigest()[:12]}'

    @property
    def python(self) -> Path:
        return self.directory / 'bin' / 'python3'

    @property
    def is_ready(self) -> bool:
        return (self.directory / _MARK).exists()

    def make(self) -> None:
        """Make it if it is not there; takes about a minute.

        :raises EnvironmentFailed: names the log
        """
        prepare_cache()
        with (CACHE / f'{self.name}.lock').open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_ready:
                self._make()

    def _make(self) -> None:
        for old in CACHE.glob(f'{self.name}-*'):
            shutil.rmtree(old, ignore_errors=True)
        log = CACHE / f'{self.name}.log'
        log.unlink(missing_ok=True)
        _make_with_pip(self.directory, log)
        files = [part for name in self.requirements
                 for part in ('-r', str(CHECKOUT / name))]
        self._pip(log, *files, *([] if self.bare else _BUILD))
        if not self.bare:
            self._pip(log, '--no-deps', '--no-build-isolation', '-e',
                      str(CHECKOUT))
        (self.directory / _MARK).write_text(f'{time.ctime()}\n')

    def _pip(self, log: Path, *arguments: str) -> None:
        # Byte code is made for what is used, when it is used.
        _run([self.python, '-m', 'pip', 'install', '--no-compile',
              '--disable-pip-version-check', '--no-input', *arguments],
             log, cwd=CHECKOUT, environ=_version_of_checkout())


def prepare_cache() -> None:
    """Make the cache directory, ignored by git whatever .gitignore says.

    :raises EnvironmentFailed: the checkout cannot be written to
    """
    try:
        CACHE.mkdir(exist_ok=True)
        (CACHE / '.gitignore').write_text('*\n')
    except OSError as error:
        raise EnvironmentFailed(
            f'everything is kept in {CACHE}: {error.strerror}') from error


def _version_of_checkout() -> dict[str, str]:
    """pbr asks git for the version; where git has none to give, we do.

    That is so in an unpacked archive, and in a checkout of somebody else's,
    with which git will have nothing to do.
    """
    asked = subprocess.run(
        ['git', 'log', '-1'], cwd=CHECKOUT, capture_output=True, check=False)
    return {} if asked.returncode == 0 else {'PBR_VERSION': '0.0.1'}


def _make_with_pip(directory: Path, log: Path) -> None:
    """Make an empty virtual environment that has pip."""
    try:
        _run([sys.executable, '-m', 'venv', directory], log)
    except EnvironmentFailed:
        shutil.rmtree(directory, ignore_errors=True)
        _run([sys.executable, '-m', 'venv', '--without-pip', directory], log)
        wheel = _find_wheel(_WHEELS) or _download_wheel(log)
        # A wheel can be run without being installed.
        _run([directory / 'bin' / 'python3', wheel / 'pip', 'install',
              '--no-index', '--no-compile', wheel], log)


def _find_wheel(directory: Path) -> Path | None:
    return next(iter(sorted(directory.glob('pip-*.whl'))), None)


def _download_wheel(log: Path) -> Path:
    """pip's wheel out of the package python3-pip-whl."""
    if shutil.which('apt-get') is None:
        raise EnvironmentFailed(
            f'{sys.executable} has neither pip nor ensurepip, and there is no '
            'apt-get to get them with: install pip')
    directory = CACHE / 'pip'
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    _download_package('python3-pip-whl', directory, log)
    package = next(directory.glob('*.deb'))
    _run(['dpkg-deb', '-x', package, directory], log)
    wheel = _find_wheel(directory / 'usr/share/python-wheels')
    if wheel is None:
        raise EnvironmentFailed(f'{package.name} holds no wheel of pip')
    return wheel


def _download_package(name: str, directory: Path, log: Path) -> None:
    """Download with the system's package lists, or else with our own.

    The system's may be missing (container images come without) or so old
    that what they name is gone; only root could renew them.
    """
    ours = [f'-oDir::State={directory}/state',
            f'-oDir::Cache={directory}/cache',
            '-oDir::State::status=/var/lib/dpkg/status']
    # Root would hand over to an account that cannot write here.
    apt_get = ['apt-get', '-oAPT::Sandbox::User=root']
    try:
        _run([*apt_get, 'download', name], log, cwd=directory)
    except EnvironmentFailed:
        for path in ('state/lists/partial', 'cache/archives/partial'):
            (directory / path).mkdir(parents=True)
        _run([*apt_get, *ours, 'update'], log, cwd=directory)
        _run([*apt_get, *ours, 'download', name], log, cwd=directory)


def _run(command: Sequence[str | Path], log: Path, *,
         cwd: Path | None = None,
         environ: dict[str, str] | None = None) -> None:
    """:raises EnvironmentFailed: the command failed; names the log."""
    words = [str(word) for word in command]
    with log.open('a') as output:
        print('$', *words, file=output, flush=True)
        code = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, cwd=cwd,
            env={**os.environ, **(environ or {})}, check=False).returncode
    if code:
        last = log.read_text(errors='replace').rstrip().rpartition('\n')[2]
        raise EnvironmentFailed(
            f'{" ".join(words[:4])} ... ended with {code}: {last}\n'
            f'The whole story is in {log}')
