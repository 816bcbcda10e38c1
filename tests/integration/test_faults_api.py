# SPDX-License-Identifier: Apache-2.0
"""An API that is killed between two steps, and Glance's wrong answers to it.

What an API can leave behind is one of four states: nothing, a row without an
image, a row with one, and a queued upload that no message announces. Each is
brought about here, and what is left when it was about to undo its own work.
"""

from collections.abc import Callable
from concurrent import futures
import contextlib
from typing import Any

from tests.fixtures import proxy
from tests.integration import calls
from tests.integration import faulty

RECORDS = '/v2/images$'
IMAGE = '/v2/images/'


class TestKilled(faulty.FaultTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.volume_id = self.filled()
        self.before = self.image_ids()

    def _kill(self, request: 'futures.Future[calls.Answer]') -> None:
        """The API is killed, and so its client never gets an answer."""
        self.kill_api()
        self.assertIsInstance(request.exception(), OSError)

    def _check_reaped(self) -> None:
        self.check_ended(self.volume_id, 'failed', '', range(1))
        self.assertTrue(self.row(self.volume_id)['reason'])
        self.assertEqual(self.before, self.image_ids())

    def test_before_it_began(self) -> None:
        held = self.proxy.hold('GET', '/v2/info/usage')
        request = self.asked(self.volume_id)
        held.wait()
        self._kill(request)
        self.assertEqual([], self.state.volumes.uploads(self.volume_id))
        self.assertEqual('available',
                         self.state.volumes.status(self.volume_id))
        self.assertEqual(self.before, self.image_ids())

    def test_before_glance_heard_of_the_image(self) -> None:
        held = self.proxy.hold('POST', RECORDS)
        request = self.asked(self.volume_id)
        held.wait()
        self._kill(request)
        self.assertEqual('creating', self.row(self.volume_id)['status'])
        self._check_reaped()

    def test_when_glance_had_made_the_image(self) -> None:
        held = self.proxy.hold('POST', RECORDS, at=proxy.AFTER)
        request = self.asked(self.volume_id)
        held.wait()
        self._kill(request)
        self.assertEqual(1, len(self.image_ids() - self.before))
        self._check_reaped()

    def test_when_the_upload_was_queued(self) -> None:
        self.stack.manager.daemon.kill()
        self.addCleanup(self.stack.manager.start)
        request = self.asked(self.volume_id)
        self.wait_for(self._is_queued, 'it is queued', interval=0.001)
        self.kill_api()
        request.exception()   # it may have had its answer just before
        self.stack.manager.start()
        self.check_succeeded(self.volume_id)

    def _is_queued(self) -> bool:
        return [row['status'] for row in self.state.volumes.uploads(
            self.volume_id)] == ['queued']

    def test_while_the_upload_runs(self) -> None:
        held = self.proxy.hold('PUT', '/file$', at=500_000)
        self.accepted(self.volume_id)
        held.wait()
        self.kill_api()
        held.release()
        self.check_succeeded(self.volume_id)

    def test_while_it_removes_what_glance_may_have_made(self) -> None:
        self.proxy.hang_up('POST', RECORDS, at=proxy.AFTER)
        held = self.proxy.hold('DELETE', IMAGE)
        request = self.asked(self.volume_id)
        held.wait()
        self._kill(request)
        self._check_reaped()

    def test_while_it_cancels_a_queued_upload(self) -> None:
        self.stack.manager.daemon.kill()
        self.addCleanup(self.stack.manager.start)
        self.accepted(self.volume_id)
        held = self.proxy.hold('DELETE', IMAGE)
        path = (f'/v3/{self.demo.project_id}/uploads/'
                f'{self.row(self.volume_id)["id"]}')
        request = self.pool.submit(self.call, 'DELETE', path)
        held.wait()
        self._kill(request)
        self.stack.manager.start()
        self.check_ended(self.volume_id, 'cancelled', '', range(1))
        self.assertEqual(self.before, self.image_ids())


class TestSlow(faulty.FaultTestCase):

    def test_who_comes_too_late_does_not_revive_what_was_reaped(
            self) -> None:
        volume_id = self.filled()
        before = self.image_ids()
        held = self.proxy.hold('POST', RECORDS, at=proxy.AFTER)
        request = self.asked(volume_id)
        held.wait()
        self.pause(self.stack.api)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.pause, self.stack.api, goes_on=True)
            held.release()
            self.ended(volume_id)
        self.assertGreaterEqual(request.result().status, 400)
        self.check_ended(volume_id, 'failed', '', range(1))
        self.assertEqual(before, self.image_ids())


Arrange = Callable[..., proxy.Fault]


def _answer(status: int) -> Callable[[proxy.Proxy], Arrange]:
    def bind(glance: proxy.Proxy) -> Arrange:
        return lambda method, path, **when: glance.answer(
            method, path, status, **when)
    return bind


class TestRecord(faulty.FaultTestCase):
    """What Glance answers to the request for an image record."""

    # Of a refusal the user is told; what else goes wrong is none of his
    # business.
    refusals = (('401', _answer(401), 500), ('409', _answer(409), 409),
                ('410', _answer(410), 500), ('413', _answer(413), 413),
                ('415', _answer(415), 500))
    # Nobody knows whether the record was made.
    doubts = (('503', _answer(503), 500), ('504', _answer(504), 500),
              ('garbage', lambda glance: glance.garble, 500),
              ('nothing', lambda glance: glance.hang_up, 500),
              ('a reset', lambda glance: glance.break_off, 500))
    scenarios = [
        (f'{name} {place.value}', {
            'arrange': staticmethod(arrange), 'place': place,
            'status': status})
        for cases, places in ((refusals, (proxy.BEFORE,)),
                              (doubts, (proxy.BEFORE, proxy.AFTER)))
        for name, arrange, status in cases for place in places]
    arrange: Any
    place: proxy.Point
    status: int

    def test_nothing_remains_and_the_next_one_succeeds(self) -> None:
        volume_id = self.filled()
        before = self.image_ids()
        self.arrange(self.proxy)('POST', RECORDS, at=self.place, times=None)
        answer = self.post(volume_id)
        self.assertEqual(self.status, answer.status, answer.body)
        self.wait_for_status(volume_id, 'available')
        self.wait_for(lambda: before == self.image_ids(), 'no image is left')
        for row in self.state.volumes.uploads(volume_id):
            self.assertEqual('failed', row['status'])
            self.assertTrue(row['reason'])
        self.proxy.heal()
        self.accepted(volume_id)
        self.check_succeeded(volume_id)
