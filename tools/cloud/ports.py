# SPDX-License-Identifier: Apache-2.0
"""Free ports on loopback.

The ports come from below the range from which the kernel takes the local
ports of outgoing connections (32768 and up): a port of that range can be
taken by any connection between our asking and the service's binding it.
"""

import random
import socket

_LOWEST, _HIGHEST = 20000, 32000
# Seeded by the system, so that two test processes draw different ports.
_random = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """A TCP port that nothing listens on and that was not given before."""
    for _attempt in range(1000):
        port = _random.randrange(_LOWEST, _HIGHEST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError(f'no free port between {_LOWEST} and {_HIGHEST}')


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(('127.0.0.1', port)) == 0
