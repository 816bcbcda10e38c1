# SPDX-License-Identifier: Apache-2.0
"""Uploads over HTTP, by the session that the client has."""

from collections.abc import Mapping
from typing import Any

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions

# The first that takes visibility and protected, which is all that is needed.
MICROVERSION = '3.1'
ACTION = 'os-volume_upload_image'
FINISHED = frozenset({'succeeded', 'failed', 'cancelled'})
_GIB = 2 ** 30

Upload = dict[str, Any]


class Uploads:

    def __init__(self, storage: Any) -> None:
        """:param storage: the block-storage proxy of a Connection."""
        self._storage = storage

    def create(self, volume: str, arguments: Mapping[str, Any]) -> Upload:
        """Begin to upload a volume.

        :param volume: name or id.
        :raises CommandError: there is no such volume, the service refuses,
            or it is another one.
        """
        found = self._storage.find_volume(volume)
        if found is None:
            raise exceptions.CommandError(f'No volume named {volume}.')
        answer = self._request('POST', f'/volumes/{found.id}/action',
                               json={ACTION: dict(arguments)})
        upload_id = answer.headers.get('Location', '').rpartition('/')[2]
        if not upload_id:
            raise exceptions.CommandError(
                'The Block Storage service uploads the volume, but it is not '
                'volupload and has no uploads to show.')
        return self.get(upload_id)

    def get(self, upload_id: str) -> Upload:
        found: Upload = self._request(
            'GET', f'/uploads/{upload_id}').json()['upload']
        return found

    def all(self, query: Mapping[str, Any]) -> list[Upload]:
        """A page of uploads; `query` is that of the API."""
        found: list[Upload] = self._request(
            'GET', '/uploads', params=dict(query)).json()['uploads']
        return found

    def cancel(self, upload_id: str) -> None:
        self._request('DELETE', f'/uploads/{upload_id}')

    def _request(self, method: str, path: str, **options: Any) -> Any:
        """:raises CommandError: the service refuses; in its own words."""
        answer = self._storage.request(
            path, method, microversion=MICROVERSION, **options)
        try:
            sdk_exceptions.raise_from_response(answer)
        except sdk_exceptions.HttpException as error:
            raise exceptions.CommandError(
                error.details or str(error)) from None
        return answer


def share(upload: Upload) -> float:
    """How much of it is done, from 0 to 1.

    Of a compressed format only the end tells the size; then it is what was
    read of the volume that counts.
    """
    if upload['status'] == 'succeeded':
        return 1.0
    if upload['image_size']:
        done, all_of_it = upload['bytes_sent'], upload['image_size']
    else:
        done, all_of_it = upload['bytes_read'], upload['size'] * _GIB
    return float(min(done / all_of_it, 1.0)) if all_of_it else 0.0
