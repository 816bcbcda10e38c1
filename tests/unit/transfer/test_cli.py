# SPDX-License-Identifier: Apache-2.0
"""The program `python -m volupload.transfer`, as a process of its own."""

import hashlib
import io
import os
import pathlib
import random
import re
import select
import signal
import subprocess
import sys
import time

from tests import base
from tests.fixtures import render
from tests.fixtures.sources import MemorySource
from volupload import exception
from volupload.transfer import __main__ as cli
from volupload.transfer import Compression
from volupload.transfer import FileRange
from volupload.transfer import formats
from volupload.transfer import meter
from volupload.transfer import output

DATA = random.Random(5).randbytes(3_000_000) + bytes(2_000_384)


class CommandTestCase(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(self.state_path)
        self.volume = self.folder / 'volume'
        self.volume.write_bytes(DATA)
        self.image = self.folder / 'image'

    def start(self, *arguments: object, **options) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, '-m', 'volupload.transfer',
             *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=pathlib.Path(cli.__file__).parents[2], **options)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def run_it(self, *arguments: object,
               code: int = 0) -> tuple[bytes, str]:
        """What it wrote to standard output and to standard error."""
        process = self.start(*arguments)
        written, told = process.communicate(timeout=50)
        self.assertEqual(code, process.returncode, told)
        return written, told.decode()

    def assert_nothing_left(self, *expected: str) -> None:
        self.assertEqual(sorted(['volume', *expected]),
                         sorted(entry.name for entry in self.folder.iterdir()))


class TestImage(CommandTestCase):

    def test_raw_is_the_volume_and_the_last_line_tells_of_it(self) -> None:
        _, told = self.run_it(self.volume, '--format', 'raw',
                              '-o', self.image)
        self.assertEqual(DATA, self.image.read_bytes())
        digest = hashlib.sha512(DATA).hexdigest()
        self.assertRegex(told, rf'^5000384 bytes, sha512 {digest}, '
                               r'[0-9.]+ s, [0-9]+ MB/s\n$')
        self.assert_nothing_left('image')

    def test_zeros_take_no_room_in_a_file(self) -> None:
        self.volume.write_bytes(bytes(8 * 1024 * 1024 + 5))
        self.run_it(self.volume, '--format', 'raw', '-o', self.image)
        self.assertEqual(8 * 1024 * 1024 + 5, self.image.stat().st_size)
        self.assertLess(self.image.stat().st_blocks * 512, 64 * 1024)

    def test_standard_output_gets_every_byte(self) -> None:
        written, _ = self.run_it(self.volume, '--format', 'raw', '-o', '-')
        self.assertEqual(DATA, written)

    def test_without_a_digest_none_is_told(self) -> None:
        written, told = self.run_it(self.volume, '--format', 'raw', '-o',
                                    '-', '--no-digest')
        self.assertEqual(DATA, written)
        self.assertNotIn('sha512', told)

    def test_each_format_is_what_its_layout_says(self) -> None:
        for name in ('qcow2', 'vhd'):
            self.run_it(self.volume, '--format', name, '-o', self.image)
            source = MemorySource(DATA)
            layout = formats.FORMATS[name](source, Compression('none'))
            expected = render.render_bytes(source, layout)
            self.assertEqual(len(expected), self.image.stat().st_size)
            if name == 'qcow2':   # vhd has an identifier of its own
                self.assertEqual(expected, self.image.read_bytes())

    def test_compressed_is_smaller(self) -> None:
        self.volume.write_bytes(b'all the same ' * 400_000)
        for how in ('--compress', '--compress=zlib'):
            self.run_it(self.volume, '--format', 'qcow2', how, '--level', '1',
                        '-o', self.image)
            self.assertLess(self.image.stat().st_size, 1_000_000)

    def test_the_bandwidth_is_kept(self) -> None:
        began = time.monotonic()
        self.run_it(self.volume, '--format', 'raw', '--bandwidth', '5M',
                    '-o', self.image)
        self.assertGreater(time.monotonic() - began, 0.8)

    def test_a_device_is_written_and_not_replaced(self) -> None:
        self.run_it(self.volume, '--format', 'raw', '-o', '/dev/null')
        self.assertTrue(pathlib.Path('/dev/null').is_char_device())


