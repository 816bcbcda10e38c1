# SPDX-License-Identifier: Apache-2.0
"""Every wrong answer of Glance at every call of a manager, once and always.

All cases run at once, as so many uploads of one manager: the images are known
before it begins with any of them, so each case has faults of its own. Each
test then looks at what has become of one.
"""

import dataclasses
from typing import ClassVar

from tests.fixtures import proxy
from tests.integration import faulty
from tests.integration import state

GET, PUT, PATCH = 'GET', 'PUT', 'PATCH'
GARBAGE, NOTHING, RESET = 'garbage', 'nothing', 'reset'
ANSWERS = (401, 403, 409, 410, 413, 415, 503, GARBAGE, NOTHING, RESET)
# What a second time would not change.
REFUSALS = {GET: (), PUT: (403, 409, 410, 413, 415), PATCH: (403, 409, 413)}
# Glance has no such image: somebody has deleted it. Where it answers so to
# data there is the image to be looked at, which here is still there.
GONE = {GET: (410,), PUT: (), PATCH: (410,)}
ALL = range(1, faulty.MAX_ATTEMPTS + 1)


@dataclasses.dataclass(frozen=True)
class Call:
    """One of the requests of an upload.

    :param nth: which one of its method
    """

    name: str
    method: str
    path: str
    nth: int = 1
    at: proxy.Point | int = proxy.BEFORE


CALLS = (
    Call('the look before', GET, '{}$'),
    Call('the data', PUT, '{}/file$'),
    Call('the data in the middle', PUT, '{}/file$', at=500_000),
    Call('the look after', GET, '{}$', nth=2),
    Call('the protection', PATCH, '{}$'),
)


@dataclasses.dataclass(frozen=True)
class Case:
    call: Call
    answer: int | str
    always: bool

    def __str__(self) -> str:
        often = 'always' if self.always else 'once'
        return f'{self.call.name}, {self.answer} {often}'

    def arrange(self, glance: proxy.Proxy, image_id: str) -> None:
        """Have Glance answer like this about this image."""
        call = self.call
        path = f'/v2/images/{call.path.format(image_id)}'
        when = {'at': call.at, 'nth': call.nth,
                'times': None if self.always else 1}
        if isinstance(self.answer, int):
            glance.answer(call.method, path, self.answer,
                          reason=f'Told {image_id}.', **when)
        else:
            {GARBAGE: glance.garble, NOTHING: glance.hang_up,
             RESET: glance.break_off}[self.answer](call.method, path, **when)


CASES = [Case(call, answer, always) for call in CALLS for answer in ANSWERS
         for always in (False, True)]


class TestMatrix(faulty.FaultTestCase):

    scenarios = [(str(case), {'case': case}) for case in CASES]
    case: Case
    # case -> volume; by the first test that asks
    volumes: ClassVar[dict[Case, str]] = {}

    def setUp(self) -> None:
        super().setUp()
        if not self.volumes:
            self._run_all()
        self.volume_id = self.volumes[self.case]

    def _run_all(self) -> None:
        made = list(self.pool.map(lambda _: self.filled(), CASES))
        manager = self.stack.manager
        self.pause(manager)
        self.addCleanup(self.pause, manager, goes_on=True)
        images = self.pool.map(
            lambda volume_id: self.accepted(volume_id, protected=True), made)
        for case, image_id in zip(CASES, images, strict=True):
            case.arrange(self.proxy, image_id)
        self.pause(manager, goes_on=True)
        self.wait_for(lambda: not self._running(), 'all uploads have ended',
                      timeout=240, interval=0.5)
        self.volumes.update(zip(CASES, made, strict=True))

    def _running(self) -> list[state.Row]:
        return self.state.volumes.rows(
            'SELECT id FROM uploads WHERE finished_at IS NULL')

    def test_it_ends_as_it_should(self) -> None:
        method, answer = self.case.call.method, self.case.answer
        if answer in REFUSALS[method]:
            self._check_failed(range(1, 2))
        elif answer in GONE[method]:
            self.check_ended(self.volume_id, 'cancelled', 'deleted', ALL)
        elif self.case.always:
            self._check_failed(ALL)
        else:
            self.check_succeeded(self.volume_id, ALL)
            self._check_protected()

    def _check_failed(self, attempts: range) -> None:
        row = self.check_ended(self.volume_id, 'failed', '', attempts)
        # Glance's own words, or ours about what cannot be understood.
        self.assertIn(f'Told {row["image_id"]}.'
                      if isinstance(self.case.answer, int)
                      else 'The image service failed: ', row['reason'])

    def _check_protected(self) -> None:
        image = self.state.image(self.row(self.volume_id)['image_id'])
        self.assertTrue(image['protected'])

