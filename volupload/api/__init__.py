# SPDX-License-Identifier: Apache-2.0
"""The HTTP API: a PasteDeploy pipeline, one table of routes, controllers.

``/v2/{tenant_id}`` is the face of the documents of 2014, ``/v3/{project_id}``
and ``/v3`` that of today's clients. Both are the same functions; what differs
stands in `schemas` (what is accepted) and `views` (what is answered).
"""
