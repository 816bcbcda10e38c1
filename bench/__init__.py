# SPDX-License-Identifier: Apache-2.0
"""Measurements of volupload, to be repeated by anybody.

=========  ================================================================
program    what it measures
=========  ================================================================
api        requests a second, latency and CPU per request of the HTTP API
manager    memory and CPU of a manager that uploads large volumes
upload     uploads in every format, against Cinder's way
=========  ================================================================

Each starts the services that it needs on loopback with tools.cloud, ends
them, and prints plain tables. ``python -m bench.api --help`` tells the rest;
doc/source/contributor/benchmarks.rst has figures.
"""
