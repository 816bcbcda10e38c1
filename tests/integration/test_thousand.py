# SPDX-License-Identifier: Apache-2.0
"""A thousand uploads at once, and another project that wants just one.

Glance is the small one that lives in the test: a real one would need minutes,
and this is about the queue.
"""

from concurrent import futures
import json
from pathlib import Path

import fixtures

from tests.fixtures import services
from tests.fixtures.glance import FakeGlance
from tests.integration import calls
from tests.integration import small
from tests.integration import stack
from tests.integration import state
from tests.integration import test_rabbitmq
from tools.cloud import volupload

MANY = 1000
SLOTS = 4
MANAGERS = 2


class TestThousand(test_rabbitmq.RabbitTestCase):

    server = 'uwsgi'
    database = services.MariaDB
    timeout = 240

    def start_api(self) -> None:
        self.glance = self.useFixture(FakeGlance())
        database = self.useFixture(services.MariaDB())
        self.configuration = volupload.Configuration(
            Path(self.useFixture(fixtures.TempDir()).path), self.identity,
            connection=database.url,
            transport_url=self.useFixture(services.RabbitMQ()).url,
            options={
                'DEFAULT': {'enabled_backends': 'shared'},
                'shared': {'backend_host': 'storage'},
                'upload': {'max_concurrent': SLOTS, 'sweep_interval': 1},
                'glance': {'endpoint_override': self.glance.url}})
        api = volupload.Api(self.configuration, publish=False,
                            server=self.server)
        self.managers = [small.Manager(self.configuration, f'm{number}')
                         for number in range(MANAGERS)]
        self.run_stack(stack.Stack(self.configuration,
                                   [*self.managers, api]))
        self.url, self.log = api.url, api.daemon.log
        self.state = state.State(state.Volumes(database.url),
                                 state.Volumes(database.url))

    def test_all_are_taken_and_nobody_waits_for_a_thousand(self) -> None:
        with futures.ThreadPoolExecutor(16) as pool:
            volumes = list(pool.map(lambda _: self.make_volume(),
                                    range(MANY)))
            answers = list(pool.map(self._post, volumes))
        self.assertEqual({202}, {answer.status for answer in answers})
        image_id = self._post_of_another_project()
        self.wait_for(lambda: not self._unfinished(), 'all have ended',
                      timeout=self.timeout, interval=0.5)
        ends = {row['status'] for row in self.state.volumes.rows(
            'SELECT status FROM uploads')}
        self.assertEqual({'succeeded'}, ends)
        self._check_turn(image_id)

    def _post(self, volume_id: str) -> calls.Answer:
        return self.post(volume_id, face=calls.V3_1)

    def _post_of_another_project(self) -> str:
        """While the others wait; the id of its image."""
        token = self.token('other')
        volume_id = self.make_volume(token=token)
        self.asked = len(self.glance.requests)
        answer = self.call(
            'POST', f'/v3/{token.project_id}/volumes/{volume_id}/action',
            body=json.dumps({calls.ACTION: {'image_name': 'one'}}).encode(),
            token=token.id)
        self.assertEqual(202, answer.status, answer.body)
        return str(answer.json[calls.ACTION]['image_id'])

    def _unfinished(self) -> list[state.Row]:
        return self.state.volumes.rows(
            'SELECT id FROM uploads WHERE finished_at IS NULL LIMIT 1')

    def _check_turn(self, image_id: str) -> None:
        """It was begun with the next free slot, not after the thousand."""
        seen = [(method, path) for method, path, _ in self.glance.requests]
        sent = seen.index(('PUT', f'/v2/images/{image_id}/file'))
        others = [path for method, path in seen[self.asked:sent]
                  if method == 'PUT']
        waiting = MANY - sum(method == 'PUT' for method, _ in
                             seen[:self.asked])
        # Each slot may begin one more while the request is on its way.
        self.assertLess(len(others), 3 * SLOTS * MANAGERS)
        self.assertGreater(waiting, 10 * len(others))
