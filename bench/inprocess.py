# SPDX-License-Identifier: Apache-2.0
"""The same application in this process, to see where its time goes."""

from collections.abc import Callable
import cProfile
import io
import json
import os
import pstats
import time
from typing import Any

from bench import stack

_WARM_UP = 20
_LINES = 45

Ask = Callable[[str], None]


def profile(around: stack.Stack, count: int) -> None:
    """Print CPU per request, then what cProfile saw of it, for both kinds."""
    os.environ['VOLUPLOAD_CONFIG_FILES'] = str(around.configuration.file)
    from volupload.wsgi import api  # reads the configuration
    client = _Client(api.application, around)
    for name, ask in (('GET', client.show), ('202', client.upload)):
        _run(ask, around.make_volumes(_WARM_UP))
        volumes = around.make_volumes(count)
        began = time.process_time()
        _run(ask, volumes)
        used = (time.process_time() - began) / count * 1000
        print(f'\n{name}: {used:.2f} ms CPU a request, without a server, and '
              'then of a slower one under the profiler:')
        # This thread's CPU only: what it waits for is not its cost.
        profiler = cProfile.Profile(time.thread_time)
        volumes = around.make_volumes(count)
        profiler.enable()
        _run(ask, volumes)
        profiler.disable()
        _show(profiler, count)


def _run(ask: Ask, volumes: list[str]) -> None:
    for volume_id in volumes:
        ask(volume_id)


def _show(profiler: cProfile.Profile, count: int) -> None:
    for order in ('cumulative', 'tottime'):
        text = io.StringIO()
        pstats.Stats(profiler, stream=text).sort_stats(order).print_stats(
            _LINES)
        print(text.getvalue())


class _Client:

    def __init__(self, application: Any, around: stack.Stack) -> None:
        self._application = application
        self._stack = around
        self._body = json.dumps(stack.upload_body()).encode()

    def show(self, volume_id: str) -> None:
        self._ask('GET', self._stack.path(volume_id), b'', '200')

    def upload(self, volume_id: str) -> None:
        self._ask('POST', f'{self._stack.path(volume_id)}/action',
                  self._body, '202')

    def _ask(self, method: str, path: str, body: bytes,
             wanted: str) -> None:
        answered = []
        environ = {
            'REQUEST_METHOD': method, 'PATH_INFO': path, 'SCRIPT_NAME': '',
            'QUERY_STRING': '', 'SERVER_NAME': '127.0.0.1',
            'SERVER_PORT': '80', 'SERVER_PROTOCOL': 'HTTP/1.1',
            'HTTP_HOST': '127.0.0.1', 'REMOTE_ADDR': '127.0.0.1',
            'HTTP_X_AUTH_TOKEN': self._stack.token.id,
            'HTTP_ACCEPT': 'application/json',
            'CONTENT_TYPE': 'application/json' if body else '',
            'CONTENT_LENGTH': str(len(body)), 'wsgi.url_scheme': 'http',
            'wsgi.input': io.BytesIO(body), 'wsgi.errors': io.StringIO(),
            'wsgi.version': (1, 0), 'wsgi.multithread': True,
            'wsgi.multiprocess': True, 'wsgi.run_once': False}
        answer = b''.join(self._application(
            environ, lambda status, headers: answered.append(status)))
        if not answered[0].startswith(wanted):
            raise SystemExit(f'{answered[0]}: {answer.decode()}')
