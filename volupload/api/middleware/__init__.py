# SPDX-License-Identifier: Apache-2.0
"""The filters of the pipeline, each a plain WSGI callable.

webob makes an object of every request and answer that passes a filter
decorated by it, 50 to 100 us each. Filters here touch the WSGI dict; those of
oslo.middleware are subclassed to let a request by when they have nothing to
do with it.
"""

from collections.abc import Callable
from typing import Any
from typing import Self

from volupload.api.types import WSGIApp


class Filter:
    """Base of those that need no options from ``api-paste.ini``."""

    __slots__ = ('app',)

    app: WSGIApp

    def __init__(self, app: WSGIApp) -> None:
        self.app = app

    @classmethod
    def factory(cls, global_conf: dict[str, Any],
                **local_conf: Any) -> Callable[[WSGIApp], Self]:
        """For PasteDeploy."""
        return cls
