# SPDX-License-Identifier: Apache-2.0
"""Runs a program of this package in an environment that has what it needs.

The environment is that of ./tools/test, below .cloud/ in the checkout; the
first use makes it. With an environment of your own, that has volupload in it,
say ``python -m bench.api``.
"""

import os
import sys

from tools import environment
from tools import run_tests


def main() -> None:
    program, *arguments = sys.argv[1:]
    try:
        run_tests.ENVIRONMENT.make()
    except environment.EnvironmentFailed as error:
        raise SystemExit(str(error)) from None
    python = str(run_tests.ENVIRONMENT.python)
    os.execv(python, [python, '-m', f'bench.{program}', *arguments])


main()
