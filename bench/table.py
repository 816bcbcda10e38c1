# SPDX-License-Identifier: Apache-2.0
"""Plain tables on standard output."""

from collections.abc import Sequence


def show(title: str, head: Sequence[str],
         rows: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column to the left, numbers to the right."""
    cells = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f'\n{title}')
    for number, row in enumerate(cells):
        first, *others = zip(row, widths, strict=True)
        print('  '.join([first[0].ljust(first[1]),
                         *(cell.rjust(width) for cell, width in others)]))
        if not number:
            print('  '.join('-' * width for width in widths))


def _text(cell: object) -> str:
    return f'{cell:.2f}' if isinstance(cell, float) else str(cell)
