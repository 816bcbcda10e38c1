# SPDX-License-Identifier: Apache-2.0
"""Volumes that nobody thought of: data, zeros and holes of any length.

Where the runs begin and end has nothing to do with blocks, sectors or pages:
the source is in memory and tells of its holes byte by byte. The same
examples are tried in every run; VOLUPLOAD_INTEROP=full in the environment
tries many more, and others each time.
"""

from pathlib import Path
import tempfile

import hypothesis
from hypothesis import strategies

from tests.fixtures import sources
from tests.interop import base
from tests.interop import variants
from tests.interop import volumes
from volupload.transfer import Extent

load_tests = base.load_tests

KINDS = ('data', 'zeros', 'hole')
_LONGEST = 48 * volumes.MIB

_UNITS = strategies.sampled_from([
    1, 512, 4096, 65536, volumes.MIB, 2 * volumes.MIB, 8 * volumes.MIB])
_LENGTHS = strategies.builds(
    lambda unit, count, more: max(1, min(unit * count + more,
                                         9 * volumes.MIB)),
    _UNITS, strategies.integers(1, 5), strategies.integers(-600, 600))
_RUNS = strategies.lists(
    strategies.tuples(strategies.sampled_from(KINDS), _LENGTHS),
    min_size=1, max_size=12)

Run = tuple[str, int]


def lay(runs: list[Run]) -> tuple[bytes, list[Extent]]:
    """A volume of these runs, and what it tells of itself."""
    data = bytearray()
    told: list[Extent] = []
    for kind, length in runs:
        if len(data) + length > _LONGEST:
            break
        start = len(data)
        data += (volumes.pattern(start, length) if kind == 'data'
                 else bytes(length))
        told.append(Extent(start, length, kind == 'hole'))
    return bytes(data), told


class TestRandomVolumes(base.TestCase):

    scenarios = variants.SCENARIOS
    variant: variants.Variant

    @hypothesis.settings(
        deadline=None, database=None, derandomize=not base.FULL,
        max_examples=400 if base.FULL else 30,
        suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(runs=_RUNS)
    def test_any_volume_becomes_an_image_of_itself(
            self, runs: list[Run]) -> None:
        data, told = lay(runs)
        with tempfile.NamedTemporaryFile() as volume:
            volume.write(data)
            volume.flush()
            image = self.judge(
                self.variant, sources.MemorySource(data, told),
                Path(volume.name))
        image.unlink()
