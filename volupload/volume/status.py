# SPDX-License-Identifier: Apache-2.0
"""The states of a volume and of an upload, and the ways between them.

Nobody sets a status: it is moved by a compare-and-swap that names where it
comes from, and ``UPLOAD_TRANSITIONS`` and ``VOLUME_TRANSITIONS`` say which
moves there are.
"""

import enum


class VolumeStatus(enum.StrEnum):
    CREATING = 'creating'            # the row exists, the file not yet
    AVAILABLE = 'available'
    ATTACHING = 'attaching'          # reserved for a server
    IN_USE = 'in-use'                # attached to a server
    DETACHING = 'detaching'          # about to be available again
    MAINTENANCE = 'maintenance'      # an administrator keeps others off
    UPLOADING = 'uploading'          # one upload reads it
    DELETING = 'deleting'            # the file goes, then the row
    ERROR = 'error'                  # could not be created
    ERROR_DELETING = 'error_deleting'
    # Nothing here makes these: they are Cinder's, and a volume has one when
    # an administrator says so, until another one is said.
    RESERVED = 'reserved'
    MANAGING = 'managing'
    ERROR_MANAGING = 'error_managing'
    RESTORING_BACKUP = 'restoring-backup'
    ERROR_RESTORING = 'error_restoring'
    AWAITING_TRANSFER = 'awaiting-transfer'
    BACKING_UP = 'backing-up'
    ERROR_BACKING_UP = 'error_backing-up'
    EXTENDING = 'extending'
    ERROR_EXTENDING = 'error_extending'
    DOWNLOADING = 'downloading'
    RETYPING = 'retyping'


UPLOADABLE = frozenset({VolumeStatus.AVAILABLE, VolumeStatus.IN_USE})
DELETABLE = frozenset({
    VolumeStatus.AVAILABLE, VolumeStatus.ERROR, VolumeStatus.ERROR_DELETING,
    VolumeStatus.ERROR_MANAGING, VolumeStatus.ERROR_RESTORING,
    VolumeStatus.ERROR_EXTENDING})
ATTACHED = frozenset({VolumeStatus.IN_USE, VolumeStatus.DETACHING})
# Those that an administrator may set anew, and those that may be set: an
# upload and a manager keep what they have in hand, a manager finishes what is
# said to be in creation.
RESETTABLE = frozenset(VolumeStatus) - {
    VolumeStatus.CREATING, VolumeStatus.UPLOADING, VolumeStatus.DELETING}
SETTABLE = RESETTABLE | {VolumeStatus.CREATING}
# Those that an administrator may delete by force.
FORCIBLY_DELETABLE = SETTABLE - {VolumeStatus.IN_USE}

# The ordinary life of a volume. At the end of DELETING there is no row. What
# is missing is Cinder's, and leads nowhere by itself.
VOLUME_TRANSITIONS: dict[VolumeStatus, frozenset[VolumeStatus]] = {
    VolumeStatus.CREATING: frozenset({
        VolumeStatus.AVAILABLE, VolumeStatus.ERROR}),
    # It is reserved or attached, uploaded, deleted.
    VolumeStatus.AVAILABLE: frozenset({
        VolumeStatus.ATTACHING, VolumeStatus.IN_USE, VolumeStatus.UPLOADING,
        VolumeStatus.DELETING}),
    # The server has it, or does not want it any more.
    VolumeStatus.ATTACHING: frozenset({
        VolumeStatus.IN_USE, VolumeStatus.AVAILABLE}),
    # It is detached, in one step or two; uploaded with force.
    VolumeStatus.IN_USE: frozenset({
        VolumeStatus.DETACHING, VolumeStatus.AVAILABLE,
        VolumeStatus.UPLOADING}),
    VolumeStatus.DETACHING: frozenset({
        VolumeStatus.AVAILABLE, VolumeStatus.IN_USE}),
    VolumeStatus.MAINTENANCE: frozenset(),
    # However the upload ends, it has its earlier status again.
    VolumeStatus.UPLOADING: UPLOADABLE,
    VolumeStatus.DELETING: frozenset({VolumeStatus.ERROR_DELETING}),
    VolumeStatus.ERROR: frozenset({VolumeStatus.DELETING}),
    VolumeStatus.ERROR_DELETING: frozenset({VolumeStatus.DELETING}),
}

# What a manager has to finish when it finds it, whoever began it.
UNFINISHED = frozenset({VolumeStatus.CREATING, VolumeStatus.DELETING})

# As which an administrator may give those up.
GIVEN_UP = frozenset({VolumeStatus.ERROR, VolumeStatus.ERROR_DELETING})


def is_volume_move(coming_from: VolumeStatus, to: VolumeStatus) -> bool:
    """Whether it is in the table, or an administrator may do it."""
    return (to == coming_from or to in VOLUME_TRANSITIONS.get(coming_from, ())
            or (coming_from in RESETTABLE and to in SETTABLE)
            or (coming_from in UNFINISHED and to in GIVEN_UP)
            or (coming_from in FORCIBLY_DELETABLE
                and to == VolumeStatus.DELETING))


class UploadStatus(enum.StrEnum):
    CREATING = 'creating'            # volume taken, image record not made yet
    QUEUED = 'queued'                # image record made, waits for a manager
    RUNNING = 'running'              # a worker sends the data
    CANCELLING = 'cancelling'        # the worker is told to stop
    SUCCEEDED = 'succeeded'          # the image is active and compared
    FAILED = 'failed'                # the image is gone, `reason` says why
    CANCELLED = 'cancelled'          # the image is gone, as was asked for


UPLOAD_TRANSITIONS: dict[UploadStatus, frozenset[UploadStatus]] = {
    # Glance made the record, or refused it.
    UploadStatus.CREATING: frozenset({
        UploadStatus.QUEUED, UploadStatus.FAILED}),
    # A worker claims it; or it is cancelled before one does.
    UploadStatus.QUEUED: frozenset({
        UploadStatus.RUNNING, UploadStatus.CANCELLING, UploadStatus.FAILED,
        UploadStatus.CANCELLED}),
    # It ends, is asked to stop, or is given back for another attempt; it is
    # cancelled without being asked when its image's owner deletes the image.
    UploadStatus.RUNNING: frozenset({
        UploadStatus.SUCCEEDED, UploadStatus.FAILED, UploadStatus.QUEUED,
        UploadStatus.CANCELLING, UploadStatus.CANCELLED}),
    # Stopped; or it had ended before the wish was seen.
    UploadStatus.CANCELLING: frozenset({
        UploadStatus.CANCELLED, UploadStatus.SUCCEEDED, UploadStatus.FAILED}),
    UploadStatus.SUCCEEDED: frozenset(),
    # An admin has it done again, with a new image.
    UploadStatus.FAILED: frozenset({UploadStatus.CREATING}),
    UploadStatus.CANCELLED: frozenset(),
}

FINISHED = frozenset({
    UploadStatus.SUCCEEDED, UploadStatus.FAILED, UploadStatus.CANCELLED})
# What a worker has in hand, under a lease.
LEASED = frozenset({UploadStatus.RUNNING, UploadStatus.CANCELLING})


class UploadPhase(enum.StrEnum):
    """What a running upload is doing."""

    LAYING_OUT = 'laying_out'        # looks where the volume has data
    SENDING = 'sending'              # Glance gets the image
    VERIFYING = 'verifying'          # what Glance stored is compared
