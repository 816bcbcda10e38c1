# SPDX-License-Identifier: Apache-2.0
"""The image service as volupload needs it: class ``glance.ImageService``.

It builds on ``records``, the requests about images without their bytes.
``session`` finds Glance and speaks to it with keystoneauth, ``put`` sends the
bytes of a volume, ``running`` breaks that off, ``answer`` reads what Glance
says. Nothing of keystoneauth, requests or http.client passes beyond this
package: its errors are the ``ImageError`` branch of ``volupload.exception``.
"""
