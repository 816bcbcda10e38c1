# SPDX-License-Identifier: Apache-2.0

import concurrent.futures
import errno
import fcntl
import mmap
import os
import socket
import stat
import uuid

import fixtures

from tests import base
from tests.fixtures import cache
from volupload import backends
from volupload import exception
from volupload.backends import file
from volupload.transfer import Extent

MI = 1024 * 1024


class FileBackendTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.path = os.path.join(self.state_path, 'volumes')
        self.backend = file.FileBackend('fast', self.path)
        self.volume_id = str(uuid.uuid4())
        self.file = os.path.join(self.path, self.volume_id)

    def fails(self, *words: str, call, args=()) -> str:
        error = self.assertRaises(exception.BackendError, call, *args)
        for word in words:
            self.assertIn(word, str(error))
        return str(error)


class TestPageCache(FileBackendTestCase):

    def resident_after_an_upload(self, **options: bool) -> int:
        backend = file.FileBackend('fast', self.path, **options)
        backend.create(self.volume_id, 4 * MI)
        with open(self.file, 'r+b') as content:
            content.write(os.urandom(4 * MI))
        cache.drop(self.file)
        buffer = memoryview(mmap.mmap(-1, 4 * MI))
        with backend.open(self.volume_id, 4 * MI) as source:
            self.assertEqual(4 * MI, source.readinto(0, buffer))
        return cache.resident(self.file)

    def test_a_volume_is_read_past_it(self) -> None:
        self.assertEqual(0, self.resident_after_an_upload())

    def test_a_volume_is_read_through_it_if_asked_for(self) -> None:
        self.assertEqual(4 * MI,
                         self.resident_after_an_upload(direct_io=False))


