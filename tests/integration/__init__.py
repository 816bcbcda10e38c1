# SPDX-License-Identifier: Apache-2.0
"""Tests with real services on loopback; tests.fixtures.services starts them.
"""
