# SPDX-License-Identifier: Apache-2.0
"""A little cloud in which the commands of the pages are typed.

Its volupload is one for all pages: a GiB is 64 KiB, as everywhere in these
tests, and 1 MiB a second goes to Glance, so that a page has the time to look
at an upload that runs. Whoever reads a page has what it takes for given: the
variables of an openrc file, and volupload.conf where programs look for it.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.fixtures import reader
from tests.fixtures import services
from tests.integration import conformance
from tests.integration import small
from tests.integration import upload
from tools.cloud import client
from tools.cloud import http
from tools.cloud import volupload

UNDER_WAY = ('creating', 'uploading', 'deleting')
# So many small GiB take four minutes, if nobody cancels them.
SLOW = upload.LONG


class PageTestCase(upload.UploadTestCase):
    """
    :cvar page: the page that is read
    :cvar user: who reads it
    """

    page: str
    user = 'demo'

    def start_api(self) -> None:
        self.standalone = self.useFixture(
            services.Shared('volupload-documented', self._build)).service
        # Other tests of this process publish APIs of their own.
        volupload.publish(self.identity, self.standalone.url)
        self.configuration = self.standalone.configuration
        self.url = self.standalone.url
        self.log = self.standalone.daemon.log
        self.state = conformance.state_of(self.configuration.directory,
                                          self.images)

    def _build(self, directory: Path) -> small.Standalone:
        return small.Standalone(volupload.Configuration(
            directory, self.identity,
            options={'upload': {'bandwidth_limit': 1}}))

    def open(self, **given: object) -> reader.Reader:
        """Somebody who has read nothing yet; arguments are those of Reader.
        """
        given.setdefault('after_each', self.settle)
        made = reader.Reader(self.page, **{
            **given, 'environ': self.environ(given.get('environ'))})
        self.useFixture(made)
        (made.directory / '.volupload').symlink_to(
            self.configuration.directory)
        return made

    def environ(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {**client.Client(self.identity, self.user).environ,
                **(more or {})}

    def of_upload(self, volume_id: str) -> dict[str, str]:
        """What doc/source/user/upload has set, for the pages after it."""
        return {'TOKEN': self.demo.id, 'PROJECT': self.demo.project_id,
                'ENDPOINT': self.url, 'VOLUME': volume_id}

    def settle(self, done: reader.Done | None = None) -> None:
        """Until all that was begun has come to its end."""
        self.wait_for(lambda: not self.state.volumes.rows(
            'SELECT id FROM volumes WHERE status IN '
            f'{UNDER_WAY} UNION SELECT id FROM uploads '
            'WHERE finished_at IS NULL'), 'nothing is under way')

    def cancel_all(self) -> None:
        for row in self.state.volumes.rows(
                'SELECT id FROM uploads WHERE finished_at IS NULL'):
            self.call('DELETE', f"/v3/uploads/{row['id']}")
        self.settle()

    def forget_images(self) -> None:
        """Remove the user's, as pages call theirs by name."""
        for image in http.request(
                'GET', f'{self.images.url}/v2/images?limit=1000',
                token=self.demo.id).json['images']:
            if image['owner'] == self.demo.project_id:
                http.request('DELETE',
                             f"{self.images.url}/v2/images/{image['id']}",
                             token=self.demo.id)

    def free(self, name: str) -> None:
        """Have no volume of another page be called so."""
        self.state.volumes.execute(
            "UPDATE volumes SET name = '' WHERE name = :name", name=name)

    def volume(self, name: str, size: int = 1) -> str:
        """The only volume of this name."""
        self.free(name)
        return self.make_volume(name=name, size=size)
