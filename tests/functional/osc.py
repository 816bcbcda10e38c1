# SPDX-License-Identifier: Apache-2.0
"""A shell with the commands of the openstack client, and a service."""

import io
import json
import logging
from typing import Any

from cliff import app as cliff_app
from cliff import commandmanager
import fixtures
from openstack import connection

from tests.functional import base
from tests.functional.base import PROJECT
from volupload.osc import commands

COMMANDS = {'create': commands.CreateUpload, 'list': commands.ListUploads,
            'show': commands.ShowUpload, 'cancel': commands.CancelUpload}


class Client:
    """What the client hands to its commands."""

    def __init__(self, url: str) -> None:
        self.sdk_connection = connection.Connection(
            auth_type='none', block_storage_endpoint_override=(
                f'{url}/v3/{PROJECT}'))


class Shell(cliff_app.App):
    """A shell that has these commands only."""

    def __init__(self, url: str) -> None:
        manager = commandmanager.CommandManager('volupload.none')
        for name, command in COMMANDS.items():
            manager.add_command(name, command)
        self.out, self.err = io.StringIO(), io.StringIO()
        super().__init__('openstack', '1', manager, stdin=io.StringIO(),
                         stdout=self.out, stderr=self.err)
        self.client_manager = Client(url)

    def configure_logging(self) -> None:
        """Errors are logged, and the client's log is what a user sees."""
        handler = logging.StreamHandler(self.err)
        handler.setLevel(logging.ERROR)
        self.LOG.addHandler(handler)

    def clean_up(self, *args: Any) -> None:
        self.LOG.handlers.clear()


class CommandsTestCase(base.ApiTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.url = self.useFixture(base.Served(self.app)).url

    def run_command(self, *arguments: str) -> tuple[int, str]:
        """Exit status, and what was printed."""
        shell = Shell(self.url)
        with fixtures.MonkeyPatch('sys.stderr', shell.err):
            status = shell.run(list(arguments))
        self.addCleanup(shell.client_manager.sdk_connection.close)
        self.said = shell.err.getvalue()
        return status, shell.out.getvalue()

    def ask_for(self, *arguments: str) -> Any:
        status, out = self.run_command(*arguments, '-f', 'json')
        self.assertEqual(0, status, self.said)
        return json.loads(out)
