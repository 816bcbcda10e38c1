# SPDX-License-Identifier: Apache-2.0
"""What the programs print: columns for people, or JSON for programs."""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import json
from typing import Any

Row = Mapping[str, Any]


def show(rows: Sequence[Row], columns: Sequence[str], as_json: bool) -> None:
    """Print the columns of all rows; an empty table has its heads only."""
    cells = [{name: _plain(row[name]) for name in columns} for row in rows]
    if as_json:
        print(json.dumps(cells, indent=2))
        return
    lines = [[name.upper() for name in columns],
             *([_text(row[name]) for name in columns] for row in cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print('  '.join(map(str.ljust, line, widths)).rstrip())


def _plain(value: Any) -> Any:
    return (value.isoformat(timespec='seconds')
            if isinstance(value, datetime.datetime) else value)


def _text(value: Any) -> str:
    # A name or a reason may have come from anywhere: no line breaks, and
    # nothing that a terminal would obey.
    text = '-' if value is None else str(value)
    return ''.join(letter if letter.isprintable() else ' ' for letter in text)
