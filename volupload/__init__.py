# SPDX-License-Identifier: Apache-2.0
"""volupload: an OpenStack service that uploads volumes to Glance."""
