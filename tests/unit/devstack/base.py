# SPDX-License-Identifier: Apache-2.0
"""The plugin, sourced as stack.sh does it, with functions of our own."""

import configparser
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]


class Stack:
    """
    :param directory: for everything that the plugin writes.
    :param functions: files with more functions, which win over ours.
    :param values: of variables.
    """

    def __init__(self, directory: pathlib.Path,
                 functions: tuple[pathlib.Path, ...] = (),
                 **values: str) -> None:
        self.calls_file = directory / 'calls'
        self.conf_dir = directory / 'etc'
        self.state = directory / 'state'
        self._files = (HERE / 'functions.sh', *functions)
        self._environ = {
            'PATH': ':'.join(filter(None, (
                str(pathlib.Path(sys.executable).parent),
                values.pop('MORE_PATH', None), os.environ['PATH']))),
            'CALLS': str(self.calls_file), 'PYTHON': sys.executable,
            'INISET': str(HERE / 'iniset.py'), 'DEST': str(directory),
            'DATA_DIR': str(directory), 'VOLUPLOAD_DIR': str(ROOT),
            'VOLUPLOAD_CONF_DIR': str(self.conf_dir),
            'VOLUPLOAD_STATE_PATH': str(self.state),
            'DATABASE_URL': f'sqlite:///{directory}/volupload.db',
            'TRANSPORT_URL': 'rabbit://u:hush@127.0.0.1:5672/',
            'KEYSTONE_SERVICE_URI': 'http://127.0.0.1/identity',
            'SERVICE_PASSWORD': 'hush', 'SERVICE_PROTOCOL': 'http',
            'SERVICE_HOST': '192.0.2.1', 'REGION_NAME': 'RegionOne',
            'ENABLE_DEBUG_LOG_LEVEL': 'True', 'SSL_BUNDLE_FILE': '',
            'ENABLED_SERVICES': 'key g-api vu-api vu-vol', **values}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Source settings and plugin.sh with these arguments."""
        sources = ' '.join(f'source {file};' for file in self._files)
        devstack = ROOT / 'devstack'
        self.calls_file.write_text('')
        return subprocess.run(
            ['bash', '-euc',
             f'STACK_USER=$(id -un); {sources} source {devstack}/settings; '
             f'source {devstack}/plugin.sh "$@"', 'bash', *arguments],
            env=self._environ, text=True, capture_output=True)

    def calls(self) -> list[str]:
        """What was called since the last run began."""
        return self.calls_file.read_text().splitlines()

    def options(self, name: str = 'volupload.conf',
                ) -> configparser.RawConfigParser:
        parser = configparser.RawConfigParser(default_section='')
        parser.read(self.conf_dir / name)
        return parser
