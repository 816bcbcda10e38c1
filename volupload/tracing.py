# SPDX-License-Identifier: Apache-2.0
"""Traces for OpenTelemetry, from a request to the phases of its upload.

oslo.middleware makes the span of a request and sends all spans to a collector.
oslo.messaging makes those of a message and carries the trace along with it.
Here are the spans in between, and the way from the message to the upload that
it announced. A trace is a hint as the message is: an upload that a manager
finds by itself begins a trace of its own, with the same request id.

Off unless [oslo_middleware_tracing] enabled is set. Then nothing here does
more than look at one name.
"""

import collections
from collections.abc import Iterator
import contextlib
from contextlib import AbstractContextManager
import importlib
import importlib.util
import time
from typing import Any

from oslo_middleware import tracing

from volupload import exception
from volupload.conf import CONF

GROUP = 'oslo_middleware_tracing'

_HEARD = 1000   # messages whose uploads have not begun

_NOTHING: AbstractContextManager[None] = contextlib.nullcontext()

# OpenTelemetry's modules, and what makes spans, while it is on.
_trace: Any = None
_context: Any = None
_propagate: Any = None
_tracer: Any = None


def register_options(service_name: str) -> None:
    """:param service_name: what this process is called in a trace."""
    tracing.set_defaults(service_name=service_name)
    CONF.register_opts(tracing.TRACING_OPTS, group=GROUP)


def is_enabled() -> bool:
    """
    :raises ConfigError: it should be, and OpenTelemetry is not installed.
    """
    if not CONF[GROUP].enabled:
        return False
    for needed in ('opentelemetry', 'opentelemetry.sdk'):
        if importlib.util.find_spec(needed) is None:
            raise exception.ConfigError(
                section=GROUP, option='enabled', reason='OpenTelemetry is not '
                'installed, volupload[tracing] needs it')
    return True


def start() -> None:
    """Begin to trace, if that is wanted; once, in the process that works.

    :raises ConfigError: as above.
    """
    global _trace, _context, _propagate, _tracer
    if not is_enabled():
        return
    CONF.set_default('tracing_enabled', True, group='oslo_messaging_tracing')
    try:
        tracing.init_tracing(CONF)
    except RuntimeError as error:   # an exporter that is not installed
        raise exception.ConfigError(section=GROUP, option='otlp_protocol',
                                    reason=str(error)) from error
    _trace, _context, _propagate = (
        importlib.import_module(f'opentelemetry.{name}')
        for name in ('trace', 'context', 'propagate'))
    _tracer = _trace.get_tracer('volupload')


def stop() -> None:
    """Send what was not sent yet; some processes end without being asked."""
    global _tracer
    if _tracer is not None:
        _tracer = None
        tracing.shutdown_tracing()


def span(name: str, parent: Any = None,
         **values: object) -> AbstractContextManager[Any]:
    """What is done within; gives None while nothing is traced.

    :param parent: as `Heard.take` has it; None for the current one.
    """
    if _tracer is None:
        return _NOTHING
    made: AbstractContextManager[Any] = _tracer.start_as_current_span(
        name, context=parent, attributes=_attributes(values))
    return made


def note(made: Any, fault: str = '', **values: object) -> None:
    """Add to a span what is known at its end.

    :param made: what `span` gave.
    """
    if made is None:
        return
    made.set_attributes(_attributes(values))
    if fault:
        made.set_status(_trace.StatusCode.ERROR, fault)


def passed(name: str, seconds: float) -> None:
    """A part of the current span, if there is one, that ends just now."""
    if (_tracer is not None
            and _trace.get_current_span().get_span_context().is_valid):
        now = time.time_ns()
        _tracer.start_span(name, start_time=now - int(seconds * 1e9)).end(now)


def headers() -> dict[str, str]:
    """For a request to a service that may go on with the trace."""
    found: dict[str, str] = {}
    if _tracer is not None:
        _propagate.inject(found)
    return found


class Heard:
    """Which trace the message belonged to that announced an upload."""

    def __init__(self) -> None:
        self._contexts: collections.OrderedDict[str, Any] = (
            collections.OrderedDict())

    def keep(self, upload_id: str) -> None:
        """The current trace is that of this upload."""
        if _tracer is None:
            return
        self._contexts[upload_id] = _context.get_current()
        while len(self._contexts) > _HEARD:
            self._contexts.popitem(last=False)

    def take(self, upload_id: str) -> Any:
        """None if nothing was heard of it."""
        return self._contexts.pop(upload_id, None)


def _attributes(values: dict[str, object]) -> dict[str, str]:
    return dict(_named(values))


def _named(values: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if value is not None:
            # The name that oslo's own spans have it by.
            prefix = 'openstack' if name == 'request_id' else 'volupload'
            yield f'{prefix}.{name}', str(value)
