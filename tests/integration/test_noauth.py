# SPDX-License-Identifier: Apache-2.0
"""volupload-standalone with auth_strategy = noauth, in front of Glance."""

from pathlib import Path

import fixtures

from tests.integration import calls
from tests.integration import conformance
from tests.integration import small
from tests.integration import upload
from tools.cloud import keystone
from tools.cloud import volupload


class TestNoauth(upload.UploadTestCase):

    scenarios = calls.scenarios(calls.V2, calls.V3)

    def start_api(self) -> None:
        directory = Path(self.useFixture(fixtures.TempDir()).path)
        self.configuration = volupload.Configuration(
            directory, None,
            options={'glance': self.identity.auth_options('volupload')})
        standalone = small.Standalone(self.configuration)
        self.addCleanup(standalone.stop)
        standalone.start()
        self.url, self.log = standalone.url, standalone.daemon.log
        self.state = conformance.state_of(directory, self.images)

    def token(self, user: str) -> keystone.Token:
        """The name itself; the project is a real one, as Glance knows it."""
        project = self.identity.id_of('project', keystone.home_of(user))
        return keystone.Token(f'{user}:{project}', user, project)

    def test_an_upload_belongs_to_the_project_of_the_url(self) -> None:
        volume_id = self.make_volume()
        self.fill(volume_id)
        done = self.succeed(self.post(volume_id, token=''))
        image = self.state.image(done['image_id'])
        self.assertEqual(self.demo.project_id, image['owner'])
        self.demo = super().token('demo')
        self.check_bytes(volume_id, done)

    def test_a_token_of_another_project_is_a_malformed_url(self) -> None:
        answer = self.post(self.untouched, token='demo:other')
        self.check_fault(answer, 400, 'Malformed request url')
