# SPDX-License-Identifier: Apache-2.0
"""Options of the section [DEFAULT]: who this process is, where it keeps."""

import socket

from oslo_config import cfg

default_opts = [
    cfg.HostAddressOpt(
        'host',
        default=socket.gethostname(),
        sample_default='<your_hostname>',
        help='''
Name of this volume manager in the service list and on the message bus.

A volume remembers the manager that made it as ``host@backend``, and its
uploads are sent there. Give the same name to a manager that takes over the
volumes of another; give different names to managers that run side by side,
also to those that share a backend (``backend_host`` in the backend's section).
'''),
    cfg.StrOpt(
        'state_path',
        default='/var/lib/volupload',
        help='''
Directory for everything that volupload keeps on this machine. The defaults
of other options refer to it as ``$state_path``.
'''),
    cfg.ListOpt(
        'enabled_backends',
        default=['local'],
        help='''
Names of the places where this manager keeps volumes. Each name is also the
name of a section of this file, whose option ``driver`` says what it is.
'''),
    cfg.StrOpt(
        'default_volume_type',
        help='''
Name or id of the volume type of volumes that are created without one. The
type must exist; it cannot be deleted while it is named here. By default such
volumes have no type.
'''),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(default_opts)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', default_opts)]
