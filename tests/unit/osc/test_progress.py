# SPDX-License-Identifier: Apache-2.0
"""What is seen of an upload while somebody waits for it."""

import io
from typing import Any

from osc_lib import exceptions

from tests import base
from volupload.osc import progress
from volupload.osc import uploads

GIB = 2 ** 30


class Terminal(io.StringIO):

    def isatty(self) -> bool:
        return True


def upload(status: str = 'running', **values: Any) -> uploads.Upload:
    return {'id': 'x', 'status': status, 'size': 4, 'image_size': 4 * GIB,
            'bytes_read': 0, 'bytes_sent': 0, 'rate': None, 'reason': None,
            **values}


def watch(stream: io.StringIO, *answers: uploads.Upload | Exception,
          patience: float = 60) -> str:
    """What is written while the service gives these answers."""
    left = list(answers)

    def get(upload_id: str) -> uploads.Upload:
        assert upload_id == 'x'
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = progress.Watch('x', get, stream, interval=0.01,
                           patience=patience).finish()
    assert len(left) == 1 and found is answers[-1]
    return stream.getvalue()


class TestShare(base.TestCase):

    def test_it_is_that_of_the_image_or_else_of_the_volume(self) -> None:
        for share, values in (
                (0.0, {}), (0.25, {'bytes_sent': GIB}),
                (1.0, {'bytes_sent': 5 * GIB}),
                (0.5, {'image_size': None, 'bytes_read': 2 * GIB}),
                (0.0, {'image_size': None, 'size': 0}),
                (1.0, {'status': 'succeeded', 'image_size': None})):
            self.assertEqual(share, uploads.share(upload(**values)))

    def test_sizes_are_told_in_units_that_are_read_easily(self) -> None:
        for count, told in ((0, '0 B'), (1023, '1023 B'), (1024, '1.0 KiB'),
                            (1536 * 2 ** 20, '1.5 GiB'),
                            (200 * 2 ** 20, '200 MiB'),
                            (2 ** 60, '1024 PiB')):
            self.assertEqual(told, progress.size(count))


class TestWatch(base.TestCase):

    def test_a_terminal_sees_one_line_that_changes(self) -> None:
        told = watch(
            Terminal(), upload('queued'), upload(),
            upload(bytes_sent=GIB, rate=300 * 2 ** 20),
            upload(bytes_sent=3 * GIB, rate=310 * 2 ** 20),
            upload('succeeded', bytes_sent=4 * GIB))
        self.assertEqual(told[-1], '\n')
        lines = [line.rstrip() for line in told[1:-1].split('\r')]
        self.assertEqual(5, len(lines))
        self.assertEqual(f'  0% [{" " * 30}] queued', lines[0])
        self.assertEqual(f'  0% [{" " * 30}] 0 B', lines[1])
        self.assertRegex(lines[2], r'^ 25% \[#{7} {23}\] 1\.0 GiB, '
                                   r'300 MiB/s, 0:00:00 left$')
        self.assertIn(' 75% [', lines[3])
        self.assertEqual(f'100% [{"#" * 30}] succeeded', lines[4])

    def test_a_shorter_line_leaves_nothing_of_the_one_before(self) -> None:
        told = watch(Terminal(), upload(bytes_sent=GIB, rate=GIB),
                     upload('failed'))
        first, second = told[1:-1].split('\r')
        self.assertGreaterEqual(len(second), len(first))

    def test_the_time_left_begins_anew_with_another_attempt(self) -> None:
        told = watch(
            Terminal(), upload(bytes_sent=2 * GIB),
            upload(bytes_sent=3 * GIB), upload(bytes_sent=GIB),
            upload('cancelled'))
        lines = told[1:-1].split('\r')
        self.assertEqual([False, True, False, False],
                         ['left' in line for line in lines])

    def test_a_log_gets_a_line_for_each_new_status(self) -> None:
        told = watch(io.StringIO(), upload('queued'), upload('queued'),
                     upload(), upload(bytes_sent=GIB), upload('failed'))
        self.assertEqual('Upload x is queued.\nUpload x is running.\n'
                         'Upload x is failed.\n', told)

    def test_a_service_that_comes_back_is_borne(self) -> None:
        away = uploads.Trouble('Connection refused')
        queued = 'Upload x is queued.\n'
        silence = 'No answer about upload x, asking again.\n'
        told = watch(io.StringIO(), away, upload('queued'), away, away,
                     upload('queued'), upload('succeeded'))
        self.assertEqual(f'{silence}{queued}{silence}{queued}'
                         'Upload x is succeeded.\n', told)
        told = watch(Terminal(), upload('queued'), away, upload('succeeded'))
        self.assertEqual([
            f'  0% [{" " * 30}] queued', silence.strip(),
            f'100% [{"#" * 30}] succeeded'],
            [line.rstrip() for line in told[1:-1].split('\r')])

    def test_one_that_does_not_come_back_is_not_waited_for(self) -> None:
        seen = io.StringIO()
        error = self.assertRaises(
            exceptions.CommandError, watch, seen, upload(),
            uploads.Trouble('Connection refused'), patience=0.1)
        self.assertEqual('No answer about upload x for 0 seconds, it may go '
                         'on: Connection refused', str(error))
        self.assertEqual(2, seen.getvalue().count('\n'))
        # Nor is one that says that there is no such upload.
        error = self.assertRaises(
            exceptions.CommandError, watch, seen, upload(),
            exceptions.CommandError('no such upload'))
        self.assertEqual('no such upload', str(error))
