# SPDX-License-Identifier: Apache-2.0
"""Where volumes live.

A backend makes, deletes and opens volumes in one place; the manager that
runs it is the only one to use it. Each has a section of its own in the
configuration, under a name from ``[DEFAULT] enabled_backends``.

A backend knows what it stores. It never looks into a volume to find out: a
guest wrote those bytes and could make them look like anything.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from volupload.backends import file
from volupload.conf import backends as options
from volupload.conf import CONF
from volupload.transfer import Source


class OpenVolume(Source, AbstractContextManager[Source], Protocol):
    """A source that is closed at the end of its ``with``."""


class Backend(Protocol):
    """A place for volumes. Every method may be called from any thread."""

    name: str

    def create(self, volume_id: str, size: int) -> None:
        """Make an empty volume of ``size`` bytes, all of them zero.

        It is there completely or not at all, also after a power cut. A volume
        of that id and size that is there already is left as it is.

        :raises BackendError: no room, no right, or another size is there.
        """

    def delete(self, volume_id: str) -> None:
        """Remove a volume for good; one that is missing is fine.

        :raises BackendError: it could not be removed.
        """

    def open(self, volume_id: str, size: int) -> OpenVolume:
        """Open a volume for reading its first ``size`` bytes.

        :raises BackendError: it is missing, unreadable, or shorter.
        """


DRIVERS: dict[str, Callable[[str], Backend]] = {
    'file': file.FileBackend.from_conf,
}


def load(name: str) -> Backend:
    """Make the backend of the section ``[name]`` ready for use.

    :raises ConfigError: naming section and option that cannot work.
    """
    options.register_backend_opts(CONF, name)
    return DRIVERS[CONF[name].driver](name)
