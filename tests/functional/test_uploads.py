# SPDX-License-Identifier: Apache-2.0
"""Uploads as those see them who watch, stop and repeat them."""

import datetime
from typing import Any
import uuid

from tests.functional import base
from tests.functional.base import OTHER_PROJECT
from tests.functional.base import PROJECT
from volupload import exception
from volupload.db import models
from volupload.db import queue
from volupload.db import uploads
from volupload.db import volumes
from volupload.volume.status import UploadStatus

KEYS = [
    'id', 'status', 'phase', 'reason', 'volume_id', 'size', 'image_id',
    'image_name', 'disk_format', 'container_format', 'image_size',
    'bytes_read', 'bytes_sent', 'rate', 'estimated_end', 'attempt',
    'created_at', 'started_at', 'finished_at', 'project_id', 'user_id',
    'request_id', 'links']


class UploadsTestCase(base.KeystoneTestCase):

    def url(self, rest: str = '') -> str:
        return f'/v3/{PROJECT}/uploads{rest}'

    def show(self, upload: models.Upload, **options: Any) -> Any:
        return self.ask('GET', self.url(f'/{upload.id}'), **options)

    def cancel(self, upload: models.Upload, **options: Any) -> Any:
        return self.ask('DELETE', self.url(f'/{upload.id}'), **options)

    def requeue(self, upload: models.Upload, value: object = None,
                **options: Any) -> Any:
        options.setdefault('token', 'admin')
        return self.ask('POST', self.url(f'/{upload.id}/action'),
                        {'requeue': value}, **options)


class TestLocation(UploadsTestCase):

    def test_v3_says_where_the_upload_is(self) -> None:
        for prefix in (f'/v3/{PROJECT}', '/v3'):
            volume = self.make_volume()
            answer = self.ask('POST', f'{prefix}/volumes/{volume.id}/action',
                              {base.UPLOAD: {'image_name': 'image'}})
            [upload] = uploads.get_by_volume(volume.id)
            location = answer.headers['Location']
            self.assertEqual(
                f'http://localhost:80{prefix}/uploads/{upload.id}', location)
            shown = self.ask('GET', location.removeprefix('http://localhost:80'))
            self.assertEqual(('queued', volume.id), (
                shown.json['upload']['status'],
                shown.json['upload']['volume_id']))
            self.assertNotIn('upload_id', answer.json[base.UPLOAD])

    def test_v2_says_what_its_document_says(self) -> None:
        answer = self.upload(self.make_volume(), api='v2')
        self.assertEqual(202, answer.status_int)
        self.assertNotIn('Location', answer.headers)
        self.assertEqual(10, len(answer.json[base.UPLOAD]))

    def test_nothing_of_it_is_on_v2(self) -> None:
        upload = self.make_upload()
        for method, path in (('GET', ''), ('GET', f'/{upload.id}'),
                             ('DELETE', f'/{upload.id}'), ('PUT', '')):
            answer = self.ask(method, f'/v2/{PROJECT}/uploads{path}')
            self.assertFault(answer, 404, 'itemNotFound')
        self.assertEqual('queued', uploads.get(upload.id).status)


class TestShow(UploadsTestCase):

    def test_one_that_waits(self) -> None:
        upload = self.make_upload(request_id='req-1')
        shown = self.show(upload).json['upload']
        self.assertEqual(KEYS, list(shown))
        self.assertEqual(
            ('queued', None, 1, 'image', 0, 0, None, None, 0, 'req-1'),
            tuple(shown[key] for key in (
                'status', 'phase', 'size', 'image_name', 'bytes_sent',
                'bytes_read', 'image_size', 'estimated_end', 'attempt',
                'request_id')))
        self.assertEqual(
            f'http://localhost:80{self.url()}/{upload.id}',
            shown['links'][0]['href'])

    def test_one_that_runs_tells_how_far_it_is(self) -> None:
        upload = self.make_upload('running')
        queue.beat(upload, phase='sending', bytes_read=700, bytes_sent=400,
                   image_size=1000, rate=60)
        before = models.utcnow()
        shown = self.show(upload).json['upload']
        self.assertEqual(('running', 'sending', 700, 400, 1000, 60, 1), tuple(
            shown[key] for key in ('status', 'phase', 'bytes_read',
                                   'bytes_sent', 'image_size', 'rate',
                                   'attempt')))
        end = datetime.datetime.fromisoformat(shown['estimated_end'])
        self.assertTrue(10 <= (end - before).total_seconds() <= 12, end)
        self.assertIsNotNone(shown['started_at'])

    def test_no_end_is_guessed_of_what_stands_still(self) -> None:
        for known in ({'image_size': 10}, {'rate': 5},
                      {'image_size': 10, 'rate': 0},
                      {'image_size': 2 ** 62, 'rate': 1}):
            upload = self.make_upload('running')
            queue.beat(upload, phase='sending', **known)
            self.assertIsNone(
                self.show(upload).json['upload']['estimated_end'], known)

    def test_one_that_failed_says_why(self) -> None:
        upload = self.make_upload('failed', reason='Glance is full.')
        shown = self.show(upload).json['upload']
        self.assertEqual(('failed', 'Glance is full.', None), (
            shown['status'], shown['reason'], shown['rate']))
        self.assertLessEqual(shown['created_at'], shown['finished_at'])

    def test_the_row_outlives_the_volume(self) -> None:
        upload = self.make_upload('succeeded')
        volumes.destroy(upload.volume_id)
        self.assertEqual(200, self.show(upload).status_int)

    def test_admins_see_who_has_it(self) -> None:
        upload = self.make_upload('running')
        shown = self.show(upload, token='admin').json['upload']
        self.assertEqual(('testhost@local', 'testhost:1:0'),
                         (shown['host'], shown['worker']))

    def test_others_are_not_found(self) -> None:
        foreign = self.make_upload(project_id=OTHER_PROJECT)
        self.assertEqual(200, self.show(foreign, token='admin').status_int)
        for name in (foreign.id, str(uuid.uuid4()), 'x', foreign.id.upper()):
            for method in ('GET', 'DELETE'):
                answer = self.ask(method, self.url(f'/{name}'))
                self.assertFault(answer, 404, 'itemNotFound', 'Upload')
        self.assertEqual('queued', uploads.get(foreign.id).status)


