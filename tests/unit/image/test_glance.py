# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from collections.abc import Iterator
import concurrent.futures
import hashlib
import socket
import time
from typing import Any
import uuid

import fixtures
from oslo_context import context

from tests.unit.image import base
from volupload import exception
from volupload.image import glance


class TestCreate(base.ImageTestCase):

    def refused(self, status: int, reason: str) -> None:
        error = self.fails(exception.ImageRefused, self.create)
        self.assertEqual((status, reason), (error.code, str(error)))

    def broken(self, *words: str, unknown: bool = False) -> None:
        error = self.fails(exception.ImageServiceError, self.create)
        self.assertEqual(500, error.code)
        self.assertEqual(unknown, error.outcome_unknown, str(error))
        for word in words:
            self.assertIn(word, str(error))

    def test_the_record_is_as_asked_for(self) -> None:
        image = self.create(name='\u540d <b>', visibility='private',
                            os_distro='debian')
        stored = self.glance.images[self.image_id]
        self.assertEqual(image, stored)
        self.assertEqual(
            (self.image_id, '\u540d <b>', 'private', 'debian', 'queued'),
            tuple(stored[key] for key in (
                'id', 'name', 'visibility', 'os_distro', 'status')))

    def test_without_a_visibility_glance_decides(self) -> None:
        self.assertEqual('shared', self.create()['visibility'])

    def test_is_one_request_with_the_users_token_and_request_id(self) -> None:
        self.create()
        [(method, path, headers)] = self.glance.requests
        self.assertEqual(('POST', '/v2/images'), (method, path))
        self.assertEqual('users-token', headers['X-Auth-Token'])
        self.assertEqual(self.context.global_request_id,
                         headers['X-Openstack-Request-Id'])

    def test_the_user_becomes_owner_by_token_and_not_by_name(self) -> None:
        self.create()
        self.assertNotIn('owner', self.glance.images[self.image_id])

    def test_without_a_token_the_service_gives_it_to_the_project(
            self) -> None:
        self.context.auth_token = None
        self.create()
        self.assertEqual('project',
                         self.glance.images[self.image_id]['owner'])

    def test_a_version_in_the_endpoint_is_not_doubled(self) -> None:
        self.set(endpoint_override=f'{self.glance.url}/v2/')
        self.create()
        self.assertEqual('/v2/images', self.glance.requests[0][1])

    def test_one_connection_serves_many_requests(self) -> None:
        for _ in range(3):
            self.image_id = str(uuid.uuid4())
            self.create()
        self.assertEqual(1, len(self.glance._server.connections))

    def test_a_connection_that_was_closed_is_replaced(self) -> None:
        self.create()
        self.glance.stop()
        self.glance.start()
        self.image_id = str(uuid.uuid4())
        self.create()

    def on_an_open_connection(self, **failure: Any) -> None:
        """The next request meets it on a connection that served before."""
        self.create()
        self.image_id = str(uuid.uuid4())
        self.glance.fail('POST', **failure)

    def test_a_connection_that_breaks_when_it_is_used_is_replaced(
            self) -> None:
        self.on_an_open_connection(reset=True, times=1)
        self.assertEqual(self.image_id, self.create()['id'])

    def test_a_record_made_as_the_connection_broke_is_ours(self) -> None:
        self.on_an_open_connection(done=True, reset=True, times=1)
        self.assertEqual(self.image_id, self.create()['id'])
        self.assertEqual(['POST', 'POST', 'POST', 'GET'],
                         [request[0] for request in self.glance.requests])

    def test_a_connection_is_replaced_once(self) -> None:
        self.on_an_open_connection(reset=True)
        self.broken(unknown=True)
        self.assertEqual(3, len(self.glance.requests))

    def test_an_open_connection_that_hangs_is_not_replaced(self) -> None:
        self.set(timeout=0.2)
        self.on_an_open_connection(hang=True)
        self.broken('timed out', unknown=True)
        self.assertEqual(2, len(self.glance.requests))

    def test_a_connection_is_not_trusted_for_long(self) -> None:
        self.useFixture(
            fixtures.MonkeyPatch('volupload.image.wire._MAX_IDLE', 0))
        self.create()
        self.image_id = str(uuid.uuid4())
        self.create()
        self.assertEqual(2, self.glance.accepted)

    def test_threads_do_not_mix_their_answers(self) -> None:
        def one(image_id: str) -> str:
            return self.images.create_image(
                self.context, image_id, name='x', disk_format='raw',
                container_format='bare')['id']
        ids = [str(uuid.uuid4()) for _ in range(60)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(ids, list(pool.map(one, ids)))

    def test_a_refusal_has_glances_code_and_reason(self) -> None:
        for status in (400, 403, 409, 413):
            self.glance.fail('POST', status=status, reason='Quota & <co>')
            self.refused(status, 'Quota & <co>')

    def test_an_id_that_is_taken_is_refused(self) -> None:
        self.create()
        self.refused(409, f'Image ID {self.image_id} already exists!')

    def test_other_errors_are_the_services(self) -> None:
        for status in (300, 301, 401, 404, 405, 410, 429):
            self.glance.fail('POST', status=status, reason='why')
            self.broken(f'HTTP {status} why', self.glance.url)

    def test_after_a_5xx_the_outcome_is_unknown(self) -> None:
        for status in (500, 502, 503, 504):
            self.glance.fail('POST', status=status, reason='why')
            self.broken(f'HTTP {status} why', unknown=True)

    def test_a_web_servers_refusal_is_not_glances(self) -> None:
        self.glance.fail('POST', status=403,
                         body=b'<h1>Forbidden</h1>You may not.')
        self.broken('HTTP 403')

    def test_nonsense_is_an_error(self) -> None:
        for status, unknown in ((200, False), (201, True), (202, False)):
            for body in (b'<html>It works!</html>', b'', b'{}', b'[]',
                         b'{"id": "another"}', b'\xff', b'7'):
                self.glance.fail('POST', status=status, body=body)
                self.broken(f'HTTP {status}', unknown=unknown)

    def test_a_503_is_tried_again(self) -> None:
        self.glance.fail('POST', status=503, times=1)
        self.create()
        self.assertEqual(2, len(self.glance.requests))

    def test_a_record_made_in_spite_of_a_503_is_ours(self) -> None:
        self.glance.fail('POST', done=True, status=503, times=1)
        self.assertEqual(self.image_id, self.create()['id'])
        self.assertEqual(['POST', 'POST', 'GET'],
                         [request[0] for request in self.glance.requests])

    def test_a_record_made_before_may_be_why_the_next_is_refused(
            self) -> None:
        def full(status: int) -> None:
            self.glance.requests.clear()
            self.glance.images.clear()
            self.glance.fail('POST', done=True, status=503, times=1)
            self.glance.then('POST', status=status, reason='Quota')
        for status in (400, 403, 413):
            full(status)
            self.assertEqual(self.image_id, self.create()['id'])

    def test_a_refusal_after_a_503_that_made_nothing(self) -> None:
        self.glance.fail('POST', status=503, times=1)
        self.glance.then('POST', status=413, reason='Quota')
        self.refused(413, 'Quota')

    def test_an_id_that_is_taken_by_no_image_of_ours(self) -> None:
        self.create()
        for image in ({'status': 'active'}, {'id': 'another'}):
            self.glance.fail('POST', status=503, times=1)
            self.glance.images[self.image_id].update(image)
            self.broken('HTTP', unknown=True)
        self.glance.fail('POST', status=503, times=1)
        self.glance.fail('GET', status=404, reason='No image found')
        self.broken('HTTP 409', unknown=True)
        self.glance.fail('POST', status=503, times=1)
        self.glance.fail('GET', status=500)
        self.broken('HTTP 500', unknown=True)

    def test_after_a_503_no_other_error_is_certain(self) -> None:
        for then in ({'status': 401}, {'status': 503}, {'reset': True}):
            self.glance.fail('POST', status=503, times=1)
            self.glance.then('POST', **then)
            self.broken(unknown=True)

    def test_no_other_answer_is_tried_again(self) -> None:
        self.glance.fail('POST', status=500)
        self.broken(unknown=True)
        self.assertEqual(1, len(self.glance.requests))

    def test_nobody_listens(self) -> None:
        self.glance.stop()
        self.broken('Connection refused', self.glance.url)

    def test_a_glance_that_comes_back_is_found(self) -> None:
        self.glance.stop()
        self.broken()
        self.glance.start()
        self.create()

    def test_a_name_that_nobody_knows(self) -> None:
        self.set(endpoint_override='http://glance.invalid:9292')
        self.broken('glance.invalid')

    def test_endpoints_that_are_no_url(self) -> None:
        for wrong in ('glance', 'http://', 'ftp://glance', 'http://a b/',
                      'http://glance/\u00fc', 'http://glance:port'):
            self.set(endpoint_override=wrong)
            self.broken()

    def test_tls_to_a_plain_port(self) -> None:
        self.set(endpoint_override=self.glance.url.replace('http', 'https'))
        self.broken('cannot connect')

    def test_a_broken_connection_leaves_the_outcome_unknown(self) -> None:
        self.glance.fail('POST', reset=True)
        self.broken(unknown=True)
        self.assertEqual(1, len(self.glance.requests))

    def test_no_answer_leaves_the_outcome_unknown(self) -> None:
        self.set(timeout=0.2)
        self.glance.fail('POST', hang=True)
        self.broken('timed out', unknown=True)

    def test_credentials_that_cannot_be_loaded(self) -> None:
        self.context.auth_token = None
        self.set(auth_type='no-such-plugin')
        self.broken('no-such-plugin')

    def test_credentials_that_are_missing(self) -> None:
        self.set(auth_type=None, endpoint_override=None)
        self.broken()


class TestGetUpdateDelete(base.ImageTestCase):

    def test_get_shows_the_image(self) -> None:
        self.create()
        self.assertEqual('queued',
                         self.images.get_image(self.image_id)['status'])

    def test_update_sets_properties_old_and_new(self) -> None:
        self.create()
        image = self.images.update_image(
            self.image_id, protected=True, **{'a/b~c': 'd'})
        self.assertEqual(image, self.glance.images[self.image_id])
        self.assertEqual((True, 'd'), (image['protected'], image['a/b~c']))

    def test_delete_removes_it_and_again_is_fine(self) -> None:
        self.create()
        self.images.delete_image(self.image_id)
        self.assertEqual({}, self.glance.images)
        self.images.delete_image(self.image_id)

    def test_a_deletion_that_is_refused_says_why(self) -> None:
        self.create(protected=True)
        error = self.fails(exception.ImageServiceError,
                           self.images.delete_image, self.image_id)
        self.assertIn('is protected and cannot be deleted', str(error))

    def test_an_image_that_is_gone(self) -> None:
        self.fails(exception.ImageNotFound, self.images.get_image,
                   self.image_id)
        self.fails(exception.ImageNotFound, self.images.update_image,
                   self.image_id, protected=True)

    def test_a_404_of_another_server_is_no_proof(self) -> None:
        for method in ('GET', 'DELETE'):
            self.glance.fail(method, status=404, body=b'<h1>Not Found</h1>')
        for call in (self.images.get_image, self.images.delete_image):
            self.fails(exception.ImageServiceError, call, self.image_id)

    def test_an_update_that_is_refused(self) -> None:
        self.create()
        self.glance.fail('PATCH', status=403, reason='Forbidden it is.')
        error = self.fails(exception.ImageRefused, self.images.update_image,
                           self.image_id, protected=True)
        self.assertEqual((403, 'Forbidden it is.'), (error.code, str(error)))

    def test_they_are_repeated_when_no_answer_comes(self) -> None:
        self.create()
        self.glance.fail('GET', reset=True, times=1)
        self.images.get_image(self.image_id)

    def test_nonsense_is_an_error(self) -> None:
        self.create()
        for method, call in (('GET', self.images.get_image),
                             ('PATCH', self.images.update_image),
                             ('DELETE', self.images.delete_image)):
            self.glance.fail(method, status=200, body=b'<html>')
            self.fails(exception.ImageServiceError, call, self.image_id)

    def test_the_request_id_of_the_thread_is_passed_on(self) -> None:
        current = context.RequestContext()
        self.create()
        self.images.get_image(self.image_id)
        self.assertEqual(current.request_id, self.glance.requests[-1][2][
            'X-Openstack-Request-Id'])


class TestUpload(base.ImageTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.create()
        self.data = bytes(range(256)) * 1000

    def chunks(self, length: int = 100_000):
        view = memoryview(self.data)
        for start in range(0, len(view), length):
            yield view[start:start + length]

    def upload(self, chunks=None, size: int | None = -1) -> None:
        self.images.upload_data(
            self.image_id, self.chunks() if chunks is None else chunks,
            len(self.data) if size == -1 else size)

    def endless(self, chunks: list[int]):
        """10 GiB that count how far they got."""
        block = memoryview(bytes(1024 * 1024))
        for _ in range(10 * 1024):
            chunks.append(1)
            yield block

    def test_the_bytes_arrive_with_their_length(self) -> None:
        self.upload()
        self.assertEqual(self.data, self.glance.data[self.image_id])
        headers = self.glance.requests[-1][2]
        self.assertEqual('256000', headers['Content-Length'])
        self.assertEqual('256000', headers['x-openstack-image-size'])
        self.assertEqual(
            hashlib.sha512(self.data).hexdigest(),
            self.images.get_image(self.image_id)['os_hash_value'])

    def test_of_unknown_length_they_go_in_small_chunks(self) -> None:
        self.upload(size=None)
        self.assertEqual(self.data, self.glance.data[self.image_id])
        headers = self.glance.requests[-1][2]
        self.assertEqual('chunked', headers['Transfer-Encoding'])
        self.assertNotIn('Content-Length', headers)

    def test_an_image_of_no_bytes(self) -> None:
        self.upload(iter(()), 0)
        self.assertEqual(b'', self.glance.data[self.image_id])

    def test_an_image_that_is_gone_is_told_before_anything_is_read(
            self) -> None:
        self.images.delete_image(self.image_id)
        self.fails(exception.ImageNotFound, self.upload, iter([1 / 1]))

    def test_an_image_that_has_its_data_is_refused(self) -> None:
        self.upload()
        self.fails(exception.ImageAlreadyActive, self.upload)
        self.assertEqual('PUT', self.glance.requests[-2][0])

    def test_an_image_that_cannot_get_data_is_refused(self) -> None:
        self.glance.images[self.image_id]['status'] = 'deactivated'
        error = self.fails(exception.ImageNotQueued, self.upload)
        self.assertIn('it is deactivated, not queued', str(error))

    def test_an_answer_that_is_lost_does_not_matter(self) -> None:
        for size in (len(self.data), None):
            self.glance.images[self.image_id]['status'] = 'queued'
            self.glance.fail('PUT', done=True, reset=True, times=1)
            self.upload(size=size)
            self.assertIn('is active although its answer was lost',
                          self.logs.output)
            self.assertEqual(self.data, self.glance.data[self.image_id])

    def test_an_answer_lost_by_a_glance_that_stores_on(self) -> None:
        image = self.glance.images[self.image_id]
        self.glance.fail('PUT', reset=True)
        def chunks():
            yield from self.chunks()
            image['status'] = 'saving'
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            upload = pool.submit(self.upload, chunks())
            while [request[0] for request in self.glance.requests[-2:]] != [
                    'PUT', 'GET']:
                time.sleep(0.001)
            image['status'] = 'active'
            upload.result()

    def test_both_reasons_are_told_when_glance_stays_away(self) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'volupload.image.glance.STORING_TIME', 0.5))
        self.glance.fail('PUT', reset=True)
        def chunks():
            yield from self.chunks()
            self.glance.fail('GET', status=500, reason='No database.')
        error = self.fails(exception.ImageServiceError, self.upload, chunks())
        self.assertIn('no answer', str(error))
        self.assertIn('No database.', str(error))
        self.assertTrue(error.outcome_unknown)

    def test_an_image_deleted_in_the_middle_is_told_as_that(self) -> None:
        def chunks():
            yield memoryview(bytes(1000))
            del self.glance.images[self.image_id]
            yield memoryview(bytes(1000))
        self.glance.fail('PUT', reset=True)
        self.fails(exception.ImageNotFound, self.upload, chunks(), 2000)

    def test_an_image_still_saving_is_waited_for(self) -> None:
        image = self.glance.images[self.image_id]
        image['status'] = 'saving'
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            upload = pool.submit(self.upload)
            while len(self.glance.requests) < 3:
                pass
            image['status'] = 'queued'
            upload.result()
        self.assertEqual('active', image['status'])

    def test_an_error_after_the_last_byte(self) -> None:
        self.glance.fail('PUT', status=415, reason='It is no qcow2.')
        error = self.fails(exception.ImageDataRefused, self.upload)
        self.assertEqual((415, 'It is no qcow2.'),
                         (error.status, error.reason))

    def test_a_refusal_because_the_image_is_deleted_says_so(self) -> None:
        self.glance.fail('PUT', status=410, reason='Not found after upload.')
        self.fails(exception.ImageDataRefused, self.upload)

        def chunks() -> Iterator[memoryview]:
            yield from self.chunks()
            del self.glance.images[self.image_id]
        self.fails(exception.ImageNotFound, self.upload, chunks())

    def test_an_early_error_ends_the_sending(self) -> None:
        self.glance.fail('PUT', status=413, reason='Too large.',
                         after=100_000)
        chunks: list[int] = []
        error = self.fails(exception.ImageDataRefused, self.upload,
                           self.endless(chunks), 10 * 1024 ** 3)
        self.assertEqual((413, 'Too large.'), (error.status, error.reason))
        self.assertLess(len(chunks), 200)

    def test_an_early_error_ends_chunked_sending(self) -> None:
        self.glance.fail('PUT', status=413, reason='Too large.',
                         after=100_000)
        chunks: list[int] = []
        self.fails(exception.ImageDataRefused, self.upload,
                   self.endless(chunks), None)
        self.assertLess(len(chunks), 200)

    def test_what_was_cut_off_in_the_middle_is_no_image(self) -> None:
        self.glance.fail('PUT', reset=True, after=100_000)
        for size in (10 * 1024 ** 3, None):
            error = self.fails(exception.ImageServiceError, self.upload,
                               self.endless([]), size)
            self.assertFalse(error.outcome_unknown)
            self.assertIn('; the image is queued after that', str(error))

    def test_a_glance_that_stands_still_is_given_up(self) -> None:
        self.set(stall_timeout=1)
        self.glance.fail('PUT', hang=True, after=100_000)
        error = self.fails(exception.ImageServiceError, self.upload,
                           self.endless([]), 10 * 1024 ** 3)
        self.assertIn('nothing moved for 1 seconds; the image is',
                      str(error))

    def test_an_answer_that_never_comes_is_given_up(self) -> None:
        self.set(stall_timeout=1)
        self.glance.fail('PUT', hang=True)
        error = self.fails(exception.ImageServiceError, self.upload)
        self.assertIn('no answer', str(error))
        self.assertTrue(error.outcome_unknown)

    def test_a_wrong_length_is_refused(self) -> None:
        chunks = self.chunks()
        next(chunks)
        self.set(stall_timeout=1)
        self.fails(exception.ImageServiceError, self.upload, chunks)
        self.assertNotEqual('active', self.glance.images[
            self.image_id]['status'])

    def test_nonsense_instead_of_204_is_an_error(self) -> None:
        self.glance.fail('PUT', status=200, body=b'<html>')
        error = self.fails(exception.ImageServiceError, self.upload)
        self.assertTrue(error.outcome_unknown)

    def test_what_the_chunks_raise_passes_and_glance_sees_the_end(
            self) -> None:
        wrong = exception.ShortRead(offset=5, expected=2, actual=1)

        def chunks():
            yield memoryview(self.data)
            raise wrong
        self.assertIs(wrong, self.fails(
            exception.ShortRead, self.upload, chunks(), 10 ** 9))
        while self.glance.images[self.image_id]['status'] == 'saving':
            pass
        self.upload()
        self.assertEqual(self.data, self.glance.data[self.image_id])

    def test_nothing_is_left_open(self) -> None:
        self.upload()
        self.images.close()
        deadline = time.monotonic() + 5
        while self.glance._server.connections:
            self.assertLess(time.monotonic(), deadline)


