# SPDX-License-Identifier: Apache-2.0
"""What a process is doing: oslo.reports' report, when it is asked for one.

``kill -USR2`` has a volume manager, a standalone process or ``volupload-api``
write it to standard error, or to the directory that ``[oslo_reports] log_dir``
names: version, threads with their stacks, and the options, of which those
that are secret are hidden. Under another server signals are that one's own;
there ``[oslo_reports] file_event_handler`` names a file to touch instead.
"""

from oslo_reports import guru_meditation_report
from oslo_reports import opts

from volupload.conf import CONF
from volupload.version import version_string


class _Version:
    """The form in which oslo.reports asks for it."""

    def vendor_string(self) -> str:
        return 'volupload'

    def product_string(self) -> str:
        return 'volupload'

    def version_string_with_package(self) -> str:
        return version_string()


def register_options() -> None:
    opts.set_defaults(CONF)


def on_request(*, signals: bool = True) -> None:
    """From now on; in the main thread of the process.

    :param signals: whether SIGUSR2 is ours.
    """
    guru_meditation_report.TextGuruMeditation.setup_autorun(
        _Version(), service_name=CONF.prog, conf=CONF, setup_signal=signals)
