# SPDX-License-Identifier: Apache-2.0
"""Builds the WSGI application from ``api-paste.ini``.

The file names two composites, and the factories of both are here: the root
shares out by path, and the API has one pipeline for each way to learn who
asks, of which ``[api] auth_strategy`` picks one.
"""

from collections.abc import Iterable
import configparser
import os
import sys
from typing import Any

from paste import deploy

from volupload import exception
from volupload import policy
from volupload import tracing
from volupload.api import wsgi
from volupload.api.middleware import auth_token  # noqa: F401  its options
from volupload.api.types import Environ
from volupload.api.types import StartResponse
from volupload.api.types import WSGIApp
from volupload.conf import CONF
from volupload.image.glance import ImageService
from volupload.volume.api import API

NAME = 'volupload'


def load() -> WSGIApp:
    """The application that [api] paste_config describes.

    :raises SystemExit: something in it, or in the options that its filters
        and its image service read, cannot work; with one line that says what.
    """
    try:
        policy.init()
        ImageService().check_config()
        tracing.start()
        return _load(_paste_file())
    except exception.ConfigError as error:
        raise SystemExit(f'{CONF.prog}: {error}') from None


def _load(path: str) -> WSGIApp:
    try:
        app: WSGIApp = deploy.loadapp(f'config:{path}', name=NAME)
    except (LookupError, ImportError, configparser.Error) as error:
        raise exception.ConfigError(
            section='api', option='paste_config',
            reason=f'{path}: {" ".join(str(error).split())}') from error
    return app


def _paste_file() -> str:
    name: str = CONF.api.paste_config
    for path in (CONF.find_file(name), *_installed(name)):
        if path and os.path.isfile(path):
            return os.path.abspath(path)
    raise exception.ConfigError(section='api', option='paste_config',
                                reason=f'{name} could not be found')


def _installed(name: str) -> list[str]:
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    return [os.path.join(root, 'etc', 'volupload', name)
            for root in (checkout, sys.prefix)]


class Root:
    """Shares out by the first part of the path; the rest is the default's.

    Paste's own map would also fold ``//`` into ``/``, and then a URL without
    a project would be taken for another one.
    """

    def __init__(self, mounts: dict[str, WSGIApp], default: WSGIApp) -> None:
        self._mounts = mounts
        self._default = default

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        app = self._mounts.get(environ.get('PATH_INFO', ''), self._default)
        return app(environ, start_response)


def root_factory(loader: Any, global_conf: dict[str, str],
                 **paths: str) -> Root:
    """:param paths: from a path to the name of what answers it."""
    apps = {path: loader.get_app(name, global_conf=global_conf)
            for path, name in paths.items()}
    return Root(apps, default=apps.pop('/'))


def auth_factory(loader: Any, global_conf: dict[str, str],
                 **pipelines: str) -> WSGIApp:
    """:param pipelines: names of filters and then the app, by strategy."""
    *filters, last = pipelines[CONF.api.auth_strategy].split()
    app: WSGIApp = loader.get_app(last, global_conf=global_conf)
    for name in reversed(filters):
        app = loader.get_filter(name, global_conf=global_conf)(app)
    return app


def app_factory(global_conf: dict[str, str], **local_conf: str) -> WSGIApp:
    return wsgi.Application(API())
