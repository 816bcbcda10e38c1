# SPDX-License-Identifier: Apache-2.0
"""Everything that volupload raises on purpose.

An error states a fact of the domain; it knows nothing of webob or HTTP
libraries. ``code`` is the HTTP status it becomes, as data: the API layer
turns every error into a fault in one place, and whatever has code 500 is
told to the client in general words only::

    VoluploadError
    ├── Invalid (400)
    │   ├── InvalidInput, InvalidField, InvalidVolume, InvalidZone
    │   ├── VolumeTypeInUse
    │   ├── MalformedRequestBody, MalformedRequestUrl, NoSuchAction
    │   └── InvalidVersion
    ├── Unauthorized (401)
    ├── PolicyNotAuthorized (403)
    ├── NotFound (404)
    │   └── VolumeNotFound, VolumeTypeNotFound, UploadNotFound,
    │     SnapshotNotFound, GroupNotFound, BackupNotFound,
    │     ExtraSpecNotFound, MessageNotFound, MetadataNotFound,
    │     RouteNotFound
    ├── MethodNotAllowed (405), VersionNotSupported (406)
    ├── StatusConflict, VolumeTypeExists (409), PreconditionFailed (412)
    ├── RequestTooLarge, QueueFull (413), UnsupportedContentType (415)
    ├── ImageError (500)
    │   ├── ImageRefused (Glance's own code)
    │   ├── ImageServiceError, ImageNotFound
    │   ├── ImageAlreadyActive, ImageNotProven, ImageNotQueued
    │   └── ImageDataRefused, ContentRefused
    ├── TransferError (500)
    │   ├── SourceError, ShortRead, TransferCancelled
    │   └── UnsupportedFormat, UnsupportedCompression
    ├── ChecksumMismatch, BackendError (500)
    ├── ConfigError, InvalidExtraSpec (500)
    └── ActionNotServed (501)
"""

from collections.abc import Sequence
from typing import Any


class VoluploadError(Exception):
    """Base of all. ``fields`` fill ``msg_fmt`` and become attributes."""

    msg_fmt = 'An unknown error occurred.'
    code = 500

    def __init__(self, message: str | None = None, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self, name, value)
        self.message = message or self.msg_fmt.format(**fields)
        super().__init__(self.message)


class Invalid(VoluploadError):
    msg_fmt = 'Unacceptable parameters.'
    code = 400


class InvalidInput(Invalid):
    msg_fmt = 'Invalid input received: {reason}'


class InvalidField(Invalid):
    msg_fmt = ('Invalid input for field/attribute {field}. '
               'Value: {value}. {reason}')


class InvalidVolume(Invalid):
    msg_fmt = 'Invalid volume: {reason}'


class InvalidZone(Invalid):
    msg_fmt = 'Availability zone {zone} is invalid.'


class VolumeTypeInUse(Invalid):
    msg_fmt = ('Volume type {volume_type} is in use: there are volumes of it, '
               'or it is the default.')


class MalformedRequestBody(Invalid):
    msg_fmt = 'Malformed request body'


class MalformedRequestUrl(Invalid):
    msg_fmt = 'Malformed request url'


class NoSuchAction(Invalid):
    msg_fmt = ('There is no such action: {action}. Verify the request body '
               'and Content-Type header and try again.')


class InvalidVersion(Invalid):
    msg_fmt = ('API Version String {version} is of invalid format. '
               'Must be of format MajorNum.MinorNum.')


class Unauthorized(VoluploadError):
    msg_fmt = 'The request you have made requires authentication.'
    code = 401


class PolicyNotAuthorized(VoluploadError):
    msg_fmt = "Policy doesn't allow {action} to be performed."
    code = 403


class NotFound(VoluploadError):
    msg_fmt = 'Resource could not be found.'
    code = 404


class RouteNotFound(NotFound):
    msg_fmt = 'The resource could not be found.'


class VolumeNotFound(NotFound):
    msg_fmt = 'Volume {volume_id} could not be found.'


class SnapshotNotFound(NotFound):
    msg_fmt = 'Snapshot {snapshot_id} could not be found.'


class GroupNotFound(NotFound):
    msg_fmt = 'Group {group_id} could not be found.'


class BackupNotFound(NotFound):
    msg_fmt = 'Backup {backup_id} could not be found.'


class VolumeTypeNotFound(NotFound):
    msg_fmt = 'Volume type {volume_type} could not be found.'


class ExtraSpecNotFound(NotFound):
    msg_fmt = 'Volume type {type_id} has no extra spec with key {key}.'


class UploadNotFound(NotFound):
    msg_fmt = 'Upload {upload_id} could not be found.'


class MessageNotFound(NotFound):
    msg_fmt = 'Message {message_id} could not be found.'


