# SPDX-License-Identifier: Apache-2.0
"""Tells the figures of bench/upload: in a terminal, as JSON, for the docs."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import json
import os
from pathlib import Path
import platform
import subprocess

from bench import table
from bench.upload_figures import Figures
from bench.upload_figures import Group
from bench.upload_ways import CEILING
from bench.upload_ways import CONVERT
from bench.upload_ways import OURS
from bench.upload_ways import Outcome
from bench.upload_ways import STREAM_OPTIMIZED
from bench.upload_ways import WITH_CINDER

_WAYS = (OURS, WITH_CINDER, STREAM_OPTIMIZED)
_NAMES = {OURS: 'volupload', WITH_CINDER: "Cinder's",
          STREAM_OPTIMIZED: 'streamOptimized', CEILING: 'raw PUT'}
_SENDERS = (OURS, 'glanceclient', CEILING)
_UPLOADS = ['format', 'way', 'seconds', 'CPU s', 'qemu-img', 'Glance',
            'RSS MiB', 'scratch MB', 'sent MB', "of Cinder's", 'of raw PUT']
_RATES = ['format', 'volupload GB/s', 'qemu-img GB/s']
_MB, _MIB, _GB = 10 ** 6, 2 ** 20, 10 ** 9

Row = list[object]


def show(figures: Figures) -> None:
    """Print a table of uploads and one of conversions for each volume."""
    for group in figures.outcomes:
        table.show(f'{group}: medians of {figures.rounds} rounds', _UPLOADS,
                   list(uploads(figures, group)))
        if found := list(rates(figures, group)):
            table.show('Only converted, data a second', _RATES, found)


def show_targets(figures: Figures) -> int:
    """Print what was aimed at; the exit code, 1 if a target is missed."""
    found = list(figures.targets())
    table.show('Targets', ['seconds of volupload', 'is', 'at most', ''],
               [[each.what, each.value, float(each.limit),
                 'met' if each.met else 'MISSED'] for each in found])
    return 0 if all(each.met for each in found) else 1


def uploads(figures: Figures, group: Group) -> Iterator[Row]:
    """A row for each way of each format, and the raw PUT's."""
    for case in figures.cases(group):
        for way in _WAYS:
            outcome = figures.median(group, case, way)
            if outcome:
                yield [case, *_cells(way, outcome), *(
                    _ratio(figures, group, case, way, other)
                    for other in (WITH_CINDER, CEILING))]
    ceiling = figures.median(group, '', CEILING)
    if ceiling:
        yield ['the data', *_cells(CEILING, ceiling), '', '']


def _cells(way: str, outcome: Outcome) -> Row:
    """From the second column on; the memory is that of the largest."""
    sender = [outcome.cpu[name] for name in _SENDERS if name in outcome.cpu]
    return [_NAMES[way], outcome.seconds, *sender,
            outcome.cpu.get('qemu-img', ''), outcome.cpu['glance'],
            max(outcome.peak.values()) // _MIB, outcome.scratch // _MB,
            outcome.sent // _MB]


def _ratio(figures: Figures, group: Group, case: str, way: str,
           other: str) -> object:
    value = figures.ratio(group, case, way, other)
    return '' if value is None or way == other else f'{value:.3f}'


def rates(figures: Figures, group: Group) -> Iterator[Row]:
    """Data of the volume, not of the image, converted in a second."""
    for case in figures.cases(group):
        ours = figures.median(group, case, CONVERT)
        cinder = figures.median(group, case, WITH_CINDER)
        seconds = cinder.convert_seconds if cinder else 0
        if group.data and (ours or seconds):
            yield [case, group.data / ours.seconds / _GB if ours else '',
                   group.data / seconds / _GB if seconds else '']


def rst(figures: Figures) -> str:
    """The same tables, and the machine, for the documentation."""
    parts = [f'Measured on {machine_text()}; medians of {figures.rounds} '
             'alternating rounds.', '']
    for group in figures.outcomes:
        parts += [f'A volume of kind {group}:', '',
                  *_rst_table(_UPLOADS, uploads(figures, group)), '']
        if group.kind == 'real':
            parts += ["Only converted, GB of the volume's data a second "
                      '(volupload to ``/dev/null`` and with sha512, qemu-img '
                      'into a file):', '',
                      *_rst_table(_RATES, rates(figures, group)), '']
    targets: list[Row] = [
        [each.what, each.value, float(each.limit),
         'met' if each.met else 'missed'] for each in figures.targets()]
    parts += ['Against the targets:', '', *_rst_table(
        ['ratio', 'is', 'at most', 'so'], targets), '']
    return '.. Written by bench/upload.\n\n' + '\n'.join(parts)


def _rst_table(head: Sequence[str], rows: Iterable[Row]) -> list[str]:
    cells = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    ruler = ' '.join('=' * width for width in widths)
    lines = [' '.join(map(str.ljust, row, widths)).rstrip() for row in cells]
    return [ruler, lines[0], ruler, *lines[1:], ruler]


def _text(cell: object) -> str:
    # An empty first cell would continue the row above; \ is nothing.
    text = f'{cell:.2f}' if isinstance(cell, float) else str(cell)
    return text or '\\'


def json_text(figures: Figures) -> str:
    """Everything that was measured, one by one, and the medians."""
    return json.dumps({
        'machine': machine(), 'rounds': figures.rounds,
        'volumes': [{**dataclasses.asdict(group),
                     'uploads': list(_of_group(figures, group))}
                    for group in figures.outcomes],
        'targets': [{**dataclasses.asdict(each), 'met': each.met}
                    for each in figures.targets()]}, indent=1) + '\n'


def _of_group(figures: Figures, group: Group) -> Iterator[dict[str, object]]:
    for (case, way), found in sorted(figures.outcomes[group].items()):
        middle = figures.median(group, case, way)
        assert middle
        yield {'format': case, 'way': way,
               'median': dataclasses.asdict(middle),
               'each': [dataclasses.asdict(outcome) for outcome in found]}


def machine() -> dict[str, object]:
    """What the figures depend on beside the programs themselves."""
    asked = subprocess.run(['qemu-img', '--version'], capture_output=True,
                           text=True, check=False)
    return {'cores': os.cpu_count(), 'processor': _processor(),
            'memory_gib': round(os.sysconf('SC_PHYS_PAGES')
                                * os.sysconf('SC_PAGE_SIZE') / 2 ** 30),
            'python': platform.python_version(),
            'qemu_img': asked.stdout.split('(')[0].split()[-1]}


def machine_text() -> str:
    """One part of a sentence."""
    facts = machine()
    return (f'{facts["cores"]} cores ({facts["processor"]}) with '
            f'{facts["memory_gib"]} GiB of memory, Python '
            f'{facts["python"]}, QEMU {facts["qemu_img"]}')


def _processor() -> str:
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        name, _, value = line.partition(':')
        if name.strip() == 'model name':
            return value.strip()
    return platform.machine()
