# SPDX-License-Identifier: Apache-2.0
"""What the documentation draws and writes; its modules are no package."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parents[3] / 'doc' / 'ext'))
