# SPDX-License-Identifier: Apache-2.0
"""Options of the section [metrics]: what Prometheus may read, and where."""

from oslo_config import cfg

GROUP = 'metrics'

metrics_opts = [
    cfg.BoolOpt(
        'api_enabled',
        default=False,
        help='''
Count the requests and answer ``/metrics`` of the API with what Prometheus
reads, without a token. Keep it from the outside in the proxy before the API.

Where a server runs several processes, as uWSGI does, name a directory in the
environment variable ``PROMETHEUS_MULTIPROC_DIR`` that is empty when the server
starts: otherwise each answer speaks of one process only.
'''),
    cfg.HostAddressOpt(
        'manager_host',
        default='127.0.0.1',
        help='Address at which a volume manager answers ``/metrics``.'),
    cfg.PortOpt(
        'manager_port',
        help='''
Port at which a volume manager answers ``/metrics`` with what Prometheus reads,
without a token. By default there is none. A manager that cannot have the port
says so in its log and works without.
'''),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(metrics_opts, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, metrics_opts)]
