# SPDX-License-Identifier: Apache-2.0
"""How fast the machine is at this moment.

Processes that share a processor's cores slow each other down, by half and
more, and CPU time grows with it. A loop that is always the same is therefore
timed between the measurements: figures compare where its own is the same.
"""

import statistics
import time

_ROUNDS = 60_000


class Pace:
    """Collects the times of the loop; `print` tells them."""

    def __init__(self) -> None:
        self._taken: list[float] = []

    def take(self) -> None:
        """Run the loop once, which takes some ten milliseconds."""
        began = time.thread_time()
        kept: dict[int, str] = {}
        for number in range(_ROUNDS):
            kept[number & 255] = str(number)
        self._taken.append((time.thread_time() - began) * 1000)

    def __str__(self) -> str:
        return ('A fixed loop of Python took '
                f'{statistics.median(self._taken):.1f} ms CPU meanwhile '
                f'({min(self._taken):.1f} to {max(self._taken):.1f})')
