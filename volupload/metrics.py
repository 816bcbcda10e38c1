# SPDX-License-Identifier: Apache-2.0
"""What is counted, for Prometheus: one place for the names and the meanings.

The processes of a server share their counts through the files of the
directory that ``PROMETHEUS_MULTIPROC_DIR`` names; prometheus_client looks at
it when it is imported. What is counted costs one to three microseconds each.

Labels have few values: routes are the templates of the table of routes, never
URLs, and causes are names of exceptions of this code or words of it.
"""

import os

import prometheus_client
from prometheus_client import multiprocess

# A row more for each count, with the time of the process's start.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST

# Seconds. An upload of a terabyte takes hours.
_LONG = (.1, .3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 3 * 3600, 10 * 3600)

REQUESTS = prometheus_client.Counter(
    'volupload_api_requests', 'Requests that were answered.',
    ['method', 'route', 'status'])
REQUEST_SECONDS = prometheus_client.Histogram(
    'volupload_api_request_seconds', 'From the request to its answer.',
    ['method', 'route'])

UPLOADS = prometheus_client.Counter(
    'volupload_uploads', 'Uploads that have come to an end.',
    ['status', 'cause'])
UPLOAD_SECONDS = prometheus_client.Histogram(
    'volupload_upload_seconds',
    'From the claim of an upload that succeeded to its end.',
    ['disk_format'], buckets=_LONG)
PHASE_SECONDS = prometheus_client.Histogram(
    'volupload_upload_phase_seconds', 'What a phase of an upload took.',
    ['phase'], buckets=_LONG)
BYTES = prometheus_client.Counter(
    'volupload_upload_bytes',
    'Bytes read from volumes, and bytes sent to Glance.', ['direction'])
RETRIES = prometheus_client.Counter(
    'volupload_upload_retries',
    'Uploads that went back to the queue, and what for.', ['cause'])
LEASES_EXPIRED = prometheus_client.Counter(
    'volupload_upload_leases_expired',
    'Uploads taken over from a manager that had died.')
IMAGES_REAPED = prometheus_client.Counter(
    'volupload_images_reaped',
    'Images deleted that an API or a manager had left behind.')


def registry() -> prometheus_client.CollectorRegistry:
    """All of it, of this process or of all that share the directory."""
    if 'PROMETHEUS_MULTIPROC_DIR' not in os.environ:
        return prometheus_client.REGISTRY
    shared = prometheus_client.CollectorRegistry()
    multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared


def text() -> bytes:
    """As Prometheus reads it; the type is `CONTENT_TYPE`."""
    return prometheus_client.generate_latest(registry())
