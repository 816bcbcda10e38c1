# SPDX-License-Identifier: Apache-2.0
"""Options of the section [glance]: where images go, and as whom.

Nearly all of them are keystoneauth1's own, so they read as the same options
of every other OpenStack service do. Only the defaults differ where the
library has none that would suit an image service.
"""

from keystoneauth1 import loading
from oslo_config import cfg

glance_group = cfg.OptGroup(
    'glance', title='Image service',
    help='''
The Glance that volumes are uploaded to. The image record is made with the
token of the user who asks for the upload; the bytes are sent, and a failed
image is removed, with the credentials given here. They need the role that
Glance's policy asks of somebody who changes the images of others (admin, or
``service`` where the policy was set up so).
''')

glance_opts = [
    cfg.IntOpt(
        'stall_timeout',
        default=300, min=1,
        help='''
Seconds that the sending of a volume's bytes may stand still before the upload
is given up. It bounds one pause, not the upload: a volume of many hours is
fine as long as bytes keep moving. It also bounds the wait for Glance's answer
after the last byte, during which Glance finishes the image in its store;
raise it when the store needs longer for that.

Related options: ``timeout`` covers the small requests only.
'''),
]

# A request of an API client waits for Glance, so the limits are short. One
# more attempt covers a Glance that is being restarted behind its proxy.
_DEFAULTS = {
    'service_type': 'image',
    'valid_interfaces': ['internal', 'public'],
    'connect_retries': 1,
    'status_code_retries': 1,
    'timeout': 20,
}

_TIMEOUT_HELP = '''
Seconds that Glance, or Keystone, may take for the answer to one small request
before it is given up: making an image record, reading or removing one. To
connect it has no more than 5 seconds of that. A user who starts an upload
waits for the first of them, and for a second one, which cleans up, if that
fails. Raise it only for a Glance that is slow and yet answers.

Related options: ``stall_timeout`` covers the sending of the bytes.
'''


def _library_opts() -> list[cfg.Opt]:
    """The options of keystoneauth's session and adapter, our defaults in."""
    opts: list[cfg.Opt] = [
        *loading.get_session_conf_options(),
        *loading.get_adapter_conf_options(include_deprecated=False)]
    for opt in opts:
        if opt.dest == 'timeout':
            opt.help = _TIMEOUT_HELP
    known = {opt.dest for opt in opts}
    cfg.set_defaults(opts, **{name: value for name, value in _DEFAULTS.items()
                              if name in known})
    return opts


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(glance_group)
    conf.register_opts(glance_opts + _library_opts(), group=glance_group)
    loading.register_auth_conf_options(conf, 'glance')


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """With the options of the usual ``auth_type = password`` as sample."""
    auth = [*loading.get_auth_common_conf_options(),
            *loading.get_auth_plugin_conf_options('password')]
    return [('glance', [*glance_opts, *_library_opts(), *auth])]
