# SPDX-License-Identifier: Apache-2.0
"""The commands ``openstack volume upload create|list|show|cancel``."""

import argparse
import sys
from typing import Any

from osc_lib import exceptions
from osc_lib.cli import parseractions
from osc_lib.command import command

from volupload.osc import cells
from volupload.osc import progress
from volupload.osc import uploads

DISK_FORMATS = ('raw', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx')
VISIBILITIES = ('private', 'public', 'shared', 'community')
STATUSES = ('creating', 'queued', 'running', 'cancelling', 'succeeded',
            'failed', 'cancelled')

_SHORT = ('id', 'volume_id', 'image_name', 'disk_format', 'status',
          'progress')
_LONG = (*_SHORT, 'image_id', 'size', 'bytes_sent', 'rate', 'created_at',
         'finished_at', 'reason')


class _Uploading(command.Command):
    """What all of them need."""

    @property
    def service(self) -> uploads.Uploads:
        connection = self.app.client_manager.sdk_connection
        return uploads.Uploads(connection.block_storage)

    def wait(self, upload_id: str) -> uploads.Upload:
        """The upload when it has ended; shows on stderr how far it is."""
        service = self.service
        return progress.Watch(upload_id, service.get, sys.stderr).finish()


class CreateUpload(_Uploading, command.ShowOne):
    """Upload a volume into a new image."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('volume', metavar='<volume>',
                            help='Volume to upload (name or ID)')
        parser.add_argument('--name', metavar='<name>',
                            help='Name of the image (default: that of the '
                            'volume, or its ID if it has none)')
        parser.add_argument('--disk-format', choices=DISK_FORMATS,
                            default='raw', help='Format of the image '
                            '(default: raw)')
        parser.add_argument('--container-format', metavar='<format>',
                            default='bare', help='Container of the image '
                            '(default: bare)')
        parser.add_argument('--force', action='store_true',
                            help='Also if the volume is in use')
        parser.add_argument('--protected', action='store_true',
                            help='Keep the image from being deleted')
        seen = parser.add_mutually_exclusive_group()
        for name in VISIBILITIES:
            seen.add_argument(
                f'--{name}', dest='visibility', action='store_const',
                const=name, help=f'The image is {name}')
        parser.set_defaults(visibility='private')
        parser.add_argument('--wait', action='store_true',
                            help='Wait until the image is there; fails if it '
                            'will not be')
        return parser

    def take_action(self, parsed_args: argparse.Namespace,
                    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        given = parsed_args
        upload_id = self.service.create(given.volume, {
            'image_name': given.name, 'force': given.force,
            'disk_format': given.disk_format,
            'container_format': given.container_format,
            'visibility': given.visibility, 'protected': given.protected})
        upload = (self.wait(upload_id) if given.wait
                  else self.service.get(upload_id))
        if given.wait and upload['status'] != 'succeeded':
            raise exceptions.CommandError(
                f'Upload {upload_id} {_ending(upload)}')
        return cells.shown(upload, given.formatter)


class ListUploads(_Uploading, command.Lister):
    """List uploads, the newest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('--status', action='append', choices=STATUSES,
                            help='Only those with this status (repeat to '
                            'name several)')
        parser.add_argument('--volume', metavar='<volume-id>',
                            help='Only those of this volume')
        parser.add_argument('--image', metavar='<image-id>',
                            help='Only that into this image')
        parser.add_argument('--all-projects', action='store_true',
                            help='Those of all projects (admin only)')
        parser.add_argument('--sort', metavar='<key>[:<direction>]',
                            help='Sort by this, asc or desc (default: '
                            'created_at:desc)')
        parser.add_argument('--limit', type=int, metavar='<number>',
                            action=parseractions.NonNegativeAction,
                            help='No more than so many')
        parser.add_argument('--marker', metavar='<upload-id>',
                            help='Those that come after this one')
        parser.add_argument('--long', action='store_true',
                            help='Show more of each')
        return parser

    def take_action(self, parsed_args: argparse.Namespace,
                    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        given = parsed_args
        query = {
            'status': ','.join(given.status or ()),
            'volume_id': given.volume, 'image_id': given.image,
            'all_tenants': given.all_projects or None, 'sort': given.sort,
            'limit': given.limit, 'marker': given.marker}
        found = self.service.all({
            name: value for name, value in query.items()
            if value not in (None, '')})
        names = _LONG if given.long else _SHORT
        return (tuple(map(cells.heading, names)),
                [cells.listed(upload, names, given.formatter)
                 for upload in found])


class ShowUpload(_Uploading, command.ShowOne):
    """Show an upload."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('upload', metavar='<upload-id>',
                            help='Upload to show')
        return parser

    def take_action(self, parsed_args: argparse.Namespace,
                    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        return cells.shown(self.service.get(parsed_args.upload),
                           parsed_args.formatter)


class CancelUpload(_Uploading):
    """Cancel one upload or several; their images are deleted."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('uploads', metavar='<upload-id>', nargs='+',
                            help='Upload to cancel')
        parser.add_argument('--wait', action='store_true',
                            help='Wait until they have ended')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        failed = [reason for upload_id in parsed_args.uploads
                  if (reason := self._cancel(upload_id, parsed_args.wait))]
        if failed:
            raise exceptions.CommandError('\n'.join(failed))

    def _cancel(self, upload_id: str, wait: bool) -> str | None:
        """Why it could not be cancelled; the others are all the same."""
        try:
            self.service.cancel(upload_id)
            upload = self.wait(upload_id) if wait else None
        except Exception as error:
            return f'Upload {upload_id}: {error}'
        if upload and upload['status'] != 'cancelled':
            return f'Upload {upload_id} {_ending(upload)}'
        return None


def _ending(upload: uploads.Upload) -> str:
    """``failed: ...``, for the end of a sentence."""
    reason = upload['reason']
    return f"{upload['status']}: {reason}" if reason else upload['status']