class TestCreate(FileBackendTestCase):

    def test_the_file_has_the_volumes_id_and_size_and_is_sparse(self) -> None:
        self.backend.create(self.volume_id, 512 * MI)
        status = os.stat(self.file)
        self.assertEqual(512 * MI, status.st_size)
        self.assertLess(status.st_blocks * 512, MI)

    def test_only_the_owner_may_read_volumes(self) -> None:
        self.backend.create(self.volume_id, MI)
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.file).st_mode))
        self.assertEqual(0o700, stat.S_IMODE(os.stat(self.path).st_mode))

    def test_nothing_else_remains_in_the_directory(self) -> None:
        self.backend.create(self.volume_id, MI)
        self.assertEqual([self.volume_id], os.listdir(self.path))

    def test_a_second_creation_changes_nothing(self) -> None:
        self.backend.create(self.volume_id, MI)
        with open(self.file, 'r+b') as content:
            content.write(b'written by a guest')
        self.backend.create(self.volume_id, MI)
        with open(self.file, 'rb') as content:
            self.assertEqual(b'written by a guest', content.read(18))

    def managers_start(self, times: int) -> None:
        """Another one each time that a temporary file is not locked yet."""
        really, left = fcntl.flock, [times]

        def flock(fd: int, operation: int) -> None:
            if left[0] and operation == fcntl.LOCK_EX:
                left[0] -= 1
                self.backend._remove_leftovers()
            really(fd, operation)
        self.useFixture(fixtures.MonkeyPatch('fcntl.flock', flock))

    def test_a_manager_that_starts_meanwhile_does_not_spoil_it(self) -> None:
        self.managers_start(1)
        self.backend.create(self.volume_id, MI)
        self.assertEqual([self.volume_id], os.listdir(self.path))
        self.assertEqual(MI, os.stat(self.file).st_size)

    def test_managers_that_start_again_and_again_do(self) -> None:
        self.managers_start(9)
        self.fails(os.strerror(errno.ENOENT), call=self.backend.create,
                   args=(self.volume_id, MI))
        self.assertEqual([], os.listdir(self.path))

    def test_a_volume_of_another_size_is_not_replaced(self) -> None:
        self.backend.create(self.volume_id, MI)
        for size in (2 * MI, MI // 2):
            self.fails(self.volume_id, str(MI), call=self.backend.create,
                       args=(self.volume_id, size))
        self.assertEqual(MI, os.stat(self.file).st_size)

    def test_what_is_no_uuid_never_becomes_a_path(self) -> None:
        for wrong in ('', '..', '../x', '/etc/passwd', f'{self.volume_id}/x',
                      self.volume_id.upper(), self.volume_id + '\n',
                      self.volume_id.replace('-', ''), None):
            for call, args in ((self.backend.create, (wrong, MI)),
                               (self.backend.open, (wrong, MI)),
                               (self.backend.delete, (wrong,))):
                self.fails('is no volume id', call=call, args=args)
        self.assertEqual([], os.listdir(self.path))

    def test_a_directory_that_vanished_is_named(self) -> None:
        os.rmdir(self.path)
        self.fails('fast', f'[fast] path = {self.path}',
                   os.strerror(errno.ENOENT), call=self.backend.create,
                   args=(self.volume_id, MI))

    def test_a_size_that_the_file_system_refuses_leaves_nothing(self) -> None:
        self.fails(f'[fast] path = {self.path}', call=self.backend.create,
                   args=(self.volume_id, 2 ** 63 - 1))
        self.assertEqual([], os.listdir(self.path))

    def test_creations_at_once_are_one(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in pool.map(self.backend.create, [self.volume_id] * 40,
                              [MI] * 40):
                pass
        self.assertEqual([self.volume_id], os.listdir(self.path))


class TestDelete(FileBackendTestCase):

    def test_the_file_is_gone(self) -> None:
        self.backend.create(self.volume_id, MI)
        self.backend.delete(self.volume_id)
        self.assertEqual([], os.listdir(self.path))

    def test_a_volume_that_is_missing_is_fine(self) -> None:
        self.backend.delete(self.volume_id)

    def test_what_cannot_be_deleted_is_an_error(self) -> None:
        os.mkdir(self.file)
        self.fails('cannot delete', self.volume_id,
                   call=self.backend.delete, args=(self.volume_id,))


class TestOpen(FileBackendTestCase):

    def refused(self, *words: str, size: int = MI) -> None:
        self.fails(self.volume_id, *words, call=self.backend.open,
                   args=(self.volume_id, size))

    def test_reads_what_is_in_the_volume(self) -> None:
        self.backend.create(self.volume_id, MI)
        with open(self.file, 'r+b') as content:
            content.seek(1000)
            content.write(b'data')
        buffer = bytearray(6)
        with self.backend.open(self.volume_id, MI) as source:
            source.readinto(999, memoryview(buffer))
            self.assertEqual(MI, source.size)
        self.assertEqual(b'\0data\0', bytes(buffer))

    def test_an_empty_volume_is_a_hole(self) -> None:
        self.backend.create(self.volume_id, MI)
        with self.backend.open(self.volume_id, MI) as source:
            self.assertEqual([Extent(0, MI, True)], list(source.extents()))

    def test_a_longer_file_is_read_to_the_volumes_size(self) -> None:
        self.backend.create(self.volume_id, 2 * MI)
        with self.backend.open(self.volume_id, MI) as source:
            self.assertEqual(MI, source.size)

    def test_a_shorter_file_is_an_error(self) -> None:
        self.backend.create(self.volume_id, MI - 1)
        self.refused(str(MI - 1), str(MI))

    def test_a_volume_that_is_missing_is_an_error(self) -> None:
        self.refused(os.strerror(errno.ENOENT))

    def test_a_symbolic_link_is_not_followed(self) -> None:
        os.symlink('/etc/passwd', self.file)
        self.refused('cannot open', size=0)

    def test_a_socket_is_no_volume(self) -> None:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self.file)
            self.refused('cannot open', size=0)

    def test_what_is_put_in_its_place_later_is_not_read(self) -> None:
        self.backend.create(self.volume_id, MI)
        with self.backend.open(self.volume_id, MI) as source:
            os.unlink(self.file)
            os.symlink('/etc/passwd', self.file)
            self.assertEqual([Extent(0, MI, True)], list(source.extents()))
            buffer = bytearray(b'x' * 4096)
            source.readinto(0, memoryview(buffer))
        self.assertEqual(bytes(4096), bytes(buffer))
        self.refused('cannot open')

    def test_nothing_is_made_or_deleted_behind_a_symbolic_link(self) -> None:
        target = os.path.join(self.state_path, 'target')
        with open(target, 'wb') as file:
            file.write(b'mine')
        os.symlink(target, self.file)
        self.fails('not a regular file', call=self.backend.create,
                   args=(self.volume_id, 4))
        self.backend.delete(self.volume_id)
        with open(target, 'rb') as file:
            self.assertEqual(b'mine', file.read())

    def test_a_directory_is_no_volume(self) -> None:
        os.mkdir(self.file)
        self.refused('not a regular file', size=0)

    def test_a_fifo_is_no_volume_and_nobody_waits_for_it(self) -> None:
        os.mkfifo(self.file)
        self.refused('not a regular file', size=0)

    def test_a_refused_file_is_closed(self) -> None:
        self.backend.create(self.volume_id, 1)
        before = os.listdir('/proc/self/fd')
        self.refused()
        self.assertEqual(before, os.listdir('/proc/self/fd'))


class TestStart(FileBackendTestCase):

    def refused(self, path: str) -> str:
        error = self.assertRaises(exception.ConfigError, file.FileBackend,
                                  'fast', path)
        self.assertIn('[fast] path', str(error))
        self.assertIn(path, str(error))
        return str(error)

    def test_a_parent_that_is_missing_is_an_error(self) -> None:
        self.refused(os.path.join(self.state_path, 'not', 'mounted'))

    def test_a_path_that_is_a_file_is_an_error(self) -> None:
        path = os.path.join(self.state_path, 'file')
        with open(path, 'w'):
            pass
        self.refused(path)

    def test_a_directory_that_cannot_be_written_is_an_error(self) -> None:
        self.refused('/proc/self')

    def test_a_directory_that_everybody_may_write_to_is_an_error(
            self) -> None:
        for mode in (0o707, 0o777, 0o1777):
            os.chmod(self.path, mode)
            self.assertIn('everybody may write', self.refused(self.path))
        for mode in (0o770, 0o755):
            os.chmod(self.path, mode)
            file.FileBackend('fast', self.path)

    def test_a_link_that_the_operator_has_set_is_followed(self) -> None:
        link = os.path.join(self.state_path, 'link')
        os.symlink(self.path, link)
        file.FileBackend('fast', link).create(self.volume_id, MI)
        self.assertEqual([self.volume_id], os.listdir(self.path))

    def test_a_temporary_file_that_is_a_link_is_left_alone(self) -> None:
        os.symlink('/etc/passwd', os.path.join(self.path, '.creating-x'))
        file.FileBackend('fast', self.path)
        self.assertTrue(os.path.exists('/etc/passwd'))

    def test_volumes_stay_over_a_restart(self) -> None:
        self.backend.create(self.volume_id, MI)
        file.FileBackend('fast', self.path)
        self.assertEqual([self.volume_id], os.listdir(self.path))

    def test_what_a_crash_left_is_removed(self) -> None:
        with open(os.path.join(self.path, '.creating-abc'), 'w'):
            pass
        file.FileBackend('fast', self.path)
        self.assertEqual([], os.listdir(self.path))

    def test_what_somebody_works_on_is_left_alone(self) -> None:
        path = os.path.join(self.path, '.creating-abc')
        with open(path, 'w') as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            file.FileBackend('fast', self.path)
            self.assertEqual(['.creating-abc'], os.listdir(self.path))


class TestLoad(base.TestCase):

    def test_the_default_is_a_directory_below_the_state_path(self) -> None:
        backend = backends.load('local')
        self.assertEqual('local', backend.name)
        self.assertEqual(os.path.join(self.state_path, 'volumes'),
                         backend.path)

    def test_a_name_has_a_section_of_its_own(self) -> None:
        backends.options.register_backend_opts(backends.CONF, 'other')
        self.config(path=os.path.join(self.state_path, 'o'), group='other')
        self.assertEqual(os.path.join(self.state_path, 'o'),
                         backends.load('other').path)

    def test_a_path_that_cannot_be_used_names_section_and_option(
            self) -> None:
        self.config(path='/nowhere/at/all', group='local')
        error = self.assertRaises(exception.ConfigError, backends.load,
                                  'local')
        self.assertEqual('[local] path: /nowhere/at/all: No such file or '
                         'directory', str(error))
