# SPDX-License-Identifier: Apache-2.0

from oslo_db import exception as db_exception

from tests import base
from volupload import exception
from volupload.volume import retries
from volupload.volume.retries import Verdict


class TestVerdict(base.TestCase):

    def test_what_glance_answers_to_the_data(self) -> None:
        for status, expected in (
                (400, Verdict.FAIL), (401, Verdict.AGAIN),
                (403, Verdict.FAIL), (408, Verdict.AGAIN),
                (409, Verdict.FAIL), (410, Verdict.FAIL),
                (413, Verdict.FAIL), (415, Verdict.FAIL),
                (429, Verdict.AGAIN), (500, Verdict.AGAIN),
                (502, Verdict.AGAIN), (503, Verdict.AGAIN)):
            error = exception.ImageDataRefused(status=status, reason='x')
            self.assertIs(expected, retries.verdict(error), status)

    def test_services_that_are_away_may_come_back(self) -> None:
        for error in (exception.ImageServiceError(reason='refused'),
                      db_exception.DBConnectionError()):
            self.assertIs(Verdict.AGAIN, retries.verdict(error))

    def test_a_deleted_image_is_its_owners_wish(self) -> None:
        self.assertIs(Verdict.GONE, retries.verdict(
            exception.ImageNotFound(image_id='1')))

    def test_what_would_fail_the_same_way_again(self) -> None:
        for error in (
                exception.SourceError(offset=0, reason='EIO'),
                exception.ShortRead(offset=0, expected=2, actual=1),
                exception.BackendError(backend='b', reason='missing'),
                exception.ContentRefused(reason='unsafe'),
                exception.UnsupportedFormat(disk_format='iso'),
                exception.ChecksumMismatch(
                    algorithm='sha512', expected='1', actual='2'),
                exception.ImageNotQueued(status='saving'),
                exception.ImageNotProven(reason='other bytes'),
                exception.ImageRefused(code=403, reason='no'),
                exception.VolumeNotFound(volume_id='1'), ZeroDivisionError()):
            self.assertIs(Verdict.FAIL, retries.verdict(error), error)


class TestDelay(base.TestCase):

    def test_it_doubles_up_to_its_bound(self) -> None:
        self.config(retry_interval=5, retry_interval_max=30, group='upload')
        self.assertEqual([5, 10, 20, 30, 30], [
            retries.delay(attempt) for attempt in (1, 2, 3, 4, 1000)])


class TestReason(base.TestCase):

    def test_no_statement_and_no_secret_gets_out(self) -> None:
        for error in (db_exception.DBError(ValueError('SELECT secret')),
                      ZeroDivisionError('secret')):
            self.assertNotIn('secret', retries.reason(error))

    def test_our_own_words_are_kept(self) -> None:
        self.assertEqual('Backend b: gone', retries.reason(
            exception.BackendError(backend='b', reason='gone')))