class TestList(UploadsTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.made = {
            'a': self.make_upload('queued', image_name='a'),
            'b': self.make_upload('running', image_name='b'),
            'c': self.make_upload('failed', image_name='c',
                                  disk_format='qcow2')}
        self.foreign = self.make_upload(image_name='f',
                                        project_id=OTHER_PROJECT)

    def names(self, query: str = '', **options: Any) -> str:
        answer = self.ask('GET', self.url(f'?{query}'), **options)
        self.assertEqual(200, answer.status_int, answer.text)
        return ''.join(one['image_name'] for one in answer.json['uploads'])

    def test_the_newest_comes_first(self) -> None:
        self.assertEqual('cba', self.names())
        answer = self.ask('GET', self.url())
        self.assertEqual(['uploads'], list(answer.json))
        self.assertEqual(KEYS, list(answer.json['uploads'][0]))

    def test_all_tenants_counts_for_admins_only(self) -> None:
        self.assertEqual('cba', self.names('all_tenants=1'))
        self.assertEqual('cba', self.names(token='admin'))
        self.assertEqual('fcba', self.names('all_tenants=1', token='admin'))
        self.assertEqual('f', self.names(
            f'all_tenants=1&project_id={OTHER_PROJECT}', token='admin'))
        self.assertEqual('', self.names(f'project_id={OTHER_PROJECT}'))

    def test_filters_and_order(self) -> None:
        a, b = self.made['a'], self.made['b']
        for query, names in (
                ('status=queued', 'a'), ('status=queued,running', 'ba'),
                ('status=succeeded', ''), (f'volume_id={b.volume_id}', 'b'),
                (f'image_id={a.image_id}', 'a'), ('disk_format=qcow2', 'c'),
                ('image_name=b&status=failed', ''), ('foo=bar', 'cba'),
                ('sort=image_name:asc', 'abc'), ('sort=status:asc', 'cab'),
                ('sort_key=created_at&sort_dir=asc', 'abc'),
                ('sort=started_at:asc,image_name:asc', 'abc'),
                ('limit=2', 'cb'), ('limit=0', ''), ('offset=2', 'a'),
                (f'marker={b.id}', 'a')):
            self.assertEqual(names, self.names(query), query)

    def test_pages_follow_each_other(self) -> None:
        answer = self.ask('GET', self.url('?limit=2'))
        [link] = answer.json['uploads_links']
        self.assertEqual('next', link['rel'])
        answer = self.ask('GET', link['href'].removeprefix(
            'http://localhost:80'))
        self.assertEqual(['a'], [one['image_name']
                                 for one in answer.json['uploads']])
        self.assertNotIn('uploads_links', answer.json)

    def test_bad_parameters_are_named(self) -> None:
        for query, word in (
                ('status=done', 'status'), ('status=', 'status'),
                ('limit=x', 'limit'), ('sort=worker', 'sort'),
                ('all_tenants=maybe', 'all_tenants'),
                ('image_name=%00', 'image_name')):
            answer = self.ask('GET', self.url(f'?{query}'), token='admin')
            self.assertFault(answer, 400, 'badRequest', word)
        for marker in ('x', self.foreign.id):
            answer = self.ask('GET', self.url(f'?marker={marker}'))
            self.assertFault(answer, 404, 'itemNotFound', marker)

    def test_a_list_needs_no_project_in_its_url(self) -> None:
        answer = self.ask('GET', '/v3/uploads')
        self.assertEqual(3, len(answer.json['uploads']))


class TestCancel(UploadsTestCase):

    def assertEnded(self, upload: models.Upload) -> None:
        row = uploads.get(upload.id)
        self.assertEqual(('cancelled', 'The upload was cancelled.'),
                         (row.status, row.reason))
        self.assertIsNotNone(row.finished_at)
        self.assertEqual('available', volumes.get(upload.volume_id).status)
        self.assertNotIn(upload.image_id, self.images.images)

    def test_one_that_waits_ends_at_once(self) -> None:
        upload = self.make_upload()
        answer = self.cancel(upload)
        self.assertEqual((202, b''), (answer.status_int, answer.body))
        self.assertEnded(upload)

    def test_so_does_one_that_waits_for_another_attempt(self) -> None:
        upload = self.make_upload('running')
        queue.requeue(upload, delay=60, reason='Glance is away.')
        self.assertEqual(202, self.cancel(upload).status_int)
        self.assertEnded(upload)

    def test_one_that_runs_is_marked_and_its_manager_told(self) -> None:
        upload = self.make_upload('running')
        self.assertEqual(202, self.cancel(upload).status_int)
        row = uploads.get(upload.id)
        self.assertEqual(('cancelling', 'testhost:1:0'),
                         (row.status, row.worker))
        self.assertEqual('uploading', volumes.get(upload.volume_id).status)
        self.assertIn(upload.image_id, self.images.images)
        self.assertEqual([('cancel_upload', upload.id)], self.manager.cast)

    def test_it_can_be_asked_for_again(self) -> None:
        upload = self.make_upload('running')
        for _ in range(3):
            self.assertEqual(202, self.cancel(upload).status_int)
        self.assertEqual([('cancel_upload', upload.id)] * 3,
                         self.manager.cast)
        self.assertEqual('cancelling', uploads.get(upload.id).status)

    def test_what_has_ended_or_not_begun_cannot_be(self) -> None:
        for status in ('succeeded', 'failed', 'cancelled', 'creating'):
            upload = self.make_upload(status)
            self.assertFault(self.cancel(upload), 409, 'conflictingRequest',
                             status, 'cannot be cancelled')
            self.assertEqual(status, uploads.get(upload.id).status)
        self.assertEqual([], self.manager.cast)

    def test_an_image_that_cannot_be_deleted_leaves_it_to_a_manager(
            self) -> None:
        self.images.delete_error = exception.ImageServiceError(reason='503')
        upload = self.make_upload()
        self.assertEqual(202, self.cancel(upload).status_int)
        [found] = queue.expired(None, 60)
        self.assertEqual((upload.id, 'cancelling', None),
                         (found.id, found.status, found.worker))
        self.assertEqual('uploading', volumes.get(upload.volume_id).status)
        self.assertIn('a manager will do it', self.logs.output)

    def test_who_loses_the_race_against_the_end_is_told(self) -> None:
        upload = self.make_upload('running')
        found = uploads.get(upload.id)

        def end_first(*_args: object) -> models.Upload:
            uploads.settle(uploads.get(upload.id), UploadStatus.SUCCEEDED)
            return found
        self.volume_api.get_upload = end_first
        self.assertFault(self.cancel(upload), 409, 'conflictingRequest',
                         'succeeded')

    def test_a_reader_cannot(self) -> None:
        upload = self.make_upload()
        self.assertFault(self.cancel(upload, token='reader'), 403,
                         'forbidden', 'upload:cancel')
        self.assertEqual('queued', uploads.get(upload.id).status)


class TestRequeue(UploadsTestCase):

    def test_a_failed_one_is_done_again_with_a_new_image(self) -> None:
        failed = self.make_upload('failed', reason='why', visibility='shared',
                                  project_id=OTHER_PROJECT, attempt=0)
        self.images.delete_error = exception.ImageServiceError(reason='')
        answer = self.requeue(failed)
        self.assertEqual(202, answer.status_int, answer.text)
        shown = answer.json['upload']
        self.assertEqual(
            (failed.id, 'queued', None, 0, None),
            tuple(shown[key] for key in ('id', 'status', 'reason', 'attempt',
                                         'finished_at')))
        self.assertNotEqual(failed.image_id, shown['image_id'])
        row = uploads.get(failed.id)
        self.assertEqual(('queued', shown['image_id']),
                         (row.status, row.image_id))
        self.assertEqual('uploading', volumes.get(failed.volume_id).status)
        image = self.images.images[row.image_id]
        self.assertEqual(('queued', 'shared', OTHER_PROJECT), (
            image['status'], image['visibility'], self.images.owner))
        self.assertEqual([('copy_volume_to_image', failed.id)],
                         self.manager.cast)

    def test_only_a_failed_one_can_be(self) -> None:
        for status in ('creating', 'queued', 'running', 'succeeded',
                       'cancelled'):
            upload = self.make_upload(status)
            self.assertFault(self.requeue(upload), 409, 'conflictingRequest',
                             status)
            self.assertEqual(upload.image_id,
                             uploads.get(upload.id).image_id)

    def test_its_volume_must_be_there_to_be_uploaded(self) -> None:
        failed = self.make_upload('failed')
        volume = volumes.get(failed.volume_id)
        self.make_upload('queued', volume=volume)
        self.assertFault(self.requeue(failed), 409, 'conflictingRequest',
                         failed.volume_id)
        gone = self.make_upload('failed')
        volumes.destroy(gone.volume_id)
        self.assertFault(self.requeue(gone), 409, 'conflictingRequest',
                         gone.volume_id)
        for upload in (failed, gone):
            self.assertEqual('failed', uploads.get(upload.id).status)

    def test_an_image_that_cannot_be_made_fails_it_again(self) -> None:
        for error, status in (
                (exception.ImageServiceError(reason='refused'), 500),
                (exception.ImageServiceError(reason='reset',
                                             outcome_unknown=True), 500),
                (exception.ImageRefused(code=403, reason='No.'), 403)):
            failed = self.make_upload('failed', reason='the first')
            self.images.error = error
            self.assertEqual(status, self.requeue(failed).status_int)
            row = uploads.get(failed.id)
            self.assertEqual(('failed', str(error)), (row.status, row.reason))
            self.assertEqual('available',
                             volumes.get(failed.volume_id).status)
            self.assertEqual({}, self.images.images)

    def test_members_cannot(self) -> None:
        failed = self.make_upload('failed')
        self.assertFault(self.requeue(failed, token='member'), 403,
                         'forbidden', 'upload:requeue')
        self.assertEqual('failed', uploads.get(failed.id).status)

    def test_it_takes_nothing_but_null(self) -> None:
        failed = self.make_upload('failed')
        for value in ({'a': 1}, 'x', 1, True, [1]):
            self.assertFault(self.requeue(failed, value), 400, 'badRequest',
                             'requeue')
        answer = self.ask('POST', self.url(f'/{failed.id}/action'),
                          {'cancel': None}, token='admin')
        self.assertFault(answer, 400, 'badRequest', 'no such action: cancel')
        self.assertEqual(202, self.requeue(failed, {}).status_int)


class TestLimit(UploadsTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.config(max_queued_per_project=2, group='upload')

    def test_so_many_may_wait_and_no_more(self) -> None:
        self.make_upload('running')
        self.make_upload('failed')
        self.make_upload(project_id=OTHER_PROJECT)
        for api in ('v2', 'v3'):
            self.assertEqual(202, self.upload(self.make_volume(),
                                              api=api).status_int)
        for api in ('v2', 'v3'):
            volume = self.make_volume()
            answer = self.upload(volume, api=api)
            self.assertFault(answer, 413, 'overLimit', 'queue', 'is 2')
            self.assertEqual('available', volumes.get(volume.id).status)
            self.assertEqual([], uploads.get_by_volume(volume.id))
        self.assertEqual(2, len(self.manager.cast))

    def test_one_that_begins_makes_room(self) -> None:
        self.make_upload()
        self.make_upload()
        volume = self.make_volume()
        self.assertEqual(413, self.upload(volume).status_int)
        self.assertIsNotNone(queue.claim_next(['testhost@local'], 'w'))
        self.assertEqual(202, self.upload(volume).status_int)

    def test_nothing_is_counted_unless_there_is_a_limit(self) -> None:
        self.config(max_queued_per_project=0, group='upload')
        for _ in range(5):
            self.assertEqual(202, self.upload(self.make_volume()).status_int)


class TestUploadingVolume(UploadsTestCase):

    def test_it_cannot_be_deleted(self) -> None:
        for status in ('creating', 'queued', 'running'):
            upload = self.make_upload(status)
            for api in ('v2', 'v3'):
                answer = self.ask(
                    'DELETE',
                    f'/{api}/{PROJECT}/volumes/{upload.volume_id}')
                self.assertFault(answer, 400, 'badRequest', 'uploading')
            self.assertEqual(status, uploads.get(upload.id).status)

    def test_it_can_be_when_the_upload_is_cancelled(self) -> None:
        upload = self.make_upload()
        self.cancel(upload)
        answer = self.ask('DELETE',
                          f'/v3/{PROJECT}/volumes/{upload.volume_id}')
        self.assertEqual(202, answer.status_int)
