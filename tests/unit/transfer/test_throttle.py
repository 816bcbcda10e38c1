# SPDX-License-Identifier: Apache-2.0

import threading
import time

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from tests import base
from tests.fixtures.sources import MemorySource
from volupload import exception
from volupload.transfer import pipeline
from volupload.transfer import throttle
from volupload.transfer.formats import raw

MB = 1_000_000


class Clock:
    """Time goes by while somebody waits, and a little later than asked."""

    def __init__(self, late: float = 0) -> None:
        self.time = 1000.0
        self._late = late

    def now(self) -> float:
        return self.time

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self.time += seconds + self._late


def never() -> bool:
    return False


class TestThrottle(base.TestCase):

    def take(self, limited: throttle.Throttle, total: int,
             chunk: int = MB) -> None:
        while total > 0:
            total -= limited.take(min(chunk, total), never)

    def test_without_a_limit_nobody_waits(self) -> None:
        clock = Clock()
        for limit in (None, 0):
            limited = throttle.Throttle(limit, clock)
            self.assertEqual(50 * MB, limited.take(50 * MB, never))
        self.assertEqual(1000, clock.time)

    @settings(deadline=None)
    @given(limit=strategies.integers(1000, 10**9),
           chunk=strategies.integers(1, 4 * MB),
           late=strategies.floats(0, 0.1))
    def test_the_mean_is_the_limit(self, limit: int, chunk: int,
                                   late: float) -> None:
        clock = Clock(late)
        limited = throttle.Throttle(limit, clock)
        total = min(20 * limit, 100 * chunk)
        self.take(limited, total, chunk)
        ideal = total / limit
        # What was taken last is not paid for, and may be a whole turn.
        turn = max(0.1, 16 * 1024 / limit)
        self.assertGreaterEqual(clock.time - 1000, ideal - turn - 1e-6)
        self.assertLessEqual(clock.time - 1000, ideal + 2 * late + 0.002)

    def test_late_wakings_do_not_add_up(self) -> None:
        clock = Clock(late=0.05)
        self.take(throttle.Throttle(10 * MB, clock), 1000 * MB)
        self.assertAlmostEqual(100, clock.time - 1000, delta=0.2)

    def test_an_idle_time_saves_a_fifth_of_a_second_at_most(self) -> None:
        clock = Clock()
        limited = throttle.Throttle(10 * MB, clock)
        clock.time += 3600
        self.take(limited, 20 * MB)
        self.assertGreaterEqual(clock.time - 4600, 1.69)

    def test_a_chunk_is_cut_to_a_tenth_of_a_second(self) -> None:
        limited = throttle.Throttle(10 * MB, Clock())
        self.assertEqual(MB, limited.take(50 * MB, never))
        self.assertEqual(16384, throttle.Throttle(10, Clock()).take(
            MB, never))

    def test_a_new_limit_counts_from_now_on(self) -> None:
        clock = Clock()
        limited = throttle.Throttle(10 * MB, clock)
        self.take(limited, 10 * MB)
        half = clock.time
        limited.limit = MB
        self.take(limited, 10 * MB)
        self.assertAlmostEqual(10, clock.time - half, delta=1)
        self.assertEqual(MB, limited.limit)

    def test_no_limit_any_more_wakes_who_waits(self) -> None:
        limited = throttle.Throttle(1)
        limited.take(16384, never)
        waiting = threading.Thread(target=limited.take, args=(MB, never))
        waiting.start()
        time.sleep(0.05)
        self.assertTrue(waiting.is_alive())
        limited.limit = None
        waiting.join(1)
        self.assertFalse(waiting.is_alive())

    def test_a_cancelled_stream_leaves_the_queue(self) -> None:
        limited = throttle.Throttle(1000, Clock())
        limited.take(16384, never)
        self.assertRaises(exception.TransferCancelled, limited.take, 1,
                          lambda: True)
        self.assertEqual(1, limited.take(1, never))


class TestShared(base.TestCase):

    def test_streams_get_equal_shares(self) -> None:
        limited = throttle.Throttle(4 * MB)
        sent = [0, 0, 0]
        deadline = time.monotonic() + 1

        def run(number: int, chunk: int) -> None:
            while time.monotonic() < deadline:
                sent[number] += limited.take(chunk, never)
        threads = [threading.Thread(target=run, args=pair)
                   for pair in ((0, 4 * MB), (1, 4 * MB), (2, 64 * 1024))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLess(sum(sent), 6 * MB)
        self.assertGreater(sum(sent), 2 * MB)
        self.assertLess(max(sent[:2]), 2 * min(sent[:2]))
        self.assertGreater(sent[2], 0)

    def test_a_stream_keeps_to_the_limit(self) -> None:
        began = time.monotonic()
        sizes: list[int] = []
        sent = pipeline.stream(
            MemorySource(b'abcd' * 250_000), raw.Raw,
            lambda chunks, size: sizes.extend(map(len, chunks)),
            throttle=throttle.Throttle(2 * MB))
        self.assertEqual(MB, sent.bytes_sent)
        self.assertEqual([200_000] * 5, sizes)
        self.assertGreaterEqual(time.monotonic() - began, 0.35)
