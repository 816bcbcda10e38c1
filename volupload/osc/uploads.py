# SPDX-License-Identifier: Apache-2.0
"""Uploads over HTTP, by the session that the client has."""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions as auth_exceptions
from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions

# The first that takes visibility and protected, which is all that is needed.
MICROVERSION = '3.1'
ACTION = 'os-volume_upload_image'
FINISHED = frozenset({'succeeded', 'failed', 'cancelled'})
_GIB = 2 ** 30

Upload = dict[str, Any]

# Beside 5xx. volupload says 401 when it cannot ask Keystone; a token that is
# over was replaced before this is seen.
_PASSING = frozenset({401, 408, 429})


class Trouble(exceptions.CommandError):
    """No answer that says anything about the upload; it may pass."""


class Uploads:

    def __init__(self, storage: Any) -> None:
        """:param storage: the block-storage proxy of a Connection."""
        self._storage = storage

    def create(self, volume: str, arguments: Mapping[str, Any]) -> str:
        """Begin to upload a volume; the id of the upload.

        :param volume: name or id.
        :param arguments: those of the API; without an `image_name` the image
            is called as the volume.
        :raises CommandError: there is no such volume, the service refuses,
            or it is another one.
        """
        found = self._storage.find_volume(volume)
        if found is None:
            raise exceptions.CommandError(f'No volume named {volume}.')
        name = arguments['image_name'] or _name_of(found)
        answer = self._request(
            'POST', f'/volumes/{found.id}/action',
            json={ACTION: {**arguments, 'image_name': name}})
        upload_id = str(answer.headers.get('Location', '').rpartition('/')[2])
        if not upload_id:
            raise exceptions.CommandError(
                'The Block Storage service uploads the volume, but it is not '
                'volupload and has no uploads to show.')
        return upload_id

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
        """
        :raises Trouble: there is no service to answer just now.
        :raises CommandError: the service refuses; in its own words.
        """
        try:
            answer = self._storage.request(
                path, method, microversion=MICROVERSION, **options)
            sdk_exceptions.raise_from_response(answer)
        except sdk_exceptions.HttpException as error:
            raise _kind(error.status_code)(
                error.details or str(error)) from None
        except auth_exceptions.HttpError as error:   # it was Keystone
            raise _kind(error.http_status)(str(error)) from None
        except auth_exceptions.ConnectionError as error:
            raise Trouble(str(error)) from None
        return answer


def _kind(status: int | None) -> type[exceptions.CommandError]:
    passing = status is None or status >= 500 or status in _PASSING
    return Trouble if passing else exceptions.CommandError


def _name_of(volume: Any) -> str:
    """An image has to have a name that is not blank; a volume has not."""
    name = str(volume.name or '')
    return name if name.strip() else str(volume.id)


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
