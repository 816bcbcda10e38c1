# SPDX-License-Identifier: Apache-2.0
"""The records of images: everything small that volupload asks of Glance.

The record of an image is made with the user's token, so that owner, quota and
policy are the user's. Everything after that is done with the service's own
credentials from the section [glance], which do not expire in the queue.

Image ids are chosen by the caller, so every request can be repeated or undone
without knowing how the one before ended.
"""

from typing import Any
from typing import NoReturn

from oslo_context import context as oslo_context

from volupload import exception
from volupload import tracing
from volupload.image.answer import Answer
from volupload.image.quota import Quota
from volupload.image.session import Session

_PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'

# Headers of the requests that keystoneauth does not send.
COMMON = {'Accept': 'application/json', 'User-Agent': 'volupload'}

# Glance refuses a request of this user: the answer is the user's.
_REFUSALS = (400, 403, 409, 413)


class ImageRecords:
    """One for a process and all its threads."""

    def __init__(self) -> None:
        self._session = Session()
        self._quota = Quota(self._session)

    def check_config(self) -> None:
        """Refuse options that cannot work, without asking anybody.

        :raises ConfigError: naming section and option.
        """
        self._session.check()

    def close(self) -> None:
        """Close idle connections; it can be used again all the same."""
        self._session.close()

    def check_quota(self, context: oslo_context.RequestContext,
                    size: int | None) -> None:
        """See that the user's project has room for the data of an image.

        Nothing is looked at without a user's token.

        :param size: bytes, None if only the end of the upload tells it.
        :raises ImageRefused: there is none, code 413.
        :raises ImageServiceError: Glance does not answer.
        """
        if context.auth_token:
            self._quota.check(context.auth_token,
                              {**COMMON, **request_id(context)}, size)

    def create_image(self, context: oslo_context.RequestContext,
                     image_id: str, *, name: str, disk_format: str,
                     container_format: str, visibility: str | None = None,
                     **properties: Any) -> dict[str, Any]:
        """Make an image record, queued for its data; one HTTP request.

        A record that a first attempt left, whose answer was lost, is found
        and returned when the attempt is repeated.

        Without a user's token (auth_strategy = noauth) the service makes it
        and gives it to the user's project.

        :returns: the image as Glance shows it.
        :raises ImageRefused: Glance does not allow it; with its reason.
        :raises ImageServiceError: Glance cannot be asked. If its
            ``outcome_unknown`` is set the record may be there all the same.
        """
        body = {'id': image_id, 'name': name, 'disk_format': disk_format,
                'container_format': container_format, **properties}
        if visibility is not None:
            body['visibility'] = visibility
        if context.auth_token:
            headers = {'X-Auth-Token': context.auth_token}
        else:
            headers = self._session.auth_headers()
            body['owner'] = context.project_id
        with tracing.span('create_image', image=image_id):
            answer = self._session.post(
                '/images', {**COMMON, **headers, **request_id(context)}, body)
        if answer.repeated and answer.status in _REFUSALS:
            return self._made_before(answer, image_id)
        _check_refused(answer)
        if answer.status != 201:
            self._wrong(answer,
                        unknown=answer.repeated or answer.status >= 500)
        return self._image(answer, image_id, unknown=True)

    def _made_before(self, answer: Answer, image_id: str) -> dict[str, Any]:
        """The image that an earlier attempt made, when the next is refused.

        Just because of the earlier one, perhaps: the id is taken, or the
        quota is used up, by this very image.
        """
        try:
            image = self.get_image(image_id, retry=False)
        except exception.ImageNotFound:
            if answer.status != 409:
                _check_refused(answer)
            self._wrong(answer, unknown=True)
        except exception.ImageServiceError as error:
            error.outcome_unknown = True
            raise
        if image.get('status') != 'queued':
            self._wrong(answer, unknown=True)
        return image

    def get_image(self, image_id: str, *,
                  retry: bool = True) -> dict[str, Any]:
        """
        :param retry: False: ask once only, for somebody is waiting.
        :raises ImageNotFound: it is deleted or never was.
        :raises ImageServiceError: Glance cannot be asked.
        """
        answer = self._request('GET', image_id, retry=retry)
        if answer.status != 200:
            self._wrong(answer)
        return self._image(answer, image_id)

    def update_image(self, image_id: str,
                     **properties: Any) -> dict[str, Any]:
        """Set properties, new or not, all or none of them.

        :returns: the image as it is then.
        :raises ImageNotFound: it is deleted or never was.
        :raises ImageRefused: Glance does not allow it; with its reason.
        :raises ImageServiceError: Glance cannot be asked.
        """
        changes = [{'op': 'add', 'path': f'/{_pointer(name)}', 'value': value}
                   for name, value in properties.items()]
        answer = self._request('PATCH', image_id, json=changes,
                               headers={'Content-Type': _PATCH_TYPE})
        _check_refused(answer)
        if answer.status != 200:
            self._wrong(answer)
        return self._image(answer, image_id)

    def delete_image(self, image_id: str, *, retry: bool = True) -> None:
        """Remove an image; one that is gone is fine.

        :param retry: False: ask once only, for somebody is waiting.
        :raises ImageServiceError: Glance cannot be asked, or refuses.
        """
        try:
            answer = self._request('DELETE', image_id, retry=retry)
        except exception.ImageNotFound:
            return
        if answer.status != 204:
            self._wrong(answer)

    def _request(self, method: str, image_id: str, *,
                 headers: dict[str, str] | None = None, retry: bool = True,
                 **body: Any) -> Answer:
        """As the service itself, about an image that should be there."""
        answer = self._session.request(
            method, f'/images/{image_id}',
            {**(headers or {}), **request_id()}, retry=retry, **body)
        if answer.status in (404, 410) and answer.is_glance:
            raise exception.ImageNotFound(image_id=image_id)
        return answer

    def _image(self, answer: Answer, image_id: str, *,
               unknown: bool = False) -> dict[str, Any]:
        """The image in a good answer; whatever else it holds is an error."""
        image = answer.json()
        if image is None or image.get('id') != image_id:
            self._wrong(answer, unknown=unknown)
        return image

    def _wrong(self, answer: Answer, *, unknown: bool = False) -> NoReturn:
        error = exception.ImageServiceError(
            reason=f'{self._session.url} answered {answer}')
        if not answer.is_glance:
            self._session.forget()
        error.outcome_unknown = unknown
        raise error


def _check_refused(answer: Answer) -> None:
    if answer.status in _REFUSALS and answer.is_glance:
        raise exception.ImageRefused(
            code=answer.status, reason=answer.reason or 'Refused.')


def _pointer(name: str) -> str:
    """A property's name in a JSON pointer (RFC 6901, section 3)."""
    return name.replace('~', '~0').replace('/', '~1')


def request_id(context: oslo_context.RequestContext | None = None) -> dict[
        str, str]:
    """So that the logs, and traces, of both services can be put together."""
    context = context or oslo_context.get_current()
    found = tracing.headers()
    if context:
        found['X-Openstack-Request-Id'] = context.global_id
    return found
