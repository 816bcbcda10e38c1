# SPDX-License-Identifier: Apache-2.0
"""Options of the configuration files that this release knows no more, or by
another name.
"""

from collections.abc import Iterator
from importlib import metadata
import pathlib

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import loading
from oslo_config import cfg

from volupload.conf import backends
from volupload.conf import CONF
from volupload.conf import opts

# As in etc/volupload/config-generator.conf.
NAMESPACES = (
    'keystonemiddleware.auth_token', 'oslo.db', 'oslo.log', 'oslo.messaging',
    'oslo.middleware.cors', 'oslo.middleware.healthcheck',
    'oslo.middleware.http_proxy_to_wsgi', 'oslo.middleware.tracing',
    'oslo.policy', 'oslo.reports', 'oslo.service.service')

# Section -> options
_Options = dict[str, list[cfg.Opt]]


def unknown() -> Iterator[str]:
    """In sections of ours; what libraries read there they register late."""
    known = {section: {name for option in options for name in _names(option)}
             for section, options in _ours().items()}
    known.pop('DEFAULT')    # the libraries' own section
    for section, written in _written():
        if section in known and _plain(written) not in known[section]:
            yield f'[{section}] {written}'


def renamed() -> Iterator[str]:
    """Those that still work, under a name that will go."""
    everything = _ours()
    for section, options in _of_libraries():
        everything.setdefault(section, []).extend(options)
    today = {(section, _plain(option.name))
             for section, options in everything.items() for option in options}
    old = {key: f'[{section}] {option.dest}'
           for section, options in everything.items() for option in options
           for key in _old_names(section, option) if key not in today}
    for section, written in _written():
        if now := old.get((section, _plain(written))):
            yield f'[{section}] {written} is now {now}'


def leaving() -> Iterator[str]:
    """Those that a later release will not know."""
    going = {(section, _plain(option.name))
             for section, options in (*_ours().items(), *_of_libraries())
             for option in options if option.deprecated_for_removal}
    for section, written in _written():
        if (section, _plain(written)) in going:
            yield f'[{section}] {written}'


def _written() -> Iterator[tuple[str, str]]:
    """Section and name of all that the files say."""
    directories = map(pathlib.Path, CONF.config_dir or ())
    parts = [path for directory in directories
             for path in sorted(directory.glob('*.conf'))]
    for path in (*CONF.config_file, *parts):
        sections: dict[str, dict[str, list[str]]] = {}
        cfg.ConfigParser(str(path), sections).parse()
        yield from ((section, name) for section, options in sections.items()
                    for name in options)


def _ours() -> _Options:
    found: _Options = {}
    for group, options in opts.list_opts():
        found.setdefault(str(group), []).extend(options)
    for name in CONF.enabled_backends:
        found[name] = list(backends.backend_opts)
    found['glance'].extend(_of_auth(CONF.glance.auth_type or 'none'))
    return found


def _of_libraries() -> Iterator[tuple[str, list[cfg.Opt]]]:
    for name in NAMESPACES:
        for point in metadata.entry_points(group='oslo.config.opts',
                                           name=name):
            for group, options in point.load()():
                yield str(group or 'DEFAULT'), list(options)
    yield 'keystone_authtoken', _of_auth('password')


def _of_auth(kind: str) -> list[cfg.Opt]:
    """Those of the kind of credentials; of a wrong one others complain."""
    try:
        found: list[cfg.Opt] = loading.get_auth_plugin_conf_options(kind)
    except ks_exceptions.NoMatchingPlugin:
        return []
    return found


def _names(option: cfg.Opt) -> Iterator[str]:
    yield _plain(option.name)
    yield _plain(option.dest)
    for old in option.deprecated_opts:
        if old.name:
            yield _plain(old.name)


def _old_names(section: str, option: cfg.Opt) -> Iterator[tuple[str, str]]:
    for old in option.deprecated_opts:
        yield old.group or section, _plain(old.name or option.name)


def _plain(name: str) -> str:
    return name.replace('-', '_')
