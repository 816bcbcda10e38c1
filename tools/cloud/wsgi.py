# SPDX-License-Identifier: Apache-2.0
"""A WSGI module under uWSGI, in the way that devstack and packagers use it.

uWSGI comes as a wheel (pyuwsgi), so that no compiler is needed. The settings
that matter to uploads:

* the HTTP socket belongs to the worker itself, no router process stands
  before it, and a request's body is read from the socket by the application:
  neither memory nor a disk holds a body on its way, whether it comes with a
  Content-Length or in chunks;
* a pause of up to a minute in a body is borne, not four seconds (the
  default), since a sender may wait for its disk;
* it closes the connection after each answer, and says so.
"""

from collections.abc import Mapping
from pathlib import Path
import sys

from tools.cloud import http
from tools.cloud import process
from tools.cloud import programs

# uWSGI looks for modules in its working directory, too, and stevedore looks
# for plug-ins anew, 1 s of CPU time, wherever such a directory has changed.
_UNCHANGED = Path(sys.prefix)


def daemon(name: str, module: str, port: int, *, directory: Path,
           environ: Mapping[str, str], health_path: str = '/',
           processes: int = 1, threads: int = 8,
           server: Path | None = None) -> process.Daemon:
    """A service made of `module` (`package.module:callable`) on `port`.

    :param server: the uwsgi program, where it is not the services' own
    :param environ: variables that tell the module its configuration
    :param health_path: answers below 500 once the service is ready
    """
    url = f'http://127.0.0.1:{port}{health_path}'
    return process.Daemon(
        name,
        [server or programs.in_venv('uwsgi'),
         *arguments(module, port, processes, threads)],
        log=directory / f'{name}.log', environ=environ, cwd=_UNCHANGED,
        healthy=lambda: http.answers(url))


def arguments(module: str, port: int, processes: int,
              threads: int) -> list[str]:
    """uWSGI's arguments for one WSGI module."""
    return [
        '--http-socket', f'127.0.0.1:{port}',
        '--module', module,
        '--processes', str(processes), '--threads', str(threads),
        # A lone worker needs no master, and ends at once without one.
        *(['--master', '--log-master'] if processes > 1 else []),
        '--lazy-apps', '--need-app', '--enable-threads',
        '--die-on-term', '--thunder-lock',
        # Tokens with a large catalogue do not fit the default of 4 KiB.
        '--buffer-size', '65535',
        '--socket-timeout', '60', '--chunked-input-timeout', '60',
        '--add-header', 'Connection: close',
        '--logformat', _LOG_FORMAT,
    ]


_LOG_FORMAT = ('%(addr) "%(method) %(uri) %(proto)" %(status) %(rsize) bytes '
               '%(msecs) ms')
