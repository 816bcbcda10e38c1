# SPDX-License-Identifier: Apache-2.0
"""No revision without data that is upgraded from it, `releases` has them."""

import pathlib

from alembic import script

from tests import base
from tests.unit.db import releases
from volupload.db import migration


class TestReleases(base.TestCase):

    def test_every_revision_has_data_of_its_release(self) -> None:
        scripts = script.ScriptDirectory(str(
            pathlib.Path(migration.__file__).parent / 'alembic'))
        self.assertEqual(
            [each.revision for each in scripts.walk_revisions()][::-1],
            list(releases.RELEASES))
