# SPDX-License-Identifier: Apache-2.0
"""Tempest's tests of Block Storage against Keystone, Glance and volupload.

``python3 -m tests.tempest.run [REGEX]``. All tests of tempest.api.volume are
run but those of exclude.txt, which gives the reasons. Those that skip
themselves are listed; only those of skips.txt may, see outcome.py. Keystone,
Glance and volupload are started on loopback and end with the run.
"""

from collections.abc import Sequence
import configparser
from pathlib import Path
import subprocess
import sys
import tempfile

from tests.tempest import outcome
from tools import environment
from tools.cloud import glance
from tools.cloud import keystone
from tools.cloud import process
from tools.cloud import volupload

EXCLUDED = Path(__file__).with_name('exclude.txt')
ALL = r'^tempest\.api\.volume\.'
_ENVIRONMENT = environment.Environment(
    'tempest', ('tests/tempest/requirements.txt',), bare=True)


class Workspace:
    """A directory from which `tempest` is run.

    :param directory: does not exist yet
    """

    def __init__(self, directory: Path, identity: keystone.Keystone) -> None:
        self._directory = directory
        self._list = directory.with_suffix('.yaml')
        self._tempest(directory.parent, 'init', str(directory))
        with (directory / 'etc/tempest.conf').open('w') as file:
            configuration(directory, identity).write(file)

    def tests(self, regex: str) -> list[str]:
        """The names of the tests that the expression selects."""
        listed = self._tempest(self._directory, 'run', '--list-tests',
                               '--regex', regex, capture=True)
        return [line for line in listed.stdout.splitlines()
                if line.startswith('tempest.')]

    def run(self, regex: str) -> int:
        """Run the tests that are not excluded; the exit code."""
        # One at a time: the Keystone beside them has SQLite, which takes one
        # writer, and two workers make and delete users all the time.
        return self._tempest(
            self._directory, 'run', '--serial', '--regex', regex,
            '--exclude-list', str(EXCLUDED), check=False).returncode

    def outcome(self) -> list[outcome.Test]:
        """What became of the tests of the last run."""
        record = subprocess.run(
            [_ENVIRONMENT.directory / 'bin/stestr', 'last', '--subunit'],
            cwd=self._directory, stdin=subprocess.DEVNULL, check=False,
            env=process.environment({'HOME': str(self._directory)}),
            stdout=subprocess.PIPE)
        return outcome.read(record.stdout)

    def _tempest(self, cwd: Path, command: str, *arguments: str,
                 check: bool = True, capture: bool = False
                 ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_ENVIRONMENT.directory / 'bin/tempest', command,
             '--workspace-path', self._list, *arguments],
            # It would write below the home directory, too.
            cwd=cwd, env=process.environment({'HOME': str(cwd)}),
            stdin=subprocess.DEVNULL, text=True, check=check,
            stdout=subprocess.PIPE if capture else None)


def configuration(directory: Path, identity: keystone.Keystone
                  ) -> configparser.RawConfigParser:
    """tempest.conf: what there is, and who may make users."""
    parser = configparser.RawConfigParser(default_section='')
    parser.read_dict({
        'DEFAULT': {'log_dir': directory, 'log_file': 'tempest.log'},
        'oslo_concurrency': {'lock_path': directory / 'locks'},
        'auth': {
            'admin_username': 'admin', 'admin_password': 'admin',
            'admin_project_name': 'admin', 'admin_domain_name': 'Default',
            'tempest_roles': 'member', 'create_isolated_networks': False},
        'identity': {
            'auth_version': 'v3', 'uri_v3': identity.url,
            'region': keystone.REGION, 'v3_endpoint_type': 'public'},
        'service_available': {
            'cinder': True, 'glance': True, 'neutron': True, 'nova': False,
            'swift': False, 'horizon': False},
        'volume': {
            'catalog_type': 'block-storage', 'endpoint_type': 'public',
            'min_microversion': '3.0', 'max_microversion': 'latest',
            'build_interval': 1, 'build_timeout': 60},
        'volume-feature-enabled': {
            'snapshot': False, 'clone': False, 'backup': False,
            'api_extensions': 'os-volume-actions'},
        'image': {'endpoint_type': 'public'},
    })
    return parser


def report(tests: Sequence[outcome.Test], *, whole: bool) -> int:
    """Tell of what did not run; 1 if that was not to be expected.

    :param whole: all tests were asked for
    """
    skipped = [test for test in tests if test.status == 'skip']
    print(f'{len(skipped)} of {len(tests)} skipped:')
    for test in skipped:
        print(f'  {test.name}: {test.reason}')
    found = outcome.complaints(
        tests, outcome.patterns(outcome.SKIPPED),
        outcome.REQUIRED) if whole else []
    for complaint in found:
        print(complaint, file=sys.stderr)
    return 1 if found else 0


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 when every test passed."""
    regex = arguments[0] if arguments else ALL
    process.exit_on_signals()
    _ENVIRONMENT.make()
    with (tempfile.TemporaryDirectory(prefix='volupload-tempest-') as root,
          keystone.Keystone(Path(root, 'keystone')) as identity,
          glance.Glance(Path(root, 'glance'), identity),
          volupload.Standalone(volupload.Configuration(
              Path(root, 'volupload'), identity))):
        # Without a Neutron the tests of volume actions are skipped; one that
        # answers 404 will do.
        identity.publish('network', 'none', f'{identity.root_url}/none')
        workspace = Workspace(Path(root, 'tempest'), identity)
        if unused := outcome.unmatched(outcome.patterns(EXCLUDED),
                                       workspace.tests(ALL)):
            print('In exclude.txt, but no test of tempest:', *unused,
                  sep='\n  ', file=sys.stderr)
            return 1
        code = workspace.run(regex)
        return code or report(workspace.outcome(), whole=regex == ALL)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
