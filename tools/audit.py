# SPDX-License-Identifier: Apache-2.0
"""Known holes in the packages that volupload needs, by pip-audit.

What is audited are requirements.txt and all that they need in turn, in the
versions that are installed beside this Python: nothing is resolved anew.
pip-audit asks the package index for its advisories. A hole fails the audit,
unless pyproject.toml has a reason to live with it::

    [tool.volupload.audit]
    GHSA-xxxx-xxxx-xxxx = "We never call that function."

An index without advisories, as mirrors are, and no index at all let it pass
with a line that says so, unless VOLUPLOAD_AUDIT is ``required`` in the
environment. What else pip-audit can be told (another service, say) are its
own variables: PIP_AUDIT_VULNERABILITY_SERVICE, PIP_AUDIT_OSV_URL.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from importlib import metadata
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import tomllib
from typing import Any

from packaging import requirements
from packaging import utils

CHECKOUT = Path(__file__).resolve().parent.parent

# The summary of ./tools/test repeats a line that begins so.
NOT_AUDITED = 'NOT AUDITED'


@dataclasses.dataclass(frozen=True)
class Verdict:
    ok: bool
    lines: tuple[str, ...]


def installed(names: Path) -> Iterator[str]:
    """``name==version`` of what a file of requirements leads to.

    :raises PackageNotFoundError: one of them is not installed
    """
    lines = (line.partition('#')[0].strip()
             for line in names.read_text().splitlines())
    waiting = [requirements.Requirement(line) for line in lines if line]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        for extra in ('', *wanted.extras):
            key = (utils.canonicalize_name(wanted.name), extra)
            if key not in seen and _applies(wanted, ''):
                seen.add(key)
                waiting += _needs(wanted.name, extra)
    for name in sorted({name for name, _ in seen}):
        yield f'{name}=={metadata.version(name)}'


def _needs(name: str, extra: str) -> list[requirements.Requirement]:
    found = map(requirements.Requirement, metadata.requires(name) or ())
    return [_bare(one) for one in found if _applies(one, extra)]


def _applies(wanted: requirements.Requirement, extra: str) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({'extra': extra})


def _bare(wanted: requirements.Requirement) -> requirements.Requirement:
    wanted.marker = None
    return wanted


def ask(frozen: str) -> tuple[dict[str, Any] | None, str]:
    """pip-audit's report, or None with what it said instead."""
    with tempfile.TemporaryDirectory(prefix='volupload-audit-') as directory:
        file = Path(directory, 'installed.txt')
        file.write_text(frozen)
        done = subprocess.run(
            [sys.executable, '-m', 'pip_audit', '-r', file, '--no-deps',
             '--disable-pip', '--format', 'json', '--progress-spinner',
             'off'], capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip() or f'it ended with {done.returncode}'
        return None, said.splitlines()[-1]
    return report, ''


def judge(report: dict[str, Any] | None, said: str,
          accepted: Mapping[str, str], *, required: bool) -> Verdict:
    """
    :param said: why there is no report
    :param accepted: id of a hole -> why we live with it
    """
    if report is None:
        return Verdict(not required, (f'{NOT_AUDITED}: {said}',))
    packages = report['dependencies']
    skipped = [one['name'] for one in packages if 'skip_reason' in one]
    if len(skipped) == len(packages):
        return Verdict(not required, (
            f'{NOT_AUDITED}: the package index has no advisories',))
    lines = [f'{NOT_AUDITED}: {", ".join(skipped)}'] if skipped else []
    holes = list(_holes(packages, accepted))
    lines += holes or [f'{len(packages) - len(skipped)} packages have no '
                       'known hole that counts']
    return Verdict(not holes and not (skipped and required), tuple(lines))


def _holes(packages: list[dict[str, Any]],
           accepted: Mapping[str, str]) -> Iterator[str]:
    for package in packages:
        for hole in package.get('vulns', ()):
            names = {hole['id'], *hole['aliases']}
            if not any(accepted.get(name) for name in names):
                fixed = ', '.join(hole['fix_versions']) or 'no version'
                yield (f"{package['name']} {package['version']}: "
                       f"{', '.join(sorted(names))}, fixed in {fixed}: "
                       f"{hole['description'][:200]}")


def _accepted() -> Mapping[str, str]:
    tools = tomllib.loads((CHECKOUT / 'pyproject.toml').read_text())['tool']
    found: dict[str, str] = tools['volupload']['audit']
    return found


def main() -> int:
    """The exit code: 1 for a hole, or no audit where one is required."""
    frozen = '\n'.join(installed(CHECKOUT / 'requirements.txt'))
    verdict = judge(*ask(frozen), _accepted(), required=os.environ.get(
        'VOLUPLOAD_AUDIT') == 'required')
    print(*verdict.lines, sep='\n', flush=True)
    return 0 if verdict.ok else 1


if __name__ == '__main__':
    sys.exit(main())
