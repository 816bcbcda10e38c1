# SPDX-License-Identifier: Apache-2.0
"""Holds the order of imports that HACKING.rst tells of.

The tree is read with ast, so an import counts wherever it stands: inside a
function, or for the type checker only.
"""

import ast
from collections.abc import Iterator
import os
import pathlib
import subprocess
import sys

from tests import base

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / 'volupload'

# From the top down: a room may use every room of the rows below its own.
ROWS = (
    ('cmd', 'wsgi', 'service', 'report', 'osc'),
    ('api',),
    ('volume.api', 'volume.manager'),
    ('volume.rpcapi', 'image', 'backends', 'transfer', 'db'),
    ('volume.rpcapi', 'db'),   # the row that others are told of
    ('rpc', 'context'),
    ('policy', 'tracing'),
    ('volume.status', 'policies', 'conf', 'exception', 'metrics', 'version'),
)

# Modules that are a part of the room of another.
PART_OF = {
    'volume.announcer': 'volume.rpcapi',
    'volume.actions_api': 'volume.api',
    'volume.aside': 'volume.rpcapi',
    'volume.beginnings': 'volume.api',
    'volume.catalogue': 'volume.api',
    'volume.reach': 'volume.api',
    'volume.upload_api': 'volume.api',
    'volume.compression': 'volume.manager',
    'volume.encryption': 'volume.rpcapi',
    'volume.endings': 'volume.manager',
    'volume.exporter': 'volume.manager',
    'volume.image_properties': 'volume.api',
    'volume.keeper': 'volume.manager',
    'volume.leftovers': 'volume.api',
    'volume.loop': 'volume.manager',
    'volume.metered': 'volume.manager',
    'volume.notifications': 'volume.rpcapi',
    'volume.reaper': 'volume.manager',
    'volume.retries': 'volume.manager',
    'volume.service': 'volume.manager',
    'volume.slots': 'volume.manager',
    'volume.uploader': 'volume.manager',
    'volume.watch': 'volume.manager',
}

# The few rooms of one row that know another of it: who, whom.
BESIDE = {
    ('cmd', 'service'),
    ('wsgi', 'cmd'),
    ('wsgi', 'service'),
    ('cmd', 'report'),
    ('wsgi', 'report'),
    ('service', 'report'),
    ('backends', 'transfer'),
    ('image', 'transfer'),     # what a sink gets, what a volume is read by
    ('volume.rpcapi', 'db'),   # the row that others are told of
    ('rpc', 'context'),
    ('conf', 'exception'),
    ('conf', 'version'),
}

LEVELS = {room: level for level, row in enumerate(ROWS) for room in row}


def sources(*folders: pathlib.Path) -> Iterator[pathlib.Path]:
    for folder in folders:
        yield from sorted(folder.rglob('*.py'))


