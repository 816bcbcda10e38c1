# SPDX-License-Identifier: Apache-2.0

import threading

import fixtures

from tests.unit.image import base
from volupload import exception
from volupload.image import glance


class TestStoredImage(base.ImageTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.set(connect_retries=0, status_code_retries=0)
        self.create()
        self.image = self.glance.images[self.image_id]
        self.image['status'] = 'active'
        self.glance.requests.clear()

    def have_patience(self, seconds: float) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'volupload.image.glance.STORING_TIME', seconds))

    def stored(self) -> dict:
        return self.images.get_stored_image(self.image_id)

    def later(self, change) -> None:
        timer = threading.Timer(0.5, change)
        timer.start()
        self.addCleanup(timer.join)

    def test_what_is_there_is_shown_at_once(self) -> None:
        for status in ('active', 'queued', 'killed'):
            self.glance.requests.clear()
            self.image['status'] = status
            self.assertEqual(self.image, self.stored())
            self.assertEqual(1, len(self.glance.requests))

    def test_an_image_that_is_still_saving_is_waited_for(self) -> None:
        self.image['status'] = 'saving'
        self.later(lambda: self.image.update(status='active'))
        self.assertEqual('active', self.stored()['status'])

    def test_a_hiccup_is_outlasted(self) -> None:
        for hiccup in ({'status': 500}, {'status': 503}, {'status': 401},
                       {'reset': True}, {'status': 200, 'body': b'<html>'},
                       {'status': 404, 'body': b'<h1>Not Found</h1>'}):
            self.glance.fail('GET', times=2, **hiccup)
            self.assertEqual('active', self.stored()['status'])

    def test_a_glance_that_is_restarted_is_outlasted(self) -> None:
        self.glance.stop()
        self.later(self.glance.start)
        self.assertEqual('active', self.stored()['status'])

    def test_an_image_that_is_gone_is_told_at_once(self) -> None:
        self.glance.images.clear()
        self.fails(exception.ImageNotFound, self.stored)
        self.assertEqual(1, len(self.glance.requests))

    def test_an_image_that_is_saving_for_ever_is_shown_at_last(self) -> None:
        self.have_patience(0.6)
        self.image['status'] = 'saving'
        self.assertEqual('saving', self.stored()['status'])
        self.assertLess(2, len(self.glance.requests))

    def test_a_trouble_that_does_not_end_is_an_error(self) -> None:
        self.have_patience(0.6)
        self.glance.fail('GET', status=500, reason='why')
        error = self.fails(exception.ImageServiceError, self.stored)
        self.assertIn('HTTP 500 why', str(error))
        self.assertLess(1, len(self.glance.requests))

    def test_the_pauses_grow_and_end_after_a_minute(self) -> None:
        pauses: list[float] = []
        for pause in glance._pauses(
                glance.STORING_TIME, lambda: sum(pauses)):
            pauses.append(pause)
        self.assertEqual((0.2, 5), (pauses[0], pauses[-1]))
        self.assertEqual(pauses, sorted(pauses))
        self.assertTrue(50 < sum(pauses) <= 60, pauses)
