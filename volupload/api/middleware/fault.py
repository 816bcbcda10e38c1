# SPDX-License-Identifier: Apache-2.0
"""Catches whatever is raised behind it and answers with a fault."""

from collections.abc import Iterable

from volupload.api import faults
from volupload.api.middleware import Filter
from volupload.api.types import Environ
from volupload.api.types import StartResponse


class FaultWrapper(Filter):

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self.app(environ, start_response)
        except Exception as error:
            return faults.respond(error, environ, start_response)


filter_factory = FaultWrapper.factory
