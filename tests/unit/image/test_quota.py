# SPDX-License-Identifier: Apache-2.0

import fixtures
from oslo_utils import units

from tests.unit.image import base
from volupload import exception


class TestQuota(base.ImageTestCase):

    def check(self, mib: int | None = None) -> None:
        self.images.check_quota(
            self.context, None if mib is None else mib * units.Mi)

    def use(self, usage: int, limit: int) -> None:
        self.glance.usage = {
            'image_size_total': {'usage': usage, 'limit': limit},
            'image_count_total': {'usage': 9, 'limit': 5}}

    def test_an_image_that_just_fits(self) -> None:
        self.use(900, 1000)
        self.check(100)
        self.check()
        self.assertEqual('users-token',
                         self.glance.requests[-1][2]['X-Auth-Token'])

    def test_an_image_that_does_not_fit_is_refused(self) -> None:
        self.use(900, 1000)
        error = self.fails(exception.ImageRefused, self.check, 101)
        self.assertEqual((413, (
            'image_size_total has a limit of 1000 MiB, of which 900 MiB are '
            'used, and the image needs 101 MiB.')), (error.code, str(error)))

    def test_part_of_a_mib_counts(self) -> None:
        self.use(900, 1000)
        self.fails(exception.ImageRefused, self.images.check_quota,
                   self.context, 100 * units.Mi + 1)

    def test_a_quota_used_up_is_told_whatever_the_size(self) -> None:
        self.use(1000, 1000)
        error = self.fails(exception.ImageRefused, self.check)
        self.assertIn('and the image needs more.', str(error))

    def test_no_limit(self) -> None:
        self.use(10 ** 9, -1)
        self.check(1)

    def test_a_limit_of_nothing(self) -> None:
        self.use(0, 0)
        self.fails(exception.ImageRefused, self.check)

    def test_a_glance_without_limits_is_not_asked_again(self) -> None:
        answers = (None, {}, {'image_size_total': {'usage': 'x'}},
                   {'image_size_total': 5})
        for self.glance.usage in answers:
            with self.subTest(usage=self.glance.usage):
                self.images = type(self.images)()
                before = len(self.glance.requests)
                self.check(1)
                self.check(1)
                self.assertEqual(1, len(self.glance.requests) - before)
                self.images.close()

    def test_it_is_asked_again_after_some_minutes(self) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'volupload.image.quota._NO_LIMITS', 0))
        self.check(1)
        self.use(1000, 1000)
        self.fails(exception.ImageRefused, self.check, 1)

    def test_a_limit_is_looked_at_every_time(self) -> None:
        self.use(0, 1000)
        self.check(1)
        self.use(1000, 1000)
        self.fails(exception.ImageRefused, self.check, 1)

    def test_what_glance_is_out_of_the_record_will_tell(self) -> None:
        for failure in ({'status': 500}, {'status': 401},
                        {'status': 200, 'body': b'<html>'}):
            self.images = type(self.images)()
            self.glance.fail('GET', **failure)
            self.check(1)
            self.images.close()
        self.images = type(self.images)()
        self.glance.stop()
        self.check(1)

    def test_nobody_waits_twice_for_a_glance_that_hangs(self) -> None:
        self.set(timeout=0.5)
        self.glance.fail('GET', hang=True)
        self.fails(exception.ImageServiceError, self.check, 1)

    def test_without_a_users_token_nothing_is_asked(self) -> None:
        self.context.auth_token = None
        self.check(1)
        self.assertEqual([], self.glance.requests)
