# SPDX-License-Identifier: Apache-2.0
"""The console scripts. Each imports this package before anything else.

oslo.service runs on eventlet unless it is told otherwise before its other
modules are imported; volupload runs on threads.
"""

from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)
