# SPDX-License-Identifier: Apache-2.0
"""How Cinder sends a file: with python-glanceclient, in this process.

Cinder keeps a session and calls `images.upload` with the open file; so does
this. It runs in the environment of upload-requirements.txt.
"""

from typing import Any

from glanceclient.v2 import client
from keystoneauth1 import loading
from keystoneauth1 import session

from bench import worker


class Client:
    """
    :param auth: options of keystoneauth's plugin `password`
    """

    def __init__(self, auth: dict[str, str]) -> None:
        plugin: Any = loading.get_plugin_loader('password').load_from_options(
            **auth)
        self._images = client.Client(session=session.Session(plugin)).images
        list(self._images.list(limit=1))

    def __call__(self, *, image_id: str, path: str) -> dict[str, Any]:
        with open(path, 'rb') as data:
            self._images.upload(image_id, data)
        return {}


if __name__ == '__main__':
    worker.serve(Client)
