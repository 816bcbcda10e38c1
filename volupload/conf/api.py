# SPDX-License-Identifier: Apache-2.0
"""Options of the section [api]: how the service is reached and asked."""

from oslo_config import cfg

api_group = cfg.OptGroup(
    'api', title='HTTP API',
    help='How the HTTP API is reached, and what it lets through.')

api_opts = [
    cfg.StrOpt(
        'auth_strategy',
        default='keystone',
        choices=[
            ('keystone', 'Every request needs a token that Keystone confirms'),
            ('noauth', 'Whoever asks is an administrator'),
        ],
        help='''
How the API learns who is asking. It names the pipeline of ``api-paste.ini``
that requests go through.

``noauth`` is for tests and for a service on loopback: it believes every
``X-Auth-Token`` of the form ``user:project`` and asks for none.
'''),
    cfg.URIOpt(
        'public_endpoint',
        schemes=['http', 'https'],
        sample_default='https://cloud.example.org/volume',
        help='''
URL of this service as its clients see it, without a version. The links in
answers begin with it.

By default they begin with the host that the request was sent to. Set it when
a proxy in front changes host, scheme or path without saying so in headers
(see also ``[oslo_middleware] enable_proxy_headers_parsing``).
'''),
    cfg.IntOpt(
        'max_request_body_size',
        default=114688, min=1024,
        help='''
Longest request body in bytes; longer ones are answered with 413.

The default is the one of the other OpenStack services. No request of this
API needs more than a few KiB, and a body is held in memory as a whole.
'''),
    cfg.IntOpt(
        'osapi_max_limit',
        default=1000, min=1,
        help='''
How many volumes one page of a list has at most, whatever ``limit`` the
client asks for. The answer carries a link to the next page.
'''),
    cfg.StrOpt(
        'paste_config',
        default='api-paste.ini',
        help='''
File with the PasteDeploy pipeline. A relative name is looked for beside the
configuration files, then where the package installed its own.

Change the file to add a filter; the order of those that are in it matters.
'''),
    cfg.HostAddressOpt(
        'bind_host',
        default='127.0.0.1',
        help='''
Address that ``volupload-api`` and ``volupload-standalone`` listen on. A
WSGI server in production has an option of its own for it.
'''),
    cfg.PortOpt(
        'bind_port',
        default=8776, min=0,
        help='''
Port that ``volupload-api`` and ``volupload-standalone`` listen on; 0 takes
any free one. The default is the one registered for Block Storage.
'''),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(api_group)
    conf.register_opts(api_opts, group=api_group)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('api', api_opts)]
