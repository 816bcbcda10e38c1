# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ that is stopped or frozen before, while and after an upload."""

from collections.abc import Callable
import time

from tests.fixtures import services
from tests.integration import faulty


class TestBusAway(faulty.FaultTestCase):

    scenarios = [('stopped', {'frozen': False}), ('frozen', {'frozen': True})]
    frozen: bool

    def setUp(self) -> None:
        super().setUp()
        self.broker = self.useFixture(services.RabbitMQ()).service
        self.addCleanup(self._bring_back)

    def _take_away(self) -> None:
        if self.frozen:
            self.pause(self.broker)
        else:
            self.broker.daemon.kill()

    def _bring_back(self) -> None:
        if self.frozen:
            self.pause(self.broker, goes_on=True)
        else:
            self.broker.start()

    def _in_two_seconds(self, call: Callable[[], str]) -> str:
        began = time.monotonic()
        result = call()
        self.assertLess(time.monotonic() - began, 2)
        return result

    def test_before_and_during_the_upload(self) -> None:
        volumes = [self.filled() for _ in range(3)]
        self._take_away()
        for volume_id in volumes:
            self._in_two_seconds(lambda: self.accepted(volume_id))   # noqa: B023
        for volume_id in volumes:
            self.check_succeeded(volume_id)
        self._bring_back()
        after = self.filled()
        self.accepted(after)
        self.check_succeeded(after)

    def test_while_the_data_is_sent_and_when_it_is_cancelled(self) -> None:
        kept, stopped = self.filled(), self.filled()
        held = [self.proxy.hold('PUT', '/file$', at=500_000)
                for _ in range(2)]
        for volume_id, fault in zip((kept, stopped), held, strict=True):
            self.accepted(volume_id)
            fault.wait()
        self._take_away()
        row = self.row(stopped)
        path = f'/v3/{self.demo.project_id}/uploads/{row["id"]}'
        began = time.monotonic()
        self.assertEqual(202, self.call('DELETE', path).status)
        self.ended(stopped)
        # The next sign of life finds the wish, which nobody could announce.
        self.assertLess(time.monotonic() - began, 5)
        for fault in held:
            fault.release()
        self.check_ended(stopped, 'cancelled', 'cancelled')
        # Glance may have stood still for longer than is waited for.
        self.check_succeeded(kept, range(1, 3))
