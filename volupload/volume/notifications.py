# SPDX-License-Identifier: Apache-2.0
"""What is told on the message bus about uploads."""

from volupload.db import models


class Notifier:

    def start(self, upload: models.Upload) -> None:
        pass

    def progress(self, upload: models.Upload) -> None:
        pass

    def end(self, upload: models.Upload) -> None:
        pass

    def error(self, upload: models.Upload, reason: str) -> None:
        pass
