# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with a service of the little cloud."""


class CloudError(Exception):
    """Something of the little cloud cannot be had; the message says what."""


class NotInstalled(CloudError):
    """A program is missing.

    The message names what to install, because a test that needs the program
    has to fail with it and never to pass over it.
    """

    def __init__(self, program: str, remedy: str) -> None:
        super().__init__(f'{program} is not installed: {remedy}')
        self.program = program
        self.remedy = remedy


class ServiceFailed(CloudError):
    """A program ended, or never became healthy; names its log."""
