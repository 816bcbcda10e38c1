# SPDX-License-Identifier: Apache-2.0
"""A real Keystone with what the demo and the tests need in it.

===========  =========  ================================================
user         project    roles
===========  =========  ================================================
admin        admin      admin (on demo and on the system, too)
demo         demo       member
reader       demo       reader
other        other      member
volupload    service    admin and service: it sends the data of every
                        project's images, which Glance's policy grants
                        to admins only
glance       service    service: it validates tokens
===========  =========  ================================================

Every user's password is its name. The catalogue starts with the identity
service; whoever starts another service publishes it.
"""

import base64
import dataclasses
import inspect
import os
from pathlib import Path
import sys
import threading
from typing import Any

from tools.cloud import errors
from tools.cloud import http
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service
from tools.cloud import templates
from tools.cloud import wsgi

REGION = 'RegionOne'
PROJECTS = ('demo', 'other', 'service')
# User -> (home project, roles there); bootstrap makes the admin.
USERS = {
    'demo': ('demo', ('member',)),
    'reader': ('demo', ('reader',)),
    'other': ('other', ('member',)),
    'volupload': ('service', ('admin', 'service')),
    'glance': ('service', ('service',)),
}

_CONFIG = '''\
[DEFAULT]
debug = {debug}

[database]
connection = sqlite:///{directory}/keystone.sqlite

[identity]
# The least that bcrypt takes: these passwords protect nothing.
password_hash_rounds = 4

[fernet_tokens]
key_repository = {directory}/fernet-keys

[fernet_receipts]
key_repository = {directory}/fernet-keys

[credential]
key_repository = {directory}/credential-keys

[cache]
{cache}

[oslo_middleware]
enable_proxy_headers_parsing = true
'''


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """A token and the ids of whom it stands for."""

    id: str
    user_id: str
    project_id: str
    catalog: tuple[dict[str, Any], ...] = ()


