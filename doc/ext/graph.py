# SPDX-License-Identifier: Apache-2.0
"""States as boxes, and the moves between them as arrows.

Where a box stands and how an arrow runs is laid out by hand; which there are
is not. A state or a move that the code has and the drawing has not, or the
other way round, is an error.
"""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
from typing import Any

import svg

_HALF_WIDTH, _HALF_HEIGHT = 70, 22


@dataclasses.dataclass(frozen=True)
class State:
    """:param note: a mark beside its name"""

    at: svg.Point
    ink: str = svg.INK
    fill: str = svg.PALE_GREY
    note: str = ''


@dataclasses.dataclass(frozen=True)
class Move:
    """An arrow.

    :param label: why it is made, at `at`, which is on the base line.
    :param start: from where in the box, counted from its middle; and `end`.
    :param via: corners between them.
    :param rare: drawn with dashes.
    """

    label: str
    at: svg.Point
    anchor: str = 'middle'
    start: svg.Point = (0, 0)
    end: svg.Point = (0, 0)
    via: tuple[svg.Point, ...] = ()
    rare: bool = False


class IncompleteDrawing(Exception):
    """The code has moved on."""


def check(drawn: Collection[object], there: Collection[object]) -> None:
    """:raises IncompleteDrawing: these are not the same."""
    if missing := set(there) - set(drawn):
        raise IncompleteDrawing(f'Not in the drawing: {missing}')
    if surplus := set(drawn) - set(there):
        raise IncompleteDrawing(f'Only in the drawing: {surplus}')


def draw(picture: svg.Picture, states: Mapping[str, State],
         moves: Mapping[tuple[str, str], Move],
         there: Mapping[Any, Collection[Any]]) -> None:
    """
    :param there: the moves that the code has: from which to which.
    :raises IncompleteDrawing: they are others than those drawn.
    """
    check(states, there)
    check(moves, [(one, to) for one in there for to in there[one]])
    for (one, to), move in moves.items():
        _arrow(picture, states[one], states[to], move)
    for name, state in states.items():
        _box(picture, name, state)


def _box(picture: svg.Picture, name: str, state: State) -> None:
    x, y = state.at
    picture.rectangle(_around(state), state.fill, state.ink, 7)
    picture.text((x, y + 5), f'{name} {state.note}'.strip(), size=14,
                 weight='bold', ink=state.ink)


def _arrow(picture: svg.Picture, one: State, to: State, move: Move) -> None:
    points = [_plus(one.at, move.start), *move.via, _plus(to.at, move.end)]
    points[0] = _leave(_around(one), points[0], points[1])
    points[-1] = _leave(_around(to), points[-1], points[-2])
    picture.line(points, arrow=True, dashed=move.rare)
    picture.text(move.at, move.label, size=13, ink=svg.FAINT,
                 anchor=move.anchor, ground=svg.GROUND)


def _around(state: State) -> svg.Box:
    x, y = state.at
    return svg.Box(x - _HALF_WIDTH, y - _HALF_HEIGHT,
                   x + _HALF_WIDTH, y + _HALF_HEIGHT)


def _plus(one: svg.Point, other: svg.Point) -> svg.Point:
    return one[0] + other[0], one[1] + other[1]


def _leave(box: svg.Box, inside: svg.Point, outside: svg.Point) -> svg.Point:
    """Where the way from the one to the other crosses the edge."""
    (x, y), (dx, dy) = inside, (outside[0] - inside[0],
                                outside[1] - inside[1])
    shares = [1.0]
    if dx:
        shares.append(((box.right if dx > 0 else box.left) - x) / dx)
    if dy:
        shares.append(((box.bottom if dy > 0 else box.top) - y) / dy)
    share = min(shares)
    return x + share * dx, y + share * dy
