# SPDX-License-Identifier: Apache-2.0
"""Tests run on threads, which oslo.service has to be told first of all."""

import volupload.cmd  # noqa: F401
