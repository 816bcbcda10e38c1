# SPDX-License-Identifier: Apache-2.0
"""What breaks in `bench.chaos`: a thread for each service, that torments it.

A fault has a beginning, a length and an end::

    kill -9   the service and all its processes; started again afterwards
    freeze    SIGSTOP for all its processes, SIGCONT afterwards
    SIGTERM   as an operator would; started again afterwards

What breaks when, and for how long, is drawn by `random.Random` from the seed
and the service's name alone. What it meets is up to the machine, so two runs
of one seed are alike, not equal.
"""

from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import dataclasses
import os
import random
import signal
import threading
import time

from bench import chaos_world
from bench import proc
from tools.cloud import errors
from tools.cloud import service

_AGAIN = 0.5   # seconds until a start that failed is tried again


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """
    :ivar seconds: at least and at most
    """

    name: str
    begin: Callable[[service.Service], None]
    end: Callable[[service.Service], None]
    seconds: tuple[float, float]


class Villain(threading.Thread):
    """
    :param pause: mean of the seconds from one fault to the next
    :ivar begun: name of a fault -> the seconds of each one
    :ivar deaths: how often the service was found ended by itself
    """

    def __init__(self, name: str, victim: service.Service,
                 faults: Sequence[Fault], pause: float, seed: int,
                 over: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.begun: dict[str, list[float]] = {}
        self.deaths = 0
        self._victim = victim
        self._faults = faults
        self._pause = pause
        self._chance = random.Random(f'{seed} {name}')
        self._over = over

    def run(self) -> None:
        while not self._over.wait(self._chance.uniform(
                self._pause / 2, self._pause * 1.5)):
            fault = self._chance.choice(self._faults)
            length = self._chance.uniform(*fault.seconds)
            if not self._victim.daemon.running:
                self.deaths += 1
                _start(self._victim)
            began = time.monotonic()
            fault.begin(self._victim)
            self._over.wait(length)
            fault.end(self._victim)
            self.begun.setdefault(fault.name, []).append(
                time.monotonic() - began)
        self.deaths += not self._victim.daemon.running
        _start(self._victim)


def villains(world: chaos_world.World, seed: int,
             over: threading.Event) -> list[Villain]:
    """All that will torment the services, not started yet."""
    made = [
        Villain('API', world.api, [_kill(1, 3), _freeze(1, 4)], 25, seed,
                over),
        Villain('Glance', world.images, [_kill(1, 6), _freeze(2, 8)], 30,
                seed, over),
        Villain('MariaDB', world.database, [_kill(0, 6), _freeze(2, 6)], 45,
                seed, over),
        Villain('RabbitMQ', world.broker, [_kill(2, 8), _freeze(3, 12)], 40,
                seed, over)]
    for manager in world.managers:
        # Frozen ones wake up before and after their leases are over.
        made.append(Villain(
            manager.host, manager,
            [_kill(0, 5), _kill(0, 5), _freeze(2, 18), _TERM], 18, seed,
            over))
    return made


def _signal(victim: service.Service, number: int) -> None:
    with contextlib.suppress(errors.ServiceFailed):
        for pid in proc.family(victim.daemon.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _kill_all(victim: service.Service) -> None:
    _signal(victim, signal.SIGKILL)
    victim.stop()


def _start(victim: service.Service) -> None:
    """Until it runs: it may need another one that is down, too."""
    while True:
        try:
            victim.start()
            return
        except errors.ServiceFailed:
            time.sleep(_AGAIN)


def _kill(shortest: float, longest: float) -> Fault:
    return Fault('kill -9', _kill_all, _start, (shortest, longest))


def _freeze(shortest: float, longest: float) -> Fault:
    return Fault('freeze', lambda victim: _signal(victim, signal.SIGSTOP),
                 lambda victim: _signal(victim, signal.SIGCONT),
                 (shortest, longest))


_TERM = Fault('SIGTERM', lambda victim: victim.stop(), _start, (0, 3))
