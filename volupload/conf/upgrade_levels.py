# SPDX-License-Identifier: Apache-2.0
"""Options of the section [upgrade_levels]: what goes over the bus meanwhile.

That the version exists is checked by `volupload.volume.rpcapi`, which knows
them.
"""

from oslo_config import cfg

upgrade_levels_group = cfg.OptGroup(
    'upgrade_levels', title='Upgrade levels',
    help='What is sent to processes of an earlier release during an upgrade.')

upgrade_levels_opts: list[cfg.Opt] = [
    cfg.StrOpt(
        'volume',
        sample_default='1.0',
        help='''
The highest version of messages that the API sends to volume managers. Set it
to the version of the oldest manager that still runs while a cloud is being
upgraded, and take it out when the last one is gone. By default everything of
this release is sent.

A newer message is not sent then, and nothing is lost with it: what there is
to do stands in the database, where managers look by themselves.

* 1.0: creating and deleting volumes, and uploads
* 1.1: also that an upload is to be cancelled
'''),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(upgrade_levels_group)
    conf.register_opts(upgrade_levels_opts, group=upgrade_levels_group)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('upgrade_levels', upgrade_levels_opts)]
