# SPDX-License-Identifier: Apache-2.0
"""Glance that cannot be used: 500 in general words, and nothing remains.

It is not the client's fault, and what the operator has to repair is none of
the client's business.
"""

from collections.abc import Callable
import json
from typing import Any

from tests.integration import calls
from tests.integration import conformance
from tests.integration import inprocess
from tests.integration import scripted
from tools.cloud import ports

GENERAL = (b'{"computeFault": {"message": "The server has either erred or is '
           b'incapable of performing the requested operation.", '
           b'"code": 500}}')
Answer = Callable[[Any], None]
PAGE = {'Content-Type': 'text/html'}


def _to_images(answer: Answer) -> Answer:
    """It keeps no limits, and so it is asked for the record at least."""
    def handle(handler: Any) -> None:
        if handler.path.endswith('/info/usage'):
            scripted.answering(404)(handler)
        else:
            answer(handler)
    return handle


# Some server that is no Glance, or a Glance that is none any more.
SERVERS: dict[str, Answer] = {
    'answers 200 with a page': scripted.answering(
        200, b'<html>It works!</html>', PAGE),
    'answers 200 with an object': scripted.answering(200, b'{}'),
    'answers 201 with nothing': scripted.answering(201),
    'answers 201 with another image': scripted.answering(
        201, json.dumps({'id': conformance.NOWHERE}).encode()),
    'answers 300': scripted.answering(300, b'{"versions": []}'),
    'sends elsewhere': scripted.answering(
        302, b'', {'Location': 'http://127.0.0.1:1/'}),
    'answers 400 with a page': scripted.answering(400, b'<h1>Bad</h1>', PAGE),
    'answers 401': scripted.answering(401),
    'answers 403 with a page': scripted.answering(
        403, b'<html><h1>Forbidden</h1></html>', PAGE),
    'answers 404': scripted.answering(404),
    'answers 413 with a page': scripted.answering(
        413, b'<html><h1>Too Large</h1></html>', PAGE),
    'answers 500': scripted.answering(500),
    'answers 502 with a page': scripted.answering(
        502, b'<html><h1>Bad gateway</h1></html>', PAGE),
    'answers 503': scripted.answering(503),
    'hangs up': scripted.hanging_up,
    'says nothing': scripted.silent,
    'hangs up on images': _to_images(scripted.hanging_up),
    'says nothing to images': _to_images(scripted.silent),
}
# The image may be there, so a row remains that says what was tried.
UNKNOWN = {'answers 201 with nothing', 'answers 201 with another image',
           'answers 500', 'answers 502 with a page', 'answers 503',
           'hangs up on images', 'says nothing to images'}


class GlanceTestCase(inprocess.TroubleTestCase):

    def options(self) -> dict[str, dict[str, object]]:
        return {'glance': {'timeout': 1, 'connect_retry_delay': 0.01,
                           'status_code_retries': 0, **self.trouble()}}

    def trouble(self) -> dict[str, object]:
        raise NotImplementedError

    def check_general(self, face: calls.Face) -> None:
        answer = self.post(self.untouched, face=face)
        self.assertEqual(GENERAL, answer.body)
        self.check_fault(answer, 500, '.*', face=face)


