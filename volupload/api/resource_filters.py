# SPDX-License-Identifier: Apache-2.0
"""By what users may filter each list, as clients ask before they do.

In Cinder an operator says it in a file; here it is what there is. It is more
than Cinder's own file has, which leaves out the parts of names, for one.
"""

from collections.abc import Collection
from collections.abc import Mapping

from volupload.api import messages
from volupload.api import microversion
from volupload.api import uploads
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import volume_filters
from volupload.api.schemas import volume_types

FILTERS: Mapping[str, Collection[str]] = {
    'volume': volume_filters.filters(microversion.MAXIMUM, admin=False),
    'volume_type': volume_types.filters(microversion.MAXIMUM, admin=False),
    'message': messages.filters(microversion.MAXIMUM, admin=False),
    'upload': uploads.FILTERS,
}


def index(request: Request) -> Response:
    """Of all resources, or of the one that is named by ``resource``."""
    wanted = request.query.get('resource')
    return Response(200, {'resource_filters': [
        {'resource': name, 'filters': list(filters)}
        for name, filters in FILTERS.items() if wanted in (None, '', name)]})
