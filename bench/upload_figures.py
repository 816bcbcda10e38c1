# SPDX-License-Identifier: Apache-2.0
"""The figures of bench/upload: medians, ratios of medians, targets.

The targets are those the project has set itself; where a way of Cinder's was
not measured, its targets are left out.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import statistics

from bench import upload_volumes
from bench import upload_ways
from bench.upload_ways import CEILING
from bench.upload_ways import OURS
from bench.upload_ways import Outcome
from bench.upload_ways import STREAM_OPTIMIZED
from bench.upload_ways import WITH_CINDER

_MIB = 2 ** 20
_PLAIN = ('qcow2', 'vdi', 'vhd', 'vhdx')


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """What is compared with each other: uploads of one volume.

    :ivar data: bytes that the file system calls data
    """

    kind: str
    size: int
    data: int

    def __str__(self) -> str:
        return (f'{self.kind}, {self.size / 2 ** 30:g} GiB with '
                f'{self.data / 2 ** 30:.2f} GiB of data')


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """:ivar value: that was measured; it is to be at most `limit`"""

    what: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        return self.value <= self.limit


class Figures:
    """All outcomes of a run. Cases and ways are in the order they came."""

    def __init__(self) -> None:
        self.outcomes: dict[Group, dict[tuple[str, str], list[Outcome]]] = {}

    def add(self, volume: upload_volumes.Volume, case: upload_ways.Case,
            way: str, outcome: Outcome) -> None:
        group = Group(volume.kind, volume.size, volume.data)
        # The ceiling is the volume's, whichever format is measured.
        key = ('' if way == CEILING else case.name, way)
        self.outcomes.setdefault(group, {}).setdefault(key, []).append(
            outcome)

    @property
    def rounds(self) -> int:
        return max((len(each) for ways in self.outcomes.values()
                    for each in ways.values()), default=0)

    def cases(self, group: Group) -> list[str]:
        """In the order of the table of cases, whatever came first."""
        measured = {case for case, _ in self.outcomes[group]}
        return [name for name in upload_ways.CASES if name in measured]

    def median(self, group: Group, case: str, way: str) -> Outcome | None:
        """Of each field by itself; None: it was not measured."""
        found = self.outcomes[group].get(('' if way == CEILING else case, way))
        return median(found) if found else None

    def ratio(self, group: Group, case: str, way: str,
              other: str) -> float | None:
        """Of the medians of the seconds of two ways."""
        one = self.median(group, case, way)
        two = self.median(group, case, other)
        return one.seconds / two.seconds if one and two else None

    def targets(self) -> Iterator[Target]:
        """Those for which there are figures."""
        for group in self.outcomes:
            if group.kind == 'real':
                yield from self._real(group)
            if group.kind == 'random':
                yield from self._random(group)
        ours = [each for ways in self.outcomes.values()
                for (_, way), found in ways.items() if way == OURS
                for each in found]
        if ours:
            yield Target('bytes written to disks, most',
                         max(each.written for each in ours), 0)
            yield Target('more resident memory, MiB, most',
                         max(each.grown for each in ours) / _MIB, 64)

    def _real(self, group: Group) -> Iterator[Target]:
        limits = {'qcow2-compressed': {WITH_CINDER: 0.08, CEILING: 0.45},
                  'vmdk': {STREAM_OPTIMIZED: 0.08, WITH_CINDER: 0.4,
                           CEILING: 0.45},
                  **dict.fromkeys(_PLAIN, {WITH_CINDER: 0.8, CEILING: 1.05})}
        for case, others in limits.items():
            for other, limit in others.items():
                value = self.ratio(group, case, OURS, other)
                if value is not None:
                    yield Target(f'{case} / {other}', value, limit)

    def _random(self, group: Group) -> Iterator[Target]:
        plain = self.median(group, 'qcow2', OURS)
        for case in ('qcow2-compressed', 'vmdk'):
            packed = self.median(group, case, OURS)
            if plain and packed:
                yield Target(f'random {case} / plain',
                             packed.seconds / plain.seconds, 1.05)


def median(outcomes: list[Outcome]) -> Outcome:
    """The median of each field by itself."""
    def of(read: Callable[[Outcome], float]) -> float:
        return statistics.median(map(read, outcomes))

    first = outcomes[0]
    return Outcome(
        seconds=of(lambda each: each.seconds),
        sent=int(of(lambda each: each.sent)),
        cpu={name: of(lambda each, name=name: each.cpu[name])  # type: ignore
             for name in first.cpu},
        peak={name: int(of(lambda each, name=name:  # type: ignore
                           each.peak[name])) for name in first.peak},
        grown=int(of(lambda each: each.grown)),
        convert_seconds=of(lambda each: each.convert_seconds),
        scratch=int(of(lambda each: each.scratch)),
        written=int(of(lambda each: each.written)))
