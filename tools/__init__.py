# SPDX-License-Identifier: Apache-2.0
"""What a developer runs: the demo, the tests and the little cloud."""
