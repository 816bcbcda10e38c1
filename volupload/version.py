# SPDX-License-Identifier: Apache-2.0
"""The version of the installed package, as pbr recorded it."""

import importlib.metadata


def version_string() -> str:
    return importlib.metadata.version('volupload')
