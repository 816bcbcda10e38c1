# SPDX-License-Identifier: Apache-2.0
"""What is done to a volume by ``POST .../action``: its upload to Glance.

The other actions have modules of their own; `ACTIONS` names all of them.
"""

from collections.abc import Callable
from collections.abc import Mapping

from volupload.api import image_metadata
from volupload.api import microversion
from volupload.api import status_actions
from volupload.api import volumes
from volupload.api.request import Request
from volupload.api.request import Response
from volupload.api.schemas import volume_actions as schema
from volupload.api.views import uploads
from volupload.api.views import volumes as view
from volupload.policies import volume_actions as policies


def upload_image(request: Request, volume_id: str) -> Response:
    """Begin to upload the volume; the answer comes before the data moves.

    On v3 it says where the upload can be watched.
    """
    arguments = schema.upload_image(request.version).parse(request.body)
    volume = volumes.find(request, volume_id, metadata=False)
    request.context.authorize(policies.UPLOAD_IMAGE, volume)
    request.context.authorize(policies.COPY_VOLUME_TO_IMAGE, volume)
    if arguments.get('visibility') == 'public':
        request.context.authorize(policies.UPLOAD_PUBLIC, volume)
    upload, image = request.volume_api.copy_volume_to_image(
        request.context, volume, **arguments)
    # v2 answers what its document says, and nothing beside it.
    headers = (('Location', uploads.url(request, upload.id)),)
    return Response(202, view.upload(request, volume, upload, image),
                    headers if request.is_v3 else ())


ACTIONS: Mapping[str, Callable[..., Response]] = {
    schema.NAME: upload_image,
    **image_metadata.ACTIONS,
    **status_actions.ACTIONS,
}
# What Cinder does to a volume and this service does not, by the version of
# Cinder's that brought it.
NOT_SERVED: Mapping[str, microversion.Version] = {
    **dict.fromkeys((
        'os-extend', 'os-extend_volume_completion', 'os-force_detach',
        'os-initialize_connection', 'os-migrate_volume',
        'os-migrate_volume_completion', 'os-retype',
        'os-terminate_connection', 'os-unmanage'), microversion.MINIMUM),
    'revert': (3, 40),
    'os-reimage': (3, 68),
}
