# SPDX-License-Identifier: Apache-2.0
"""Options of the section [upload]: how volumes become images."""

from oslo_config import cfg

upload_group = cfg.OptGroup(
    'upload', title='Uploads',
    help='How the volume manager turns volumes into images.')

upload_opts = [
    cfg.IntOpt(
        'max_concurrent',
        default=4, min=1, max=256, mutable=True,
        help='''
How many volumes one manager uploads at the same time. Further uploads wait
in the queue: the next is the oldest upload of the project that has the fewest
under way.

Glance takes in well over 100 MB/s from a single upload and needs about six
CPU seconds per GiB for it, so a few are enough to keep it busy. Each running
upload holds at most 64 MiB of memory here.
'''),
    cfg.IntOpt(
        'max_concurrent_per_project',
        default=0, min=0, mutable=True,
        help='''
How many uploads of one project all managers together run at the same time; 0
is no limit. The project with the fewest under way is served first in any
case, so a limit is needed only to keep slots free for those who come later.
'''),
    cfg.IntOpt(
        'max_queued_per_project',
        default=0, min=0, mutable=True,
        help='''
How many uploads of one project may wait in the queue; 0 is no limit. A
request beyond it is answered with 413.
'''),
    cfg.IntOpt(
        'lease_timeout',
        default=60, min=10,
        help='''
Seconds without a sign of life after which a running upload is taken away from
its manager and begun anew by another. Must be the same in all managers, and
several times ``progress_interval``.
'''),
    cfg.IntOpt(
        'progress_interval',
        default=2, min=1,
        help='''
Seconds between two signs of life of a running upload. Each is one UPDATE in
the database, with the progress that the API shows; it is also how a manager
learns without the message bus that an upload is cancelled.
'''),
    cfg.IntOpt(
        'max_attempts',
        default=5, min=1,
        help='''
How often an upload is begun before it fails. Only faults that may pass are
tried again: Glance that is not there or answers with 5xx, a database that is
away, a manager that died. What Glance refuses fails at once.
'''),
    cfg.IntOpt(
        'retry_interval',
        default=5, min=0,
        help='''
Seconds between the first and the second attempt. Every further pause is twice
as long, up to ``retry_interval_max``.
'''),
    cfg.IntOpt(
        'retry_interval_max',
        default=300, min=0,
        help='''
The longest pause between two attempts, in seconds.
'''),
    cfg.IntOpt(
        'creating_timeout',
        default=180, min=10,
        help='''
Seconds after which an upload that is still ``creating`` is taken for left
behind by an API process that died. Must be longer than the API may wait for
Glance.
'''),
    cfg.IntOpt(
        'image_check_interval',
        default=10, min=1,
        help='''
Seconds between two looks at the image of a running upload. One that its owner
has deleted ends the upload.
'''),
    cfg.BoolOpt(
        'notify_progress',
        default=False,
        help='''
Whether a notification ``upload.progress`` goes out with every sign of life of
a running upload.
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
    cfg.StrOpt(
        'compression',
        default='auto', choices=[
            ('auto', 'zlib where a sample of the volume says that it pays'),
            ('none', 'never'),
            ('zlib', 'always zlib, which every reader knows'),
            ('zstd', 'zstd in qcow2, zlib elsewhere')],
        help='''
Whether images are compressed on their way, in the formats that can be: qcow2,
and vmdk in the sparse form that is made for streams. Raw, vdi, vhd and vhdx
never are.

Glance takes in fewer bytes then, which on most volumes makes the upload
several times as fast: compressing costs about 3 CPU seconds per GiB of data,
in a few threads, and Glance itself needs twice that for every GiB it gets.
``auto`` leaves out volumes that would not become smaller, such as encrypted
ones. zstd is about as fast and a little smaller, but QEMU reads it only
from 5.1 on and other readers often not at all; it needs the package
``zstandard`` (``pip install 'volupload[zstd]'``) or Python 3.14.

A volume type can say otherwise with the extra spec
``volupload:compression``.
'''),
    cfg.IntOpt(
        'compression_level',
        min=1, max=22,
        help='''
How hard to compress: 1 to 9 with zlib, 1 to 22 with zstd. Without it the
fastest level is taken, because a higher one makes the image a few per cent
smaller and takes up to twice as long, or ten times with zstd.

A volume type can say otherwise with the extra spec
``volupload:compression_level``. If it only names another ``compression``,
this level does not count for it.
'''),
    cfg.IntOpt(
        'bandwidth_limit',
        default=0, min=0, max=1024 * 1024, mutable=True,
        help='''
The most that all uploads of one manager send together, in MiB per second; 0
is no limit. Running uploads share it evenly. It counts the bytes of the
images as they are sent, compressed ones as such, and reading a volume follows
from it, except that volumes in formats with tables may first be scanned for
zeros at full speed.
'''),
    cfg.BoolOpt(
        'inspect_content',
        default=True,
        help='''
Look at the beginning of a volume that is to become a raw image, and refuse
at once what Glance would refuse after the last byte: boot sectors that are
none of a partition table, several formats in one, encryption it does not
know. The checks are those of Glance with its defaults.

Switch it off where Glance is told to be less strict, with
``[image_format] require_image_format_match = false`` or
``gpt_safety_checks_nonfatal``: Glance shows these to nobody.
'''),
    cfg.BoolOpt(
        'verify_checksum',
        default=True,
        help='''
Compute the sha512 of the bytes sent and compare it with the ``os_hash_value``
that Glance stored. Costs about 1.5 CPU seconds per GiB, in a thread beside
the upload. Without it only the number of bytes is compared, and where Glance
is reached without TLS the kernel copies the data of formats that do not
compress straight from the volume to the network.
'''),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(upload_group)
    conf.register_opts(upload_opts, group=upload_group)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('upload', upload_opts)]
