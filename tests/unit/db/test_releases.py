# SPDX-License-Identifier: Apache-2.0
"""No revision without data that is upgraded from it, `releases` has them."""

import pathlib

from alembic import script

from tests import base
from tests.unit.db import releases
from volupload.db import migration
from volupload.db import schema


class TestReleases(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.scripts = script.ScriptDirectory(str(
            pathlib.Path(migration.__file__).parent / 'alembic'))

    def test_every_revision_has_data_of_its_release(self) -> None:
        self.assertEqual(
            [each.revision for each in self.scripts.walk_revisions()][::-1],
            list(releases.RELEASES))

    def test_services_want_the_last_one(self) -> None:
        self.assertEqual([schema.VERSION], self.scripts.get_heads())
