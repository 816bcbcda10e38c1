# SPDX-License-Identifier: Apache-2.0
"""The console scripts. Each imports this package before anything else.

oslo.service runs on eventlet unless it is told otherwise before its other
modules are imported; volupload runs on threads.
"""

import warnings

# Some libraries still import eventlet, unused, and it warns of itself.
warnings.filterwarnings('ignore', message=r'\s*Eventlet is deprecated')

from oslo_service import backend  # noqa: E402  the filter comes first

backend.init_backend(backend.BackendType.THREADING)
