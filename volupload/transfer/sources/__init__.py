# SPDX-License-Identifier: Apache-2.0
"""Volumes open for reading, a module for each kind of place they live in."""
