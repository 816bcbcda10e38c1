# SPDX-License-Identifier: Apache-2.0
"""Measures uploads in every format against Cinder's way, on one Glance.

It starts Keystone, MariaDB and Glance (under uWSGI, with the file store) and
makes the volumes. Then all competitors upload in turn, round after round, so
that whatever else the machine does meets all of them; in every other round
in the opposite order. Images and temporary files are deleted after each
upload. All data is in the page cache before each upload; processes are
started, and have a token, beforehand, so neither is in any figure.

The competitors are in bench/upload_ways.py, the volumes in
bench/upload_volumes.py: real files in an ext4, random bytes, one hole.

Figures are medians over the rounds, and a ratio is one of medians. The last
table has the targets, met or missed, and the program ends with 1 if one is
missed.

With --json, --chart and --rst the figures, the picture and the tables of the
documentation are written; the documentation's own with
doc/source/contributor/upload.{json,svg,rst}.
"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
from pathlib import Path
import shutil
import tempfile
import time

from bench import reference
from bench import upload_chart
from bench import upload_figures
from bench import upload_report
from bench import upload_volumes
from bench import upload_ways
from tools import environment
from tools.cloud import errors
from tools.cloud import process


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One thing to be measured in each round."""

    volume: upload_volumes.Volume
    case: upload_ways.Case
    way: str


def main(arguments: Sequence[str] | None = None) -> int:
    options = make_parser().parse_args(arguments)
    process.exit_on_signals()
    try:
        with tempfile.TemporaryDirectory(prefix='volupload-bench-',
                                         dir=options.directory) as name:
            figures, pace = _measure(Path(name), options)
    except (environment.EnvironmentFailed, errors.CloudError) as error:
        raise SystemExit(str(error)) from None
    upload_report.show(figures)
    print(pace)
    _write(figures, options)
    return upload_report.show_targets(figures)


def _measure(directory: Path, options: argparse.Namespace) -> tuple[
        upload_figures.Figures, reference.Pace]:
    volumes = directory / 'volumes'
    volumes.mkdir()
    _check_room(directory, options)
    print('Making the volumes, starting the services ...', flush=True)
    made = [upload_volumes.make(kind, int(size * upload_volumes.GIB), volumes)
            for size in options.sizes for kind in options.volumes]
    figures, pace = upload_figures.Figures(), reference.Pace()
    with upload_ways.running(directory, volumes) as ways:
        plan = [step for volume in made for step in _steps(volume, options)]
        for number in _rounds(options.runs, options.minutes * 60):
            pace.take()
            for step in plan[::-1] if number % 2 else plan:
                figures.add(step.volume, step.case, step.way,
                            ways.run(step.way, step.case, step.volume))
                print('.', end='', flush=True)
    print()
    return figures, pace


def _steps(volume: upload_volumes.Volume,
           options: argparse.Namespace) -> Iterator[Step]:
    cases = [upload_ways.CASES[name] for name in options.formats]
    measured = [case for case in cases if volume.kind in case.kinds]
    for case in measured:
        for way in (upload_ways.OURS, *case.rivals(volume.kind),
                    upload_ways.CONVERT):
            if way in options.ways:
                yield Step(volume, case, way)
    if measured and volume.data and upload_ways.CEILING in options.ways:
        yield Step(volume, measured[0], upload_ways.CEILING)


def _rounds(number: int, seconds: float) -> Iterator[int]:
    """So many rounds, fewer if the next one would take too long."""
    began = time.monotonic()
    for done in range(number):
        used = time.monotonic() - began
        if done and used + used / done > seconds:
            print(f'\nStopped after {done} rounds: no time for another.')
            return
        yield done


def _check_room(directory: Path, options: argparse.Namespace) -> None:
    """Volumes, and of the largest an image and a temporary file."""
    need = int((sum(options.sizes) + 2 * max(options.sizes)) / 2
               * upload_volumes.GIB)
    free = shutil.disk_usage(directory).free
    if free < need:
        raise SystemExit(f'{directory} has {free >> 30} GiB free, '
                         f'{need >> 30} are needed: see --directory')


def _write(figures: upload_figures.Figures,
           options: argparse.Namespace) -> None:
    for path, text in ((options.json, upload_report.json_text),
                       (options.chart, upload_chart.svg),
                       (options.rst, upload_report.rst)):
        if path:
            path.write_text(text(figures))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bench.upload', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', type=float, nargs='+', default=[2.5],
                        metavar='GIB', help='of the volumes (2.5)')
    parser.add_argument('--runs', type=int, default=5,
                        help='of each competitor (5)')
    parser.add_argument('--formats', nargs='+', choices=upload_ways.CASES,
                        default=list(upload_ways.CASES),
                        help='which of them (all)')
    parser.add_argument('--volumes', nargs='+',
                        choices=('real', 'random', 'empty'),
                        default=['real', 'random', 'empty'],
                        help='which kinds (all)')
    parser.add_argument('--ways', nargs='+', choices=upload_ways.WAYS,
                        default=list(upload_ways.WAYS),
                        help='which competitors (all)')
    parser.add_argument('--minutes', type=float, default=60,
                        help='begin no round that would end later (60)')
    parser.add_argument('--directory', metavar='DIR',
                        help='where there is room for volumes and images')
    parser.add_argument('--json', type=Path, help='write all figures')
    parser.add_argument('--chart', type=Path, help='write a picture (SVG)')
    parser.add_argument('--rst', type=Path,
                        help='write the tables for the documentation')
    return parser


if __name__ == '__main__':
    raise SystemExit(main())
