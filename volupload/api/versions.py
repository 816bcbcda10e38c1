# SPDX-License-Identifier: Apache-2.0
"""Tells which versions there are, to whoever asks: ``/``, ``/v2``, ``/v3``.

A filter before the token is looked at, because clients ask here first, with
a slash at the end and without.
"""

from collections.abc import Iterable
import json
from typing import Any

from volupload import exception
from volupload.api import faults
from volupload.api import microversion
from volupload.api import urls
from volupload.api.middleware import Filter
from volupload.api.types import Environ
from volupload.api.types import StartResponse

_MEDIA_TYPE = 'application/vnd.openstack.volume+json;version='

V2: dict[str, Any] = {
    'id': 'v2.0', 'status': 'SUPPORTED', 'version': '', 'min_version': '',
    'updated': '2014-05-27T12:26:11Z'}
V3: dict[str, Any] = {
    'id': 'v3.0', 'status': 'CURRENT',
    'version': microversion.to_string(microversion.MAXIMUM),
    'min_version': microversion.to_string(microversion.MINIMUM),
    'updated': '2026-11-23T00:00:00Z'}

# What is asked for with which path, and the status of the answer: 300 is
# what Block Storage says where there is a choice.
PATHS: dict[str, tuple[int, list[dict[str, Any]]]] = {
    '': (300, [V2, V3]), '/': (300, [V2, V3]),
    '/v2': (200, [V2]), '/v2/': (200, [V2]),
    '/v3': (200, [V3]), '/v3/': (200, [V3]),
}


class Versions(Filter):

    def __call__(self, environ: Environ,
                 start_response: StartResponse) -> Iterable[bytes]:
        asked = PATHS.get(environ.get('PATH_INFO', ''))
        if asked is None:
            return self.app(environ, start_response)
        if environ['REQUEST_METHOD'] not in ('GET', 'HEAD'):
            raise exception.MethodNotAllowed(allowed=('GET', 'HEAD'))
        status, versions = asked
        base = urls.base_url(environ)
        body = json.dumps({
            'versions': [_entry(version, base) for version in versions],
        }).encode()
        start_response(faults.STATUS[status], [
            ('Content-Type', 'application/json'),
            ('Content-Length', str(len(body))),
            *faults.version_headers(environ)])
        return [] if environ['REQUEST_METHOD'] == 'HEAD' else [body]


def _entry(version: dict[str, Any], base: str) -> dict[str, Any]:
    major = version['id'][1]
    return {
        **version,
        'links': [{'rel': 'self', 'href': f'{base}/v{major}/'}],
        'media-types': [{'base': 'application/json',
                         'type': f'{_MEDIA_TYPE}{major}'}],
    }


filter_factory = Versions.factory