class MetadataNotFound(NotFound):
    msg_fmt = 'Volume {volume_id} has no metadata with key {key}.'


class MethodNotAllowed(VoluploadError):
    """``allowed`` names the methods that the URL does take."""

    msg_fmt = 'The method is not allowed for this resource.'
    code = 405
    allowed: Sequence[str] = ()


class VersionNotSupported(VoluploadError):
    msg_fmt = ('Version {version} is not supported by the API. '
               'Minimum is {minimum} and maximum is {maximum}.')
    code = 406


class StatusConflict(VoluploadError):
    """A compare-and-swap lost: somebody else changed the row first."""

    msg_fmt = '{resource} {id} changed its status meanwhile.'
    code = 409


class VolumeTypeExists(VoluploadError):
    msg_fmt = 'There is a volume type {name} already.'
    code = 409


class PreconditionFailed(VoluploadError):
    msg_fmt = 'The metadata of volume {volume_id} has another ETag by now.'
    code = 412


class RequestTooLarge(VoluploadError):
    msg_fmt = 'Request is too large. The limit is {limit} bytes.'
    code = 413


class QueueFull(VoluploadError):
    msg_fmt = ('Maximum number of uploads that may wait in the queue is '
               'reached. The limit of the project is {limit}.')
    code = 413


class UnsupportedContentType(VoluploadError):
    msg_fmt = 'Unsupported Content-Type'
    code = 415


class ImageError(VoluploadError):
    """Base of all that goes wrong with Glance."""

    msg_fmt = 'The image service failed: {reason}'


class ImageRefused(ImageError):
    """Glance refused the image record; ``code`` and words are Glance's."""

    msg_fmt = '{reason}'

    def __init__(self, message: str | None = None, *, code: int,
                 reason: str) -> None:
        super().__init__(message, code=code, reason=reason)


class ImageServiceError(ImageError):
    """Glance is unreachable, wrongly configured, or talks nonsense.

    ``outcome_unknown`` tells that the request may have taken effect all the
    same: a connection that broke after the request had been sent.
    """

    outcome_unknown = False


class ImageNotFound(ImageError):
    msg_fmt = 'Image {image_id} could not be found.'


class ImageAlreadyActive(ImageError):
    """It has data, of an earlier attempt or of somebody else."""

    msg_fmt = 'Image {image_id} is active already.'


class ImageNotProven(ImageError):
    """It has data, and nobody can say any more whether it is the volume's."""

    msg_fmt = ('The image service failed: an attempt that broke off had sent '
               'everything, but that it was this volume cannot be proven any '
               'more: {reason}')


class ImageNotQueued(ImageError):
    """It takes no data: Glance left it so after an attempt that broke off."""

    msg_fmt = 'Glance takes no data for the image: it is {status}, not queued.'


class ImageDataRefused(ImageError):
    """Glance answered the data with an error: ``status`` and ``reason``."""

    msg_fmt = 'Glance refused the image data: {status} {reason}'
    status = 0


class TransferError(VoluploadError):
    """Base of what ends the copying of bytes; nothing of it is HTTP."""

    msg_fmt = 'The transfer failed: {reason}'


class SourceError(TransferError):
    msg_fmt = 'Reading the volume failed at byte {offset}: {reason}'


class ShortRead(TransferError):
    msg_fmt = ('The volume ended early: at byte {offset} {expected} bytes '
               'were expected and {actual} came.')


class TransferCancelled(TransferError):
    msg_fmt = 'The upload was cancelled.'


class UnsupportedFormat(TransferError):
    msg_fmt = 'A volume cannot be uploaded as {disk_format}.'


class UnsupportedCompression(TransferError):
    msg_fmt = 'Compression {codec} cannot be had: {reason}'


class ContentRefused(ImageError):
    """What is in the volume, Glance would refuse after the last byte."""

    msg_fmt = 'Glance would refuse this volume as a raw image: {reason}'


class ChecksumMismatch(VoluploadError):
    msg_fmt = ('Glance stored something else than was sent: its {algorithm} '
               'is {actual}, ours is {expected}.')


class BackendError(VoluploadError):
    msg_fmt = 'Backend {backend}: {reason}'


class ConfigError(VoluploadError):
    """A configuration that cannot work; names section and option."""

    msg_fmt = '[{section}] {option}: {reason}'


class InvalidExtraSpec(VoluploadError):
    """An extra spec of a volume type that cannot work."""

    msg_fmt = 'Extra spec {key} = {value} of volume type {name}: {reason}'


class ActionNotServed(VoluploadError):
    """Cinder has it, this service has not."""

    msg_fmt = 'The action {action} is not implemented by this service.'
    code = 501
