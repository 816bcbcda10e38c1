# SPDX-License-Identifier: Apache-2.0
"""./tools/demo: a volume becomes an image of a real Glance.

Step 1 makes a virtual environment; the other steps run in it. Everything is
below .cloud/ in the checkout and can be deleted at any time.
"""

import argparse
from collections.abc import Iterator
import contextlib
import fcntl
import os
from pathlib import Path
import shlex
import shutil
import sys
import time

from tools import environment
from tools import story
from tools.cloud import errors
from tools.cloud import process

ENVIRONMENT = environment.Environment(
    'demo', ('requirements.txt', 'tools/cloud/requirements.txt'))
DIRECTORY = environment.CACHE / 'demo'
# The volume, the image and the downloaded copy, and the environment.
_SPACE_GB = 4


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='tools/demo', description='Starts Keystone, Glance and '
        'volupload on loopback, uploads a volume, compares the image.')
    parser.add_argument(
        '--keep', action='store_true',
        help='keep the little cloud running afterwards, until Ctrl-C')
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """The exit code: 0 only when the image equals the volume."""
    options = parse(arguments)
    process.exit_on_signals()
    teller = story.Teller()
    try:
        _enter_environment(teller, arguments)
        with _alone():
            return _tell(teller, options.keep)
    except KeyboardInterrupt:
        print('\nStopped.')
        return 130
    except (errors.CloudError, environment.EnvironmentFailed) as error:
        print(f'\nThe demo failed: {error}', file=sys.stderr)
        return 1


def _enter_environment(teller: story.Teller, arguments: list[str]) -> None:
    """Make the environment and go on in it; returns only there."""
    if Path(sys.prefix) == ENVIRONMENT.directory:
        return
    print('volupload: a volume becomes an image of Glance.')
    free = shutil.disk_usage(environment.CHECKOUT).free
    if free < _SPACE_GB << 30:
        raise errors.CloudError(
            f'{environment.CHECKOUT} has only {free >> 20} MiB free; '
            f'{_SPACE_GB} GiB are needed')
    if ENVIRONMENT.is_ready:
        teller.step('The Python environment is there already')
    else:
        with teller.timed('Make a Python environment with volupload, '
                          'Keystone, Glance and the clients',
                          'the first time this takes a minute or two'):
            ENVIRONMENT.make()
    os.environ[story.STEP_VARIABLE] = str(teller.number)
    sys.stdout.flush()
    os.execv(ENVIRONMENT.python, [str(ENVIRONMENT.python), '-m',
                                  'tools.run_demo', *arguments])


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with (environment.CACHE / 'demo.running').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.CloudError(
                'it runs already; it uses one directory') from None
        yield


def _tell(teller: story.Teller, keep: bool) -> int:
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    started = time.monotonic()
    with story.Cloud(DIRECTORY, teller) as cloud:
        same = story.upload_a_volume(cloud, teller)
        print(f'\nFinished after {time.monotonic() - started:.0f} s.')
        if same and keep:
            _wait(cloud)
    _remove_bulk()
    if same and not keep:
        print('To play with the little cloud: ./tools/demo --keep')
    return 0 if same else 1


def _wait(cloud: story.Cloud) -> None:
    """Leave the cloud to the user until Ctrl-C."""
    openrc = DIRECTORY / 'openrc'
    openrc.write_text(cloud.user.openrc())
    print('\nThe little cloud stays up until Ctrl-C. In another shell:\n\n'
          f'    . {shlex.quote(str(openrc))}\n'
          '    openstack volume list\n'
          '    openstack image list\n'
          '    openstack volume create --size 1 another\n'
          '    openstack image create --volume another my-image\n\n'
          f'Logs and data are in {DIRECTORY}.')
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


def _remove_bulk() -> None:
    """Remove gigabytes and leave the logs."""
    for name in ('glance/images', 'volupload/volumes', 'image.raw'):
        path = DIRECTORY / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
