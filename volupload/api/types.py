# SPDX-License-Identifier: Apache-2.0
"""Names for what WSGI passes around, and the keys of ours in it."""

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]

CONTEXT = 'volupload.context'          # RequestContext of the caller
ROUTE = 'volupload.route'              # a path of the table of routes
API_VERSION = 'volupload.api_version'  # '3.N', on v3 only
