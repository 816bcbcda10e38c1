# SPDX-License-Identifier: Apache-2.0
"""Where the service catalogue sends people, and whether somebody is there.

It is asked with the service's own account, of [glance]. Two services count:
the Image service by [glance] valid_interfaces, and the entries by which
clients find this one, of every interface.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
from typing import Any

from keystoneauth1 import adapter as ks_adapter
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1.identity import base as identity

from volupload.conf import CONF
from volupload.image import session

# The type of this service, and what older clients look for.
OWN_TYPE = 'block-storage'
_ALIASES = (OWN_TYPE, 'volumev3', 'volumev2', 'volume')

_PATIENCE = 10   # seconds for one answer


@dataclasses.dataclass(frozen=True)
class Problem:
    """:ivar serious: whether uploads cannot work with it"""

    text: str
    serious: bool


@dataclasses.dataclass(frozen=True)
class _Endpoint:
    kind: str
    interface: str
    url: str


def problems() -> list[Problem]:
    """All that is wrong with the entries that concern us."""
    try:
        adapter = session.load_adapter()
        if not isinstance(adapter.auth, identity.BaseIdentityPlugin):
            return []   # such as auth_type = none: nobody has a catalogue
        access = adapter.auth.get_access(adapter.session)
        entries = list(_in_our_region(
            access.service_catalog.normalize_catalog()))
    except Exception as error:
        # keystoneauth stumbles over whatever a document lacks.
        auth_url = getattr(CONF.glance, 'auth_url', None)
        return [Problem(f'[glance] auth_url = {auth_url} gives no catalogue: '
                        f'{session.words(error)}', True)]
    return [*_image(adapter, entries), *_own(adapter, entries)]


def _in_our_region(services: Iterable[dict[str, Any]]) -> Iterator[_Endpoint]:
    region = CONF.glance.region_name
    for service in services:
        for endpoint in service['endpoints']:
            if region in (None, endpoint['region_name']) and endpoint['url']:
                yield _Endpoint(service['type'], endpoint['interface'],
                                endpoint['url'])


def _image(adapter: ks_adapter.Adapter,
           entries: list[_Endpoint]) -> Iterator[Problem]:
    if CONF.glance.endpoint_override:
        return   # then nobody looks it up
    kind = CONF.glance.service_type
    found = {entry.interface: entry for entry in entries
             if entry.kind == kind}
    wanted = CONF.glance.valid_interfaces
    for interface in wanted:
        if interface not in found:
            yield Problem(f'{kind} has no {interface} endpoint',
                          not found.keys() & set(wanted))
        elif trouble := _ask(adapter, found[interface].url):
            yield Problem(_told(found[interface], trouble), True)


def _own(adapter: ks_adapter.Adapter,
         entries: list[_Endpoint]) -> Iterator[Problem]:
    """Not serious: the API may be down for the upgrade."""
    ours = [entry for entry in entries if entry.kind in _ALIASES]
    if not ours:
        yield Problem(f'there is no {OWN_TYPE}: no client finds this service',
                      False)
    # Mostly all interfaces have one URL.
    troubles = {url: _ask(adapter, url) for url in {
        entry.url: None for entry in ours}}
    for entry in ours:
        if trouble := troubles[entry.url]:
            yield Problem(_told(entry, trouble), False)


def _told(entry: _Endpoint, trouble: str) -> str:
    return f'{entry.kind} {entry.interface} {entry.url} {trouble}'


def _ask(adapter: ks_adapter.Adapter, url: str) -> str:
    """What is wrong there; empty if anybody answers, be it with a 401."""
    try:
        answer = adapter.session.get(
            url, authenticated=False, raise_exc=False, redirect=False,
            log=False, connect_retries=0, status_code_retries=0,
            timeout=_PATIENCE)
    except ks_exceptions.ClientException as error:
        return f'does not answer ({type(error).__name__})'
    except ValueError:
        return 'is no URL'
    status: int = answer.status_code
    return f'answers {status}' if status >= 500 else ''