class TestFailure(CommandTestCase):

    def assert_refused(self, expected: str, *arguments: object,
                       code: int = 1) -> None:
        _, told = self.run_it(*arguments, code=code)
        self.assertRegex(told, expected)
        self.assertNotIn('Traceback', told)
        self.assert_nothing_left()

    def test_a_volume_that_is_not_there(self) -> None:
        self.assert_refused(
            'No such file', self.folder / 'nothing', '--format', 'raw', '-o',
            self.image)

    def test_a_folder_that_is_not_there(self) -> None:
        self.assert_refused(
            'No such file', self.volume, '--format', 'raw', '-o',
            self.folder / 'nowhere' / 'image')

    def test_wrong_arguments(self) -> None:
        for wrong in (['--format', 'vmkd', '-o', self.image],
                      ['--format', 'raw'], ['-o', self.image],
                      ['--format', 'raw', '-o', '-', '--bandwidth', 'much']):
            self.assert_refused('usage: python -m volupload.transfer',
                                self.volume, *wrong, code=2)

    def test_a_volume_is_not_replaced_by_its_image(self) -> None:
        self.assert_refused('the image would replace the volume', self.volume,
                            '--format', 'raw', '-o',
                            self.folder / '..' / self.folder.name / 'volume',
                            code=2)
        self.assertEqual(DATA, self.volume.read_bytes())

    def test_a_full_disk_says_so(self) -> None:
        self.assert_refused('/dev/full: No space left on device', self.volume,
                            '--format', 'raw', '-o', '/dev/full')

    def test_a_reader_that_goes_away(self) -> None:
        process = self.start(self.volume, '--format', 'raw', '-o', '-')
        process.stdout.read(10)
        process.stdout.close()
        self.assertIn(b'Broken pipe', process.stderr.read())
        self.assertEqual(1, process.wait(20))

    def test_an_older_image_outlives_a_failure(self) -> None:
        self.image.write_bytes(b'of yesterday')
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = self.start(self.volume, '--format', 'raw', '--bandwidth',
                                 '100k', '-o', self.image)
            while len(list(self.folder.iterdir())) < 3:
                time.sleep(0.01)
            process.send_signal(number)
            told = process.communicate(timeout=20)[1]
            self.assertNotIn(b'Traceback', told)
            self.assertEqual(code, process.returncode)
            self.assertEqual(b'of yesterday', self.image.read_bytes())
            self.assert_nothing_left('image')

    def test_nobody_reads_the_pipe_and_a_signal_comes(self) -> None:
        process = self.start(self.volume, '--format', 'raw', '-o', '-')
        select.select([process.stdout], [], [], 20)
        process.terminate()
        self.assertEqual(143, process.wait(20))


class TestOutput(CommandTestCase):

    def test_a_file_keeps_its_mode_and_its_link(self) -> None:
        self.image.write_bytes(b'of yesterday')
        self.image.chmod(0o640)
        link = self.folder / 'link'
        link.symlink_to('image')
        self.run_it(self.volume, '--format', 'raw', '-o', link)
        self.assertTrue(link.is_symlink())
        self.assertEqual(DATA, self.image.read_bytes())
        self.assertEqual(0o640, self.image.stat().st_mode & 0o777)

    def test_a_range_is_copied_by_the_kernel(self) -> None:
        with open(self.volume, 'rb') as volume:
            with output.opened(str(self.image)) as image:
                image.write(iter([memoryview(b'head'),
                                  FileRange(volume.fileno(), 100, 70_000)]))
        self.assertEqual(b'head' + DATA[100:70_100], self.image.read_bytes())

    def test_a_range_behind_the_end_is_an_error(self) -> None:
        with open(self.volume, 'rb') as volume:
            with output.opened(str(self.image)) as image:
                ranges = iter([FileRange(volume.fileno(), len(DATA) - 9, 10)])
                error = self.assertRaises(exception.ShortRead,
                                          image.write, ranges)
        self.assertEqual(len(DATA), error.offset)

    def test_units_of_the_bandwidth(self) -> None:
        for text, rate in (('7', 7), ('500k', 500_000), ('20M', 20_000_000),
                           ('2Gi', 2 << 30)):
            self.assertEqual(rate, cli._rate(text))


class TestMeter(base.TestCase):

    def test_a_line_tells_share_rate_and_time_left(self) -> None:
        shown = meter.Meter(MemorySource(bytes(1000)), io.StringIO())
        shown.readinto(200, memoryview(bytearray(100)))
        self.assertRegex(shown.line(0), r'^\[#{9} {21}\]  30%  looking')
        chunks = shown.of(iter([memoryview(bytes(500))] * 2), 1000)
        next(chunks)
        began = time.monotonic()
        next(chunks)
        self.assertRegex(shown.line(began + 5), r' 50%  0 MB  0 MB/s  5 s le')

    def test_a_terminal_shows_it(self) -> None:
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        volume = pathlib.Path(self.state_path) / 'volume'
        volume.write_bytes(bytes(1_000_000))
        with open(theirs, 'wb', 0) as terminal:
            subprocess.run(
                [sys.executable, '-m', 'volupload.transfer', volume,
                 '--format', 'raw', '-o', '/dev/null', '--bandwidth', '1M'],
                stderr=terminal, check=True, timeout=50)
        told = b''
        while select.select([ours], [], [], 0)[0]:
            try:
                told += os.read(ours, 4096)
            except OSError:   # nobody has the other end
                break
        self.assertTrue(re.search(rb'\r\[#+ *\] +\d+%  \d MB  1 MB/s  ', told),
                        told)
        self.assertIn(b'\r\x1b[K1000000 bytes', told)
