# SPDX-License-Identifier: Apache-2.0
"""The console scripts. Each imports this package before anything else.

oslo.service runs on eventlet unless it is told otherwise before its other
modules are imported; volupload runs on threads.
"""

import os
import warnings

# Some libraries still import eventlet, unused. It warns of itself, and brings
# along a resolver in Python that nobody asks: 15 MiB and 0.15 s a process.
os.environ.setdefault('EVENTLET_NO_GREENDNS', 'yes')
warnings.filterwarnings('ignore', message=r'\s*Eventlet is deprecated')

from oslo_service import backend  # noqa: E402  the filter comes first

backend.init_backend(backend.BackendType.THREADING)