class TestConfiguration(GlanceTestCase):
    """Glance is well, and [glance] says something else."""

    scenarios = [(name, {'changed': changed}) for name, changed in {
        'closed port': {'endpoint_override': 'http://127.0.0.1:{free}'},
        'name that does not resolve': {
            'endpoint_override': 'http://glance.invalid:9292'},
        'port of Keystone': {'endpoint_override': '{keystone}'},
        'path below Keystone': {'endpoint_override': '{keystone}/v3'},
        'path below Glance': {'endpoint_override': '{glance}/nowhere'},
        'no entry in the catalogue': {'service_type': 'nothing'},
        'no entry of that region': {'region_name': 'Nowhere'},
        'wrong password': {'password': 'wrong'},
        'unknown user': {'username': 'nobody'},
        'unknown project': {'project_name': 'nowhere'},
        'closed port of Keystone': {'auth_url': 'http://127.0.0.1:{free}/v3'},
        'Keystone at Glance': {'auth_url': '{glance}/v3'},
    }.items()]

    changed: dict[str, str]

    def trouble(self) -> dict[str, object]:
        return {option: value.format(
                    free=ports.free_port(), glance=self.images.url,
                    keystone=self.identity.root_url)
                for option, value in self.changed.items()}

    def test_is_answered_in_general_words_and_nothing_remains(self) -> None:
        for face in calls.FACES:
            with self.nothing_remains(times=False):
                self.check_general(face)
        self.assertEqual([], self.bus.received())
        # The operator is told more.
        self.assertIn('Traceback', self.logs.output)


class TestServer(GlanceTestCase):
    """Something else listens where Glance should."""

    scenarios = [
        (name, {'name': name, 'answer': staticmethod(answer),
                # Silence takes its time.
                'faces': calls.FACES[:1] if 'nothing' in name
                else calls.FACES})
        for name, answer in SERVERS.items()]

    faces: tuple[calls.Face, ...]
    name: str
    answer: Answer

    def trouble(self) -> dict[str, object]:
        server = self.useFixture(scripted.Server(self.answer))
        return {'endpoint_override': server.url}

    def test_is_answered_in_general_words_and_nothing_is_begun(self) -> None:
        before = self.state.everything(times=False)
        for face in self.faces:
            self.check_general(face)
        after = self.state.everything(times=False)
        left = [(row[0], row[2]) for row in after - before]
        wanted = [('upload', 'failed')] * len(self.faces)
        self.assertEqual(wanted if self.name in UNKNOWN else [], left)
        self.check_reasons()
        self.assertEqual(set(), before - after)
        self.assertEqual([], self.bus.received())

    def check_reasons(self) -> None:
        for upload in self.state.volumes.uploads(self.untouched):
            self.assertNotIn(upload['reason'], (None, ''))


class TestTLS(GlanceTestCase):

    def trouble(self) -> dict[str, object]:
        server = self.useFixture(scripted.Server(
            scripted.answering(201, b'{}'),
            scripted.certificate(self.directory())))
        return {'endpoint_override': server.url}

    def test_a_certificate_of_nobody_is_answered_in_general_words(
            self) -> None:
        with self.nothing_remains(times=False):
            self.check_general(calls.V2)
        self.assertEqual([], self.bus.received())


class TestWell(GlanceTestCase):
    """What the other tests rely on to see a difference."""

    def trouble(self) -> dict[str, object]:
        return {'timeout': 60}

    def test_a_manager_is_told_of_what_was_accepted(self) -> None:
        volume_id = self.make_volume()
        answer = self.post(volume_id)
        self.assertEqual(202, answer.status, answer.body)
        [upload] = self.state.volumes.uploads(volume_id)
        self.assertEqual('queued', upload['status'])
        # The answer does not wait for the bus.
        self.wait_for(lambda: bool(self.bus.received()), 'it is told')
        self.assertEqual(
            [('copy_volume_to_image', {'upload_id': upload['id']})],
            self.bus.received())
        self.assertEqual('queued',
                         self.state.image(upload['image_id'])['status'])


class TestStopped(conformance.ApiTestCase):
    """The real Glance, stopped while the API runs."""

    def test_it_is_told_in_general_words_until_it_is_back(self) -> None:
        self.images.stop()
        self.addCleanup(self.images.start)
        for face in calls.FACES:
            with self.nothing_remains(times=False):
                answer = self.post(self.untouched, face=face)
            self.assertEqual(GENERAL, answer.body)
            self.check_fault(answer, 500, '.*', face=face)
            self.assertEqual('available',
                             self.state.volumes.status(self.untouched))
        self.images.start()
        self.succeed(self.post(self.make_volume()))
