# SPDX-License-Identifier: Apache-2.0
"""What is answered: from rows to dicts, key by key."""
