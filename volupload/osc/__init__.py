# SPDX-License-Identifier: Apache-2.0
"""Commands for python-openstackclient: ``openstack volume upload ...``.

It needs the extra ``osc`` and nothing else of volupload: what a user installs
beside the client talks to the service over HTTP only.
"""
