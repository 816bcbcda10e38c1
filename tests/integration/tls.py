# SPDX-License-Identifier: Apache-2.0
"""What doc/source/admin/tls.rst has one type and write, for the tests of it.

Other than on the page are addresses, ports, paths, passwords and accounts,
and nothing else.

What has a certificate is reached at two addresses. One is in it; the other,
`ELSEWHERE`, is as good as a server with the certificate of another host.
"""

import configparser
from pathlib import Path
import ssl
import subprocess

from tests.fixtures import pages
from tests.integration import shipped
from tools.cloud import process

PAGE = 'doc/source/admin/tls'
HERE = '127.0.0.1'
ELSEWHERE = '127.0.0.2'
PASSWORD = 'not-for-any-log'
#: The commands of the page that were run so far.
ran: set[str] = set()


def files(path: str) -> list[str]:
    """The texts of the page's files of that path, in the page's order."""
    found = [step.text for step in pages.steps(PAGE)
             if isinstance(step, pages.File) and step.path == path]
    assert found, f'{PAGE}.rst has no {path}'
    return found


def file(path: str, replaced: dict[str, str]) -> str:
    """The text of the one file of that path."""
    [text] = files(path)
    return shipped.replace(text, replaced)


def command(word: str) -> pages.Command:
    """The one command of the page that holds this word."""
    [found] = [step for step in pages.commands(PAGE) if word in step.text]
    return found


def run(word: str, replaced: dict[str, str], directory: Path,
        user: str | None = None, **environ: str) -> str:
    """Run the one command of the page that holds this word; what it says.

    :param user: the account to run it as
    :raises AssertionError: it failed
    """
    text = command(word).text
    ran.add(text)
    done = subprocess.run(
        ['bash', '-c', shipped.replace(text, replaced)],
        cwd=directory, env=process.environment(environ), user=user,
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def options(text: str) -> dict[str, dict[str, object]]:
    """Section -> option -> value of a file as oslo.config reads it."""
    parser = configparser.RawConfigParser(default_section='')
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


class Authority:
    """A CA, and the certificates of the hosts if it issues some."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        #: where the page has /etc/ssl/cloud and /etc/haproxy
        self.installed = directory / 'installed'
        self.haproxy = directory / 'haproxy'
        for each in (directory, self.installed, self.haproxy):
            each.mkdir(parents=True)
        self.ca = directory / 'ca.pem'
        run('/CN=A CA', {}, directory)

    def issue(self) -> None:
        installed = {'/etc/ssl/cloud': str(self.installed)}
        run('/CN=$host', {'DNS:$host': f'DNS:$host,IP:{HERE}'},
            self.directory)
        run('install -D -m 0644', installed, self.directory)
        run('install -D -m 0640', {**installed, '-g ssl-cert ': ''},
            self.directory)
        run('/etc/haproxy', {'/etc/haproxy': str(self.haproxy)},
            self.directory)

    def context(self) -> ssl.SSLContext:
        """What a client who knows this CA has."""
        return ssl.create_default_context(cafile=str(self.ca))
