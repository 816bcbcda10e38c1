# SPDX-License-Identifier: Apache-2.0
"""Reads what Glance answers.

Its errors are pages of WebOb, JSON or HTML by the mood of whoever raised
them, with the reason between markup. A server that is not Glance at all, for
example a web server's default site at a wrong endpoint, answers too, and must
not be taken for it: a 404 would else prove that an image is gone.
"""

from collections.abc import Mapping
import dataclasses
import html
import json
import re
from typing import Any

_HIDDEN = re.compile(r'<(head|h1|script|style)\b.*?</\1\s*>', re.S | re.I)
_TAG = re.compile(r'<[a-zA-Z/!][^<>]*>')
_BREAK = re.compile(r'<br ?/?>')

# Reasons go into database columns, log lines and faults.
_MAX_REASON = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (of any case) and the body of one HTTP answer.

    ``repeated`` tells that the request was sent before, and that it may have
    taken effect then.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    repeated: bool = False

    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, None if it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def is_glance(self) -> bool:
        """Whether Glance wrote this error, not some other server.

        Glance puts the reason at the top of its JSON; Keystone and its
        middleware, and the other services, put it one level below a name.
        Markup is Glance's if it has WebOb's headline and the number that
        OpenStack gives a request: Keystone lacks one, web servers the other.
        """
        value = self.json()
        if value is not None:
            return isinstance(value.get('message'), str)
        names = {name.lower() for name in self.headers}
        return ('x-openstack-request-id' in names
                and b'<h1>%d ' % self.status in self.body)

    @property
    def reason(self) -> str:
        """In plain words why, on one line; '' if nothing says it."""
        value = self.json()
        if value is None:
            text = _HIDDEN.sub(' ', self.body.decode('utf-8', 'replace'))
            text = html.unescape(_TAG.sub(' ', text))
        else:
            # WebOb ends lines with <br />; other markup is somebody's text.
            text = _BREAK.sub(' ', _message(value))
        # A tenant's own text may stand in it, and terminals show it.
        text = ''.join(one if one.isprintable() else ' ' for one in text)
        return ' '.join(text.split())[:_MAX_REASON]

    def __str__(self) -> str:
        return f'HTTP {self.status} {self.reason or "without a reason"}'


def _message(value: dict[str, Any]) -> str:
    """Glance puts it at the top, Keystone's middleware below ``error``."""
    for place in (value, value.get('error')):
        if isinstance(place, dict) and isinstance(place.get('message'), str):
            return str(place['message'])
    return ''