class TestCheckConfig(base.ImageTestCase):

    def refused(self, option: str, **options) -> None:
        self.set(**options)
        error = self.fails(exception.ConfigError,
                           glance.ImageService().check_config)
        self.assertEqual(('glance', option), (error.section, error.option))

    def test_nobody_is_asked(self) -> None:
        self.images.check_config()
        self.assertEqual([], self.glance.requests)

    def test_no_credentials_at_all(self) -> None:
        self.refused('auth_type', auth_type=None)

    def test_an_unknown_plugin(self) -> None:
        self.refused('auth_type', auth_type='no-such-plugin')

    def test_an_option_that_the_plugin_needs(self) -> None:
        self.addCleanup(self.forget_plugin, 'password')
        self.refused('auth_url', auth_type='password')

    def test_an_endpoint_that_is_no_url(self) -> None:
        self.refused('endpoint_override', endpoint_override='glance:9292')

    def test_a_ca_file_that_is_missing(self) -> None:
        self.refused('cafile, certfile or keyfile', cafile='/no/such/file')


class TestPatience(base.ImageTestCase):

    def took(self, call: Callable[[], Any]) -> float:
        began = time.monotonic()
        self.fails(exception.ImageServiceError, call)
        return time.monotonic() - began

    def black_hole(self) -> str:
        """An address where nobody accepts: its queue of one is full."""
        silent = socket.create_server(('127.0.0.1', 0), backlog=0)
        self.addCleanup(silent.close)
        waiting = socket.create_connection(silent.getsockname())
        self.addCleanup(waiting.close)
        return f'http://127.0.0.1:{silent.getsockname()[1]}'

    def test_an_answer_is_waited_for_longer_than_a_connection(self) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'volupload.image.wire.CONNECT_TIMEOUT', 0.2))
        self.set(timeout=20, connect_retries=0)
        self.set(endpoint_override=self.black_hole())
        self.assertLess(self.took(self.create), 5)
        self.assertLess(self.took(
            lambda: self.images.get_image(self.image_id)), 5)

    def test_a_slow_answer_is_no_slow_connection(self) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'volupload.image.wire.CONNECT_TIMEOUT', 0.2))
        self.set(timeout=1, connect_retries=0)
        for method, call in (
                ('POST', self.create),
                ('GET', lambda: self.images.get_image(self.image_id))):
            self.glance.fail(method, hang=True)
            self.assertGreater(self.took(call), 0.9)

    def test_a_deletion_that_somebody_waits_for_is_tried_once(self) -> None:
        def delete(**retry: bool) -> int:
            self.glance.requests.clear()
            self.took(lambda: self.images.delete_image(
                self.image_id, **retry))
            return len(self.glance.requests)
        for failure in ({'status': 503}, {'reset': True}):
            self.glance.fail('DELETE', **failure)
            self.assertEqual((2, 1), (delete(), delete(retry=False)))

    def test_a_user_does_not_wait_for_minutes(self) -> None:
        self.assertEqual(20, self.default_timeout)


class TestStoppedInMiddle(base.ImageTestCase):

    def test_a_port_that_never_answers_is_given_up(self) -> None:
        with socket.create_server(('127.0.0.1', 0)) as silent:
            port = silent.getsockname()[1]
            self.set(timeout=0.2,
                     endpoint_override=f'http://127.0.0.1:{port}')
            error = self.fails(exception.ImageServiceError, self.create)
        self.assertTrue(error.outcome_unknown)
