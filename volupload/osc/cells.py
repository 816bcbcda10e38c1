# SPDX-License-Identifier: Apache-2.0
"""How an upload looks: in a table for people, else as programs read it.

Only a table gets units and percents. All other formats get the values as they
are, numbers as numbers; what is not there is null in JSON and YAML and empty
elsewhere. The one exception is ``list -f value``, which says None as all of
the client's commands do: there an empty word would shift those after it.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from cliff import columns

from volupload.osc import progress
from volupload.osc import uploads

# What is not for everybody's eyes: links, and what the manager is called.
_HIDDEN = frozenset({'links', 'host', 'worker'})
_TEXTS: Mapping[str, Callable[[Any], str]] = {
    'progress': '{:.0%}'.format,
    'image_size': progress.size,
    'bytes_read': progress.size,
    'bytes_sent': progress.size,
    'rate': progress.rate,
}
# One value a line or an assignment a line: there is room for an empty one.
_EMPTY = frozenset({'shell', 'value'})


class Cell(columns.FormattableColumn[Any]):
    """The text of a value in a table, where it is sorted by the value."""

    def __init__(self, name: str, value: Any) -> None:
        super().__init__(value)
        self._name = name

    def human_readable(self) -> str:
        if self._value is None:
            return ''
        return _TEXTS.get(self._name, str)(self._value)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Cell):
            return NotImplemented
        # Those without a value come last, as in the client's other lists.
        return ((self._value is None, self._value)
                < (other._value is None, other._value))


def heading(name: str) -> str:
    """``Volume ID`` for volume_id: lists have headings, in every format."""
    return name.replace('_', ' ').title().replace('Id', 'ID')


def listed(upload: uploads.Upload, names: Iterable[str],
           formatter: str) -> tuple[Any, ...]:
    """A row of a list."""
    values = _values(upload)
    return tuple(_cell(name, values[name], formatter) for name in names)


def shown(upload: uploads.Upload, formatter: str,
          ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Names and values of a whole upload; the names are the API's keys."""
    values = _values(upload)
    names = tuple(sorted(values.keys() - _HIDDEN))
    cells = (_cell(name, values[name], formatter) for name in names)
    return names, tuple(
        '' if cell is None and formatter in _EMPTY else cell
        for cell in cells)


def _values(upload: uploads.Upload) -> dict[str, Any]:
    return {**upload, 'progress': round(uploads.share(upload), 4)}


def _cell(name: str, value: Any, formatter: str) -> Any:
    # A table sets plain numbers to the right.
    if formatter != 'table' or (isinstance(value, int)
                                and name not in _TEXTS):
        return value
    return Cell(name, value)
