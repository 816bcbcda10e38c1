# SPDX-License-Identifier: Apache-2.0
"""The message bus: one transport for the process, by oslo.messaging.

No message carries a token: a manager works with credentials of its own, so
a request that waits for hours on the bus cannot expire, and a bus that is
listened to gives nothing away.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import threading
from typing import Any

import oslo_messaging
from oslo_messaging.rpc import dispatcher

from volupload import exception
from volupload.conf import CONF
from volupload.context import RequestContext

_transport: oslo_messaging.Transport | None = None
_notifications: oslo_messaging.Transport | None = None
_lock = threading.Lock()


# What of a context a manager's log lines tell; it decides nothing.
_TOLD = ('user', 'project_id', 'domain', 'user_domain', 'project_domain',
         'request_id', 'global_request_id')


class ContextSerializer(oslo_messaging.NoOpSerializer):
    """A request's context as a dict; `to_dict` leaves the token out.

    Of one that arrives nothing is believed: whoever has a password of the
    broker can write what they like.
    """

    def serialize_context(self, ctxt: RequestContext) -> dict[str, Any]:
        return ctxt.to_dict()

    def deserialize_context(self, ctxt: dict[str, Any]) -> RequestContext:
        return RequestContext.from_dict({
            key: ctxt[key] for key in _TOLD if _is_plain(ctxt.get(key))})


def _is_plain(value: Any) -> bool:
    """Whether it breaks no line of a log, and fills none."""
    return (isinstance(value, str) and value.isprintable()
            and len(value) <= 255)


def get_transport() -> oslo_messaging.Transport:
    """The transport of [DEFAULT] transport_url, made when first asked for.

    It connects when it is used: a broker that is down stops nobody here.

    :raises ConfigError: the URL cannot be understood.
    """
    global _transport
    with _lock:
        if _transport is None:
            _transport = _make_transport()
    return _transport


def _make_transport() -> oslo_messaging.Transport:
    with _url_understood():
        return oslo_messaging.get_rpc_transport(CONF)


@contextlib.contextmanager
def _url_understood() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        # In the words of int(), which may show a part of the password.
        raise exception.ConfigError(
            section='DEFAULT', option='transport_url',
            reason='a host or port in it is not valid') from error
    except (oslo_messaging.DriverLoadFailure,
            oslo_messaging.InvalidTransportURL) as error:
        raise exception.ConfigError(
            section='DEFAULT', option='transport_url',
            reason=str(error)) from error


def set_default_url(url: str) -> None:
    """Where to connect unless [DEFAULT] transport_url is set.

    :raises ConfigError: it is set, and cannot be understood.
    """
    with _url_understood():
        oslo_messaging.TransportURL.parse(CONF)   # registers the option
    CONF.set_default('transport_url', url)


def get_client(target: oslo_messaging.Target,
               version_cap: str | None = None) -> oslo_messaging.RPCClient:
    return oslo_messaging.get_rpc_client(
        get_transport(), target, serializer=ContextSerializer(),
        version_cap=version_cap)


def get_server(target: oslo_messaging.Target,
               endpoints: Sequence[object],
               ) -> oslo_messaging.MessageHandlingServer:
    return oslo_messaging.get_rpc_server(
        get_transport(), target, endpoints,
        serializer=ContextSerializer(),
        access_policy=dispatcher.ExplicitRPCAccessPolicy)


def get_notifier(publisher: str) -> oslo_messaging.Notifier:
    """What tells other programs, by [oslo_messaging_notifications].

    :raises ConfigError: its transport_url cannot be understood.
    """
    global _notifications
    with _lock:
        if _notifications is None:
            with _url_understood():
                _notifications = oslo_messaging.get_notification_transport(
                    CONF)
    return oslo_messaging.Notifier(
        _notifications, publisher, serializer=ContextSerializer())


def cleanup() -> None:
    global _transport, _notifications
    with _lock:
        for transport in filter(None, (_transport, _notifications)):
            transport.cleanup()
        _transport = _notifications = None
