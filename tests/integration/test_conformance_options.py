# SPDX-License-Identifier: Apache-2.0
"""What an operator can set, and what nobody foresaw."""

from tests.integration import calls
from tests.integration import inprocess


class TestForceOff(inprocess.TroubleTestCase):

    scenarios = calls.scenarios()

    def options(self) -> dict[str, dict[str, object]]:
        return {'upload': {'enable_force_upload': False}}

    def test_force_on_an_in_use_volume_is_refused_and_says_why(self) -> None:
        volume_id = self.make_volume(status='in-use')
        with self.nothing_remains():
            answer = self.post(volume_id, force=True)
        self.check_fault(answer, 400,
                         'Invalid volume: .*enable_force_upload.*')

    def test_force_is_no_matter_for_an_available_volume(self) -> None:
        answer = self.post(self.make_volume(), force=True)
        self.assertEqual(202, answer.status, answer.body)


class TestSizeOption(inprocess.TroubleTestCase):

    def options(self) -> dict[str, dict[str, object]]:
        return {'api': {'max_request_body_size': 2000}}

    def test_the_limit_of_a_body_is_the_operator_s(self) -> None:
        body = calls.upload_body(image_name='')
        for length, code in ((2000, 400), (2001, 413)):
            answer = self.post(self.untouched, body.ljust(length))
            self.check_fault(answer, code, '.*')


class TestUnforeseen(inprocess.TroubleTestCase):
    """A table is gone, as an example of what nobody handles."""

    scenarios = calls.scenarios()

    def test_an_unforeseen_error_is_told_in_general_words(self) -> None:
        self.state.volumes.execute('DROP TABLE uploads')
        answer = self.post(self.untouched)
        message = self.check_fault(answer, 500, '.*')
        self.assertEqual(
            'The server has either erred or is incapable of performing the '
            'requested operation.', message)
        # What it was stands in the log, under the request's id.
        self.assertIn('Traceback', self.logs.output)
        self.assertIn('uploads', self.logs.output)
        self.assertEqual('available',
                         self.state.volumes.status(self.untouched))
