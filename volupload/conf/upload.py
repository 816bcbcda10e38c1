# SPDX-License-Identifier: Apache-2.0
"""Options of the section [upload]: how volumes become images."""

from oslo_config import cfg

upload_group = cfg.OptGroup(
    'upload', title='Uploads',
    help='How the volume manager turns volumes into images.')

upload_opts = [
    cfg.IntOpt(
        'max_concurrent',
        default=4, min=1, max=256,
        help='''
How many volumes one manager uploads at the same time. Further uploads wait
in the queue, the oldest first.

Glance takes in well over 100 MB/s from a single upload and needs about six
CPU seconds per GiB for it, so a few are enough to keep it busy. Each running
upload holds about 8 MiB of buffers here.
'''),
    cfg.IntOpt(
        'sweep_interval',
        default=10, min=1,
        help='''
Seconds between two looks into the database for work that no message
announced. Normally a message wakes the manager at once; this is the longest
delay that a lost message or a broker that is down can cause.
'''),
    cfg.BoolOpt(
        'enable_force_upload',
        default=True,
        help='''
Whether a volume that is attached to a server (``in-use``) may be uploaded
when the request says ``force``. Its image can then be inconsistent, as after
a power cut, unless the server has stopped writing. When this is off such a
request is answered with 400.
'''),
    cfg.BoolOpt(
        'verify_checksum',
        default=True,
        help='''
Compute the sha512 of the bytes sent and compare it with the ``os_hash_value``
that Glance stored. Costs about 1.5 CPU seconds per GiB, in a thread beside
the upload. Without it only the number of bytes is compared.
'''),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(upload_group)
    conf.register_opts(upload_opts, group=upload_group)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('upload', upload_opts)]
