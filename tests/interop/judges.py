# SPDX-License-Identifier: Apache-2.0
"""What others say of an image; each raises `Verdict` where it finds fault."""

from collections.abc import Iterable
import hashlib
import json
from pathlib import Path
import subprocess
from typing import Any

from oslo_utils.imageutils import format_inspector

from tests.interop import variants

Part = tuple[int, int]   # of a volume: offset and length

_SECTOR = 512


class Verdict(AssertionError):
    """The message is the judge's own, with the command to ask it again."""


def run(*command: str | Path) -> str:
    """:raises Verdict: the command failed."""
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        line = ' '.join(str(word) for word in command)
        raise Verdict(f'{line}\nended with {done.returncode}: '
                      f'{done.stdout}{done.stderr}')
    return done.stdout


def everybody(variant: variants.Variant, image: Path, volume: Path,
              parts: Iterable[Part] = ()) -> None:
    """All that is asked of every image of a volume in a file.

    :param parts: compare these and no others.
    """
    sectors = -(-volume.stat().st_size // _SECTOR)
    size = max(sectors * _SECTOR, variant.least)
    check_consistent(variant, image)
    if parts:
        for part in parts:
            check_same_part(variant, image, volume, part)
    else:
        check_same(variant, image, volume)
    check_virtual_size(variant, image, size)
    check_inspected(variant, image, size)


def check_consistent(variant: variants.Variant, image: Path) -> None:
    """qemu-img check: no error, no leak. It knows neither raw nor VHD."""
    if variant.is_checked:
        run('qemu-img', 'check', '-q', '-f', variant.driver, image)


def check_same(variant: variants.Variant, image: Path, volume: Path) -> None:
    """qemu-img compare: both have the same bytes.

    The longer one may have more zeros; the size is another question.
    """
    run('qemu-img', 'compare', '-f', 'raw', '-F', variant.driver,
        volume, image)


def check_same_part(variant: variants.Variant, image: Path, volume: Path,
                    part: Part) -> None:
    def describe(driver: str, path: Path) -> str:
        return (f'driver=raw,offset={part[0]},size={part[1]},'
                f'file.driver={driver},file.file.driver=file,'
                f'file.file.filename={path}')

    run('qemu-img', 'compare', '--image-opts', describe('raw', volume),
        describe(variant.driver, image))


def qemu_info(variant: variants.Variant, image: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run(
        'qemu-img', 'info', '--output', 'json', '-f', variant.driver, image))
    return told


def check_virtual_size(variant: variants.Variant, image: Path,
                       size: int) -> None:
    told = qemu_info(variant, image)['virtual-size']
    if told != size:
        raise Verdict(f'qemu-img info: {told} bytes, not {size}')


def check_inspected(variant: variants.Variant, image: Path,
                    size: int) -> None:
    """The inspector by which Glance and Nova decide what they let in.

    It reads no further than it needs to, so of raw it does not know the size.
    """
    found = format_inspector.detect_file_format(str(image))
    if found is None or str(found) != variant.disk_format:
        raise Verdict(f'format_inspector: {found}')
    if variant.disk_format != 'raw' and found.virtual_size != size:
        raise Verdict(f'format_inspector: {found.virtual_size} bytes, '
                      f'not {size}')
    found.safety_check()


def compressed_clusters(image: Path) -> int:
    """How many clusters of a qcow2 image are compressed."""
    told = json.loads(run('qemu-img', 'check', '--output', 'json', image))
    return int(told.get('compressed-clusters', 0))


def digest(path: Path, algorithm: str = 'sha512') -> str:
    with path.open('rb') as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