class Keystone(service.Service):
    """Keystone on loopback.

    :param port: a free one unless given
    :param memcached: host:port of a cache, shared by the worker processes
    """

    def __init__(self, directory: Path, *, port: int | None = None,
                 processes: int = 1, threads: int = 8,
                 memcached: str | None = None, debug: bool = False) -> None:
        super().__init__(directory)
        self.port = port or ports.free_port()
        self.root_url = f'http://127.0.0.1:{self.port}'
        self.url = f'{self.root_url}/v3'
        self.daemon = wsgi.daemon(
            'keystone', 'keystone.wsgi.api:application', self.port,
            directory=self.directory, health_path='/v3',
            environ={'OS_KEYSTONE_CONFIG_FILES': str(self.config_file)},
            processes=processes, threads=threads)
        self._processes = processes
        self._memcached = memcached
        self._debug = debug
        self._template = templates.Template(
            'keystone', inspect.getsource(sys.modules[__name__]))
        self._populated = False
        self._ids: dict[tuple[str, str], str] = {}
        self._admin: Token | None = None
        self._lock = threading.Lock()

    @property
    def config_file(self) -> Path:
        return self.directory / 'keystone.conf'

    @property
    def _database(self) -> Path:
        return self.directory / 'keystone.sqlite'

    def prepare(self) -> None:
        self._write_configuration()
        self._populated = self._template.copy_to(self._database)
        if not self._populated:
            self._make_database()

    def settle(self) -> None:
        if not self._populated:
            self._populate()
            self._template.keep(self._database)
        self.publish('identity', 'keystone', self.url)
        # The first login of a day writes into the user's row, and of two that
        # come at once SQLite lets one fail.
        for user in USERS:
            self.token(user)

    def _write_configuration(self) -> None:
        for repository in ('fernet-keys', 'credential-keys'):
            _write_keys(self.directory / repository)
        self.config_file.write_text(_CONFIG.format(
            directory=self.directory, cache=self._cache(),
            debug=self._debug))

    def _cache(self) -> str:
        """Options of the cache, without which a request costs 0.4 s.

        A dictionary in the process serves one process only: a second one
        would not hear of a change.
        """
        if self._memcached is not None:
            return ('enabled = true\nbackend = dogpile.cache.memcached\n'
                    f'memcache_servers = {self._memcached}')
        alone = self._processes == 1
        return f'enabled = {alone}\nbackend = oslo_cache.dict'

    def _make_database(self) -> None:
        self._manage('db_sync')
        self._manage('bootstrap', '--bootstrap-password', 'admin',
                     '--bootstrap-region-id', REGION)

    def _manage(self, *arguments: str) -> None:
        process.run(
            [programs.in_venv('keystone-manage'),
             '--config-file', self.config_file, *arguments],
            log=self.directory / 'keystone-manage.log')

    def _populate(self) -> None:
        for project in PROJECTS:
            self._create('project', name=project)
        for name, (project, roles) in USERS.items():
            self._create('user', name=name, password=name,
                         default_project_id=self.id_of('project', project))
            for role in roles:
                self.grant(name, project, role)
        self.grant('admin', 'demo', 'admin')

    def _create(self, kind: str, **fields: Any) -> str:
        made = self.call('POST', f'/{kind}s', {kind: fields})
        return str(made[kind]['id'])

    def grant(self, user: str, project: str, role: str) -> None:
        """Give a user a role on a project, all by name."""
        self.call('PUT', f'/projects/{self.id_of("project", project)}'
                         f'/users/{self.id_of("user", user)}'
                         f'/roles/{self.id_of("role", role)}')

    def id_of(self, kind: str, name: str) -> str:
        """The id of a project, user or role by its name."""
        key = (kind, name)
        if key not in self._ids:
            found = self.call('GET', f'/{kind}s?name={name}')[f'{kind}s']
            if not found:
                raise errors.CloudError(f'Keystone has no {kind} {name}')
            self._ids[key] = found[0]['id']
        return self._ids[key]

    def publish(self, service_type: str, name: str, url: str) -> None:
        """Put a service with one URL for all interfaces in the catalogue.

        A service that is there already gets the new URL instead of its own.

        :param url: may hold $(project_id)s
        """
        with self._lock:
            service_id = self._service(service_type, name)
            listed = self.call('GET', f'/endpoints?service_id={service_id}')
            for endpoint in listed['endpoints']:
                self.call('DELETE', f'/endpoints/{endpoint["id"]}')
            for interface in ('public', 'internal', 'admin'):
                self._create('endpoint', service_id=service_id, url=url,
                             interface=interface, region_id=REGION)

    def withdraw(self, service_type: str) -> None:
        """Take a service out of the catalogue."""
        listed = self.call('GET', f'/services?type={service_type}')
        for found in listed['services']:
            self.call('DELETE', f'/services/{found["id"]}')

    def _service(self, service_type: str, name: str) -> str:
        listed = self.call('GET', f'/services?type={service_type}')
        if listed['services']:
            return str(listed['services'][0]['id'])
        return self._create('service', type=service_type, name=name)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to /v3 as the admin; the decoded answer, if any.

        :raises CloudError: Keystone refused
        """
        if self._admin is None:
            self._admin = self.token('admin')
        answer = http.request(method, self.url + path, json_body=body,
                              token=self._admin.id)
        if answer.status == 401:
            # Its hour is over, or somebody changed what the admin may do.
            self._admin = self.token('admin')
            answer = http.request(method, self.url + path, json_body=body,
                                  token=self._admin.id)
        if answer.status >= 300:
            raise errors.CloudError(
                f'Keystone answered {method} {path} with {answer.status}: '
                f'{answer.body.decode(errors="replace")}')
        return answer.json if answer.body else None

    def token(self, user: str, project: str | None = None, *,
              password: str | None = None) -> Token:
        """A fresh token for a user, by default on its home project.

        :raises CloudError: Keystone refused
        """
        domain = {'id': 'default'}
        answer = http.request('POST', f'{self.url}/auth/tokens', json_body={
            'auth': {
                'identity': {
                    'methods': ['password'],
                    'password': {'user': {
                        'name': user, 'domain': domain,
                        'password': password or user}}},
                'scope': {'project': {
                    'name': project or home_of(user), 'domain': domain}}}})
        if answer.status != 201:
            raise errors.CloudError(
                f'Keystone answered {answer.status} to {user}: '
                f'{answer.body.decode(errors="replace")}')
        body = answer.json['token']
        return Token(answer.headers['X-Subject-Token'], body['user']['id'],
                     body['project']['id'], tuple(body.get('catalog', ())))

    def auth_options(self, user: str) -> dict[str, str]:
        """keystoneauth1's options of a section in a service's file."""
        return {
            'auth_type': 'password',
            'auth_url': self.url,
            'username': user,
            'password': user,
            'project_name': home_of(user),
            'user_domain_id': 'default',
            'project_domain_id': 'default',
            'region_name': REGION,
        }


def home_of(user: str) -> str:
    """The project of which a user's token is where none is named."""
    return USERS[user][0] if user in USERS else user


def _write_keys(repository: Path) -> None:
    """Write a primary and a staged key as `keystone-manage` does.

    Two files of random bytes are all that it is; its own command takes two
    seconds to say so.
    """
    repository.mkdir(mode=0o700, parents=True)
    for name in ('0', '1'):
        key = base64.urlsafe_b64encode(os.urandom(32))
        (repository / name).write_bytes(key)
