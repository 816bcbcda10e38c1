# SPDX-License-Identifier: Apache-2.0
"""``/metrics`` of a volume manager: what it counts, and the queue as it is.

The queue is everybody's: every manager tells of all of it, so take the
greatest of them, not the sum. What runs here is told by each of its own.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import logging

import prometheus_client
from prometheus_client import core
from prometheus_client import registry

from volupload import metrics
from volupload.conf import CONF
from volupload.db import queue
from volupload.volume.watch import Watch

LOG = logging.getLogger(__name__)


class Exporter:
    """Serves from a thread until it is stopped.

    :param running: the uploads that run in this process.
    """

    def __init__(self, running: Callable[[], Iterable[Watch]]) -> None:
        self.registry = prometheus_client.CollectorRegistry()
        self.registry.register(_Everything(running))
        self._stop: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Serve, if [metrics] manager_port says where."""
        port = CONF.metrics.manager_port
        if port is None:
            return
        host = CONF.metrics.manager_host
        try:
            server, thread = prometheus_client.start_http_server(
                port, host, self.registry)
        except OSError as error:
            LOG.error('There are no metrics at %s:%s: %s', host, port, error)
            return
        LOG.info('Metrics are at http://%s:%s/metrics', host, port)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()
        self._stop = stop

    def stop(self) -> None:
        self._stop()


class _Everything(registry.Collector):

    def __init__(self, running: Callable[[], Iterable[Watch]]) -> None:
        self._running = running

    def collect(self) -> Iterator[prometheus_client.Metric]:
        yield from metrics.registry().collect()
        yield from self._now()
        try:
            yield from _queue()
        except Exception as error:   # such as a database that is away
            LOG.warning('The queue cannot be counted: %s', error)

    def _now(self) -> Iterator[prometheus_client.Metric]:
        watches = list(self._running())
        yield core.GaugeMetricFamily(
            'volupload_uploads_running', 'Uploads that run here.',
            len(watches))
        yield core.GaugeMetricFamily(
            'volupload_upload_rate_bytes',
            'Bytes that they send in a second, of late.',
            sum(watch.upload.rate or 0 for watch in watches))


def _queue() -> Iterator[prometheus_client.Metric]:
    depth = queue.depth()
    uploads = core.GaugeMetricFamily(
        'volupload_queue_uploads', 'Uploads that are not finished.',
        labels=['status'])
    oldest = core.GaugeMetricFamily(
        'volupload_queue_oldest_seconds', 'Age of the oldest one of them.',
        labels=['status'])
    for status, count, age in depth:
        uploads.add_metric([status], count)
        oldest.add_metric([status], age)
    yield uploads
    yield oldest
