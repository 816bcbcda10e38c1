# SPDX-License-Identifier: Apache-2.0

import sys
from unittest import mock

from tests import base
from volupload import exception
from volupload import tracing


class TestOff(base.TestCase):

    def test_nothing_is_begun_sent_or_kept(self) -> None:
        tracing.start()
        with tracing.span('x', upload='u') as made:
            self.assertIsNone(made)
            tracing.passed('y', 1.0)
            tracing.note(made, 'fault', status='s')
            self.assertEqual({}, tracing.headers())
            heard = tracing.Heard()
            heard.keep('u')
            self.assertIsNone(heard.take('u'))

    def test_what_is_missing_for_it_is_told(self) -> None:
        self.config(enabled=True, group=tracing.GROUP)
        with mock.patch.dict(sys.modules, {'opentelemetry': None}):
            error = self.assertRaises(exception.ConfigError, tracing.start)
        self.assertEqual(
            '[oslo_middleware_tracing] enabled: OpenTelemetry is not '
            'installed, volupload[tracing] needs it', str(error))
