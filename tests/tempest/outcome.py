# SPDX-License-Identifier: Apache-2.0
"""What became of the tests, by the record that stestr keeps of a run.

Tempest skips a test, or all of a class, when its configuration or a service
seems to lack something, and ends with 0 all the same. So each skip has to be
one of skips.txt, which gives the reasons, and some tests must have run.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import io
from pathlib import Path
import re
from typing import Any

import subunit
import testtools

SKIPPED = Path(__file__).with_name('skips.txt')
#: Regular expressions; for each of them a test has to pass.
REQUIRED = (
    r'\.VolumesActionsTest\.test_volume_upload\b',
    r'\.VolumesActionsTest\.test_volume_bootable\b',
    r'\.VolumesActionsTest\.test_reserve_unreserve_volume\b',
    r'\.VolumesListTestJSON\.test_volume_list_with_details\b',
    r'\.VolumesGetTest\.test_volume_create_get_update_delete\b',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Test:
    """A test, or setUpClass of those that were all skipped at once."""

    name: str
    status: str
    reason: str = ''


def read(stream: bytes) -> list[Test]:
    """The tests of a run.

    :param stream: what ``stestr last --subunit`` prints
    """
    found: list[Test] = []

    def note(test: dict[str, Any]) -> None:
        reason = test['details'].get('reason')
        found.append(Test(test['id'], test['status'],
                          reason.as_text().strip() if reason else ''))

    result = testtools.StreamToDict(note)
    result.startTestRun()
    subunit.ByteStreamToStreamResult(io.BytesIO(stream), 'other').run(result)
    result.stopTestRun()
    return found


def patterns(file: Path) -> list[str]:
    """The expressions of exclude.txt or skips.txt."""
    lines = (line.partition('#')[0].strip()
             for line in file.read_text().splitlines())
    return [line for line in lines if line]


def unmatched(expressions: Iterable[str],
              names: Sequence[str]) -> list[str]:
    """Those that are found in none of the names."""
    return [one for one in expressions
            if not any(re.search(one, name) for name in names)]


def complaints(tests: Sequence[Test], expected: Sequence[str],
               required: Sequence[str]) -> list[str]:
    """What is wrong with a run of which no test failed.

    :param expected: expressions of the tests that may be skipped
    :param required: of those that may not
    """
    passed = [test.name for test in tests if test.status == 'success']
    skipped = [test for test in tests if test.status == 'skip']
    return [
        *(f'no test passed that is called {one}'
          for one in unmatched(required, passed)),
        *(f'skipped, which skips.txt does not foresee: {test.name}: '
          f'{test.reason}' for test in skipped
          if not any(re.search(one, test.name) for one in expected)),
        *(f'in skips.txt, but not skipped: {one}' for one in unmatched(
            expected, [test.name for test in skipped])),
    ]