def module_name(path: pathlib.Path) -> str:
    """`volupload/api/app.py` is `volupload.api.app`."""
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imported(path: pathlib.Path) -> Iterator[str]:
    """Dotted names; of `from a import b` both `a.b`, be `b` what it may."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path} has a relative import'
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def room(dotted: str) -> str | None:
    """The room of a module or name of ours, None for volupload itself."""
    inside = dotted.removeprefix('volupload').removeprefix('.')
    for part in (*PART_OF, *LEVELS):
        if f'{inside}.'.startswith(f'{part}.'):
            return PART_OF.get(part, part)
    return None


def uses() -> Iterator[tuple[str, str, str]]:
    """Every import of ours by ours: module, its room, the room used."""
    for path in sources(PACKAGE):
        name = module_name(path)
        own = room(name)
        for target in imported(path):
            if own and target.split('.')[0] == 'volupload':
                used = room(target)
                if used and used != own:
                    yield name, own, used


class TestLayering(base.TestCase):

    def test_every_module_has_a_room(self) -> None:
        homeless = [name for name in map(module_name, sources(PACKAGE))
                    if room(name) is None
                    and name not in ('volupload', 'volupload.volume')]
        self.assertEqual([], homeless)

    def test_every_room_exists(self) -> None:
        rooms = {room(module_name(path)) for path in sources(PACKAGE)}
        self.assertEqual(set(LEVELS), rooms - {None})

    def test_imports_go_down_only(self) -> None:
        wrong = [f'{module} imports {used}' for module, own, used in uses()
                 if LEVELS[used] <= LEVELS[own] and (own, used) not in BESIDE]
        self.assertEqual([], wrong)

    def test_every_exception_of_the_order_is_needed(self) -> None:
        self.assertEqual(set(), BESIDE - {
            (own, used) for _module, own, used in uses()})

    def test_api_and_manager_never_meet(self) -> None:
        together = [f'{module} imports {used}' for module, own, used in uses()
                    if own in ('wsgi', 'api') and used == 'volume.manager']
        self.assertEqual([], together)

    def test_transfer_knows_nothing_of_ours_but_exceptions(self) -> None:
        self.assertEqual({'exception'}, {
            used for _module, own, used in uses() if own == 'transfer'})

    def test_transfer_needs_no_library_but_python(self) -> None:
        outside = {target.split('.')[0]
                   for path in sources(PACKAGE / 'transfer')
                   for target in imported(path)}
        self.assertEqual(set(), outside - sys.stdlib_module_names
                         - {'volupload', 'oslo_utils', 'isal'})

    def test_commands_of_the_client_need_nothing_of_the_service(
            self) -> None:
        self.assertEqual(set(), {
            used for _module, own, used in uses() if own == 'osc'})
        others = [name for path in sources(PACKAGE)
                  for name in (module_name(path),) for target in imported(path)
                  if target.split('.')[0] in ('openstack', 'osc_lib', 'cliff')
                  and room(name) != 'osc']
        self.assertEqual([], others)

    def test_only_the_api_knows_http(self) -> None:
        wrong = [f'{name} imports {target}'
                 for path in sources(PACKAGE)
                 for name in (module_name(path),) for target in imported(path)
                 if target.split('.')[0] in ('webob', 'routes', 'paste')
                 and room(name) not in ('api', 'wsgi')]
        self.assertEqual([], wrong)

    def test_only_db_knows_sql(self) -> None:
        wrong = [f'{name} imports {target}'
                 for path in sources(PACKAGE)
                 for name in (module_name(path),) for target in imported(path)
                 if target.split('.')[0] in ('sqlalchemy', 'alembic')
                 and room(name) != 'db']
        self.assertEqual([], wrong)


class TestThreads(base.TestCase):

    def test_nobody_imports_eventlet(self) -> None:
        wrong = [str(path) for path in sources(
                     PACKAGE, ROOT / 'tests', ROOT / 'tools')
                 for target in imported(path)
                 if target.split('.')[0] in ('eventlet', 'greenlet', 'gevent')]
        self.assertEqual([], wrong)

    def test_threads_are_chosen_before_anything_else(self) -> None:
        body = ast.parse((PACKAGE / 'cmd' / '__init__.py').read_text()).body
        imports = [ast.unparse(node) for node in body
                   if isinstance(node, ast.Import | ast.ImportFrom)]
        self.assertEqual(['import os', 'import warnings',
                          'from oslo_service import backend'], imports)
        self.assertEqual(
            'backend.init_backend(backend.BackendType.THREADING)',
            ast.unparse(body[-1]))

    def test_every_program_runs_on_threads(self) -> None:
        programs = [module_name(path) for path in sources(PACKAGE / 'cmd')]
        self.assert_on_threads(*programs)

    def test_wsgi_application_runs_on_threads(self) -> None:
        config = pathlib.Path(self.state_path) / 'volupload.conf'
        config.write_text('[DEFAULT]\ntransport_url = fake://\n'
                          f'state_path = {self.state_path}\n'
                          '[api]\nauth_strategy = noauth\n'
                          '[glance]\nauth_type = none\n')
        self.assert_on_threads('volupload.wsgi.api',
                               VOLUPLOAD_CONFIG_FILES=str(config))

    def assert_on_threads(self, *modules: str, **environ: str) -> None:
        """In a process of its own: another test has chosen for this one."""
        script = (
            f'import {", ".join(modules)}\n'
            'from oslo_service import backend\n'
            'chosen = backend.get_backend_type()\n'
            'assert chosen == backend.BackendType.THREADING, chosen\n')
        done = subprocess.run(
            [sys.executable, '-c', script], cwd=ROOT, text=True,
            env=os.environ | environ, capture_output=True)
        self.assertEqual(0, done.returncode, done.stderr)
