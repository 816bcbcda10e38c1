# SPDX-License-Identifier: Apache-2.0
"""Run a command in a network of its own: python3 -m tests.guide.network ...

There all ports are free, whatever this machine serves, and what listens is
reached by nobody outside. Ways to the outside (package indexes) go through
slirp4netns. Takes root, or sudo without a password.
"""

from collections.abc import Sequence
import os
import subprocess
import sys
import time

from tools.cloud import process
from tools.cloud import programs

#: Where names are resolved, in that network.
DNS = '10.0.2.3'
# Waits for a line: the way out is made when the network is there already.
_WHEN_TOLD = 'read -r _ && exec "$@" < /dev/null'


def run(command: Sequence[str]) -> int:
    """The exit code of the command."""
    unshare = programs.of_debian('unshare', 'util-linux')
    with subprocess.Popen(
            [unshare, '--net', '--', 'sh', '-c', _WHEN_TOLD, 'sh', *command],
            stdin=subprocess.PIPE) as inside:
        assert inside.stdin is not None
        _await_network(inside.pid)
        ready, told = os.pipe()
        way = subprocess.Popen(
            [programs.of_debian('slirp4netns', 'slirp4netns'), '--configure',
             '--mtu=65520', '--disable-host-loopback', f'--ready-fd={told}',
             str(inside.pid), 'tap0'], pass_fds=[told],
            stdout=subprocess.DEVNULL)
        os.close(told)
        try:
            if os.read(ready, 1):
                inside.stdin.write(b'\n')
            inside.stdin.close()
            return inside.wait()
        finally:
            inside.terminate()
            way.terminate()
            way.wait()


def _await_network(pid: int) -> None:
    """Until the process has another network than we."""
    while (os.readlink(f'/proc/{pid}/ns/net')
           == os.readlink('/proc/self/ns/net')):
        time.sleep(0.01)


def main(command: Sequence[str]) -> int:
    if os.geteuid():
        os.execvp('sudo', [
            'sudo', '--non-interactive', 'env', f'PATH={os.environ["PATH"]}',
            sys.executable, '-m', 'tests.guide.network', *command])
    process.exit_on_signals()
    return run(command)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
