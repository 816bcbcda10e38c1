# SPDX-License-Identifier: Apache-2.0
"""A backend that keeps each volume as one raw, sparse file.

The file is ``<path>/<volume id>``. It comes into being whole: made under a
temporary name, given its size, written to disk, and only then linked to its
own name; a crash leaves a volume or none, and at worst a temporary file that
the next start removes. A link, unlike a rename, never replaces a volume that
is there. Somebody at work holds a lock on the temporary file, so that a
second manager on the same directory lets it be.

Files are opened without following symbolic links and have to be regular
files; ids have to be UUIDs before they become part of a path.
"""

from collections.abc import Iterator
import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from typing import NoReturn
import uuid

from oslo_log import log as logging

from volupload import exception
from volupload.conf import CONF
from volupload.transfer.sources.file import FileSource

LOG = logging.getLogger(__name__)

_PREFIX = '.creating-'


class FileBackend:
    """Volumes in the directory ``path``, under the backend's ``name``."""

    def __init__(self, name: str, path: str, *,
                 direct_io: bool = True) -> None:
        """
        :param direct_io: whether to read volumes past the page cache.
        :raises ConfigError: the directory cannot be used.
        """
        self.name = name
        self.path = os.path.abspath(path)
        self._direct_io = direct_io
        self._make_directory()
        self._remove_leftovers()

    @classmethod
    def from_conf(cls, name: str) -> 'FileBackend':
        return cls(name, CONF[name].path, direct_io=CONF[name].direct_io)

    def create(self, volume_id: str, size: int) -> None:
        path = self._path(volume_id)
        with self._told('cannot create volume', volume_id):
            try:
                self._make(path, volume_id, size)
            except FileNotFoundError:
                # A manager that just started took the temporary file, which
                # had no lock on it yet, for a leftover.
                self._make(path, volume_id, size)
            self._sync_directory()

    def delete(self, volume_id: str) -> None:
        path = self._path(volume_id)
        with self._told('cannot delete volume', volume_id):
            try:
                os.unlink(path)
            except FileNotFoundError:
                LOG.info('Volume %s was deleted before.', volume_id)
            self._sync_directory()

    def open(self, volume_id: str, size: int) -> FileSource:
        path = self._path(volume_id)
        with self._told('cannot open volume', volume_id):
            # Without O_NONBLOCK, opening a fifo would wait for a writer.
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
                         | os.O_CLOEXEC)
        try:
            self._check_volume(os.fstat(fd), volume_id, size)
            return FileSource(fd, size, direct=self._direct_io)
        except BaseException:
            os.close(fd)
            raise

    def _path(self, volume_id: str) -> str:
        """
        :raises BackendError: for anything but a UUID in its usual form.
        """
        try:
            usual = str(uuid.UUID(volume_id))
        except (ValueError, AttributeError, TypeError):
            usual = ''
        if not usual or volume_id != usual:
            self._fail(f'{volume_id!r} is no volume id')
        return os.path.join(self.path, volume_id)

    def _make(self, path: str, volume_id: str, size: int) -> None:
        with self._temporary_file() as (fd, temporary):
            os.ftruncate(fd, size)
            os.fsync(fd)
            try:
                os.link(temporary, path)
            except FileExistsError:
                self._check_same(path, volume_id, size)

    def _check_volume(self, status: os.stat_result, volume_id: str,
                      size: int) -> None:
        if not stat.S_ISREG(status.st_mode):
            self._fail(f'volume {volume_id} is not a regular file')
        if status.st_size < size:
            self._fail(f'volume {volume_id} has {status.st_size} bytes, '
                       f'{size} were expected')

    def _check_same(self, path: str, volume_id: str, size: int) -> None:
        """A creation that was done before a crash may be asked for again."""
        status = os.lstat(path)
        self._check_volume(status, volume_id, size)
        if status.st_size != size:
            self._fail(f'volume {volume_id} is there already with '
                       f'{status.st_size} bytes')

    @contextlib.contextmanager
    def _temporary_file(self) -> Iterator[tuple[int, str]]:
        fd, path = tempfile.mkstemp(prefix=_PREFIX, dir=self.path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd, path
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            os.close(fd)

    def _make_directory(self) -> None:
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.path, 0o700)
            status = os.stat(self.path)
            if not stat.S_ISDIR(status.st_mode):
                raise NotADirectoryError(
                    errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            if status.st_mode & stat.S_IWOTH:
                # They could link any file to a volume's name.
                raise PermissionError(
                    errno.EACCES, 'everybody may write to it')
            with self._temporary_file():
                pass
        except OSError as error:
            raise exception.ConfigError(
                section=self.name, option='path',
                reason=f'{self.path}: {error.strerror}') from error

    def _remove_leftovers(self) -> None:
        for entry in os.scandir(self.path):
            if entry.name.startswith(_PREFIX):
                self._remove_leftover(entry.path)

    def _remove_leftover(self, path: str) -> None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return   # its maker has removed it meanwhile
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
            LOG.info('Removed %s, left by a creation that did not end.', path)
        except OSError as error:
            LOG.info('Left %s in place: %s', path, error.strerror)
        finally:
            os.close(fd)

    def _sync_directory(self) -> None:
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _told(self, what: str, volume_id: str) -> Iterator[None]:
        """Say which section and option an error of the system concerns."""
        try:
            yield
        except OSError as error:
            self._fail(f'{what} {volume_id}: {error.strerror}', error)

    def _fail(self, reason: str, cause: OSError | None = None) -> NoReturn:
        raise exception.BackendError(
            backend=self.name,
            reason=f'{reason} ([{self.name}] path = {self.path})') from cause
