# SPDX-License-Identifier: Apache-2.0
"""Threads of ours in processes whose signals are their server's.

uWSGI ends a worker in the handler of a signal, in whatever thread the kernel
gives it to. In one of ours the interpreter then waits for that very thread,
and the worker lives on until uWSGI has had enough, a minute later: seen with
systemd, which signals every process of a unit, at one stop in two. So ours
get no signals, and neither do the threads that they start.
"""

from collections.abc import Callable
import signal
import threading


def start(target: Callable[[], None], name: str) -> threading.Thread:
    """A thread that runs aside, and does not keep the process alive."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    # A thread begins with the mask of the one that starts it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread
