# SPDX-License-Identifier: Apache-2.0
"""Options of one backend: a section for each name in enabled_backends.

The names are the operator's, so the sections are registered after the
configuration files have been read, each by ``register_backend_opts``.
"""

from oslo_config import cfg

backend_opts: list[cfg.Opt] = [
    cfg.StrOpt(
        'driver',
        default='file',
        choices=[('file', 'One raw, sparse file for each volume in a '
                          'directory of this machine')],
        help='''
How this backend keeps volumes.
'''),
    cfg.StrOpt(
        'backend_host',
        help='''
The name that stands for ``[DEFAULT] host`` in the volumes of this backend.

Managers that reach the same volumes, for example on a file system that they
share, give the backend the same section name and the same ``backend_host``,
and each keeps a ``host`` of its own. Then any of them makes, deletes and
uploads these volumes, and when one dies the others carry on. The volumes that
are there belong to the name they were made under, so choose it before the
first one.
'''),
    cfg.StrOpt(
        'path',
        default='$state_path/volumes',
        help='''
Directory of the volumes of a ``file`` backend. A volume's file has the
volume's id as its name and takes only the room of what was written to it.

The directory is made when it is missing, its parent is not: a file system
that is not mounted shall be an error and not a full root disk. It has to
belong to the user of the volume manager and should be closed to all others.
It may be on a file system shared with another volume manager; the file system
needs hard links.
'''),
    cfg.BoolOpt(
        'direct_io',
        default=True,
        help='''
Read volumes past the page cache, which belongs to the guests of this machine.

Where the file system cannot do that, ordinary reads are made. Switch it off
if nothing else needs the memory of this machine, or if the volumes are in the
page cache anyway; uploads without checksum then go from the file to the
network in the kernel.

Related options: ``[upload] verify_checksum``.
'''),
]


def register_backend_opts(conf: cfg.ConfigOpts, name: str) -> None:
    """Register the section ``[name]``; again is harmless."""
    group = cfg.OptGroup(name, help=f'The backend {name}.')
    conf.register_group(group)
    conf.register_opts(backend_opts, group=group)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Under the name that ``enabled_backends`` has by default."""
    return [('local', backend_opts)]
