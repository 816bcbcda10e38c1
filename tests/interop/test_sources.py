# SPDX-License-Identifier: Apache-2.0
"""Block devices as sources: loop devices over files."""

import errno
import fcntl
import mmap
import os
import random
import struct
import tempfile

import testscenarios
import testtools

from tests.fixtures import cache
from tests.fixtures import loop
from volupload import exception
from volupload.transfer import blocks
from volupload.transfer import Extent
from volupload.transfer import guard
from volupload.transfer import scan
from volupload.transfer import sources

MI = 1024 * 1024
SIZE = 9 * MI
CONTENT = random.Random(2).randbytes(3 * MI).ljust(6 * MI, b'\0') + b'x' * (
    3 * MI)
# linux/fs.h, linux/loop.h
BLKFLSBUF = 0x1261
BLKSSZGET = 0x1268
LOOP_SET_CAPACITY = 0x4C07


def buffer(length: int = MI) -> memoryview:
    return memoryview(mmap.mmap(-1, length))


class TestDevice(testscenarios.WithScenarios, testtools.TestCase):

    sector_size: int

    scenarios = [(f'sector-{size}', {'sector_size': size})
                 for size in (512, 4096)]

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(folder.cleanup)
        self.backing = os.path.join(folder.name, 'volume')
        with open(self.backing, 'wb') as file:
            file.write(CONTENT)
        self.device = self.useFixture(
            loop.Loop(self.backing, self.sector_size)).path
        # As a guest does. The last one to close a device empties its cache,
        # and nothing could be seen in it.
        guest = os.open(self.device, os.O_RDONLY)
        self.addCleanup(os.close, guest)

    def ioctl(self, number: int, argument: bytes | int = 0) -> bytes | int:
        fd = os.open(self.device, os.O_RDONLY)
        try:
            return fcntl.ioctl(fd, number, argument)
        finally:
            os.close(fd)

    def read(self, source: sources.BlockSource, step: int) -> bytes:
        found, part = [], buffer(step)
        while count := source.readinto(sum(map(len, found)), part):
            found.append(bytes(part[:count]))
        return b''.join(found)

    def test_has_the_sectors_asked_for(self) -> None:
        (size,) = struct.unpack('i', self.ioctl(BLKSSZGET, bytes(4)))
        self.assertEqual(self.sector_size, size)

    def test_is_read_as_it_is_past_the_cache(self) -> None:
        self.ioctl(BLKFLSBUF)
        before = cache.resident(self.device)
        self.assertLess(before, MI)
        with sources.open_path(self.device) as source:
            self.assertIsInstance(source, sources.BlockSource)
            self.assertEqual(SIZE, source.size)
            for step in (MI, 4 * MI):
                self.assertEqual(CONTENT, self.read(source, step))
            self.assertIsNone(source.fileno())   # direct to the end
        self.assertEqual(before, cache.resident(self.device))

    def test_what_is_read_in_the_usual_way_is_seen_in_the_cache(self) -> None:
        self.ioctl(BLKFLSBUF)
        with open(self.device, 'rb') as file:
            file.read(2 * MI)
        self.assertGreaterEqual(cache.resident(self.device), 2 * MI)

    def test_odd_requests_are_read_past_the_cache_too(self) -> None:
        self.ioctl(BLKFLSBUF)
        before = cache.resident(self.device)
        with sources.open_path(self.device) as source:
            self.assertEqual(CONTENT, self.read(source, 70001))
            self.assertIsNone(source.fileno())
        self.assertEqual(before, cache.resident(self.device))

    def test_a_volume_smaller_than_the_device_ends_where_it_ends(
            self) -> None:
        size = 8 * MI - 512 * 3 - 1
        with sources.open_path(self.device, size) as source:
            self.assertEqual(CONTENT[:size], self.read(source, MI))
            self.assertEqual([Extent(0, size, False)],
                             list(source.extents()))

    def test_a_volume_larger_than_the_device_is_refused(self) -> None:
        error = self.assertRaises(exception.ShortRead, sources.open_path,
                                  self.device, SIZE + 1)
        self.assertEqual((SIZE, 1), (error.offset, error.expected))

    def test_zeros_are_found_by_reading(self) -> None:
        with sources.open_path(self.device) as source:
            found = scan.map_blocks(source, 64 * 1024)
        self.assertEqual([blocks.Run(0, 48), blocks.Run(96, 48)],
                         list(found.runs()))

    def test_a_bad_spot_is_an_input_error_with_its_offset(self) -> None:
        os.truncate(self.backing, 4 * MI)   # the device keeps its size
        with sources.open_path(self.device) as source:
            error = self.assertRaises(OSError, source.readinto, 4 * MI,
                                      buffer())
            self.assertEqual(errno.EIO, error.errno)
            error = self.assertRaises(
                exception.SourceError, guard.read_exactly, source,
                4 * MI, buffer())
            self.assertEqual(4 * MI, error.offset)
            self.assertEqual(MI, source.readinto(3 * MI, buffer()))

    def test_a_device_that_shrinks_is_a_short_read(self) -> None:
        with sources.open_path(self.device) as source:
            self.assertEqual(MI, source.readinto(0, buffer()))
            os.truncate(self.backing, 4 * MI)
            self.ioctl(LOOP_SET_CAPACITY)
            error = self.assertRaises(
                exception.ShortRead, guard.read_exactly, source,
                4 * MI - 4096, buffer())
            self.assertEqual(4 * MI, error.offset)

    def test_a_volume_that_grows_is_read_to_its_first_size(self) -> None:
        with sources.open_path(self.device) as source:
            os.truncate(self.backing, SIZE + MI)
            self.ioctl(LOOP_SET_CAPACITY)
            self.assertEqual(CONTENT, self.read(source, 4 * MI))


class TestLoop(testtools.TestCase):

    def test_the_device_of_a_killed_run_is_detached_by_the_next(self) -> None:
        with tempfile.TemporaryDirectory(dir='/var/tmp') as folder:
            paths = [os.path.join(folder, name) for name in 'ab']
            for path in paths:
                with open(path, 'wb') as file:
                    file.truncate(MI)
            child = os.fork()
            if not child:
                loop.Loop(paths[0]).setUp()
                os._exit(0)   # as one that is killed: no clean-up
            os.waitpid(child, 0)
            self.assertEqual(1, self.attached(folder))
            with loop.Loop(paths[1]):
                self.assertEqual(1, self.attached(folder))
            self.assertEqual(0, self.attached(folder))
            self.assertEqual(['a', 'b'], sorted(os.listdir(folder)))

    def attached(self, folder: str) -> int:
        listed = loop._run('losetup', '--list', '--noheadings', '--output',
                           'BACK-FILE')
        return listed.count(folder)
